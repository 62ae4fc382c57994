/** `specsim validate`: predictions against published measurements. */
import type { CommandModule } from 'yargs';

interface Args {
  set: string | undefined;
  recordings: string | undefined;
  ops: string | undefined;
  format: string;
  out: string | undefined;
}

/** Every option, for the error that names the nearest. */
export const VALIDATE_OPTIONS = ['set', 'recordings', 'ops', 'format', 'out'];

export const validateCommand: CommandModule<object, Args> = {
  command: 'validate',
  describe: 'predict every published measurement that ships, and show the error',
  builder: {
    set: { type: 'string', requiresArg: true, describe: 'one set of figures alone' },
    recordings: {
      type: 'string',
      requiresArg: true,
      describe: 'folder of the SpecDecode-Bench recordings; the fitted traces are used without',
    },
    ops: {
      type: 'string',
      requiresArg: true,
      describe: 'folder of kernel tables and served requests (docs/validation.md); default: SPECSIM_OPS',
    },
    format: { choices: ['table', 'json'], requiresArg: true, default: 'table', describe: 'output format' },
    out: { type: 'string', requiresArg: true, describe: 'write to this file instead' },
  },
  async handler({ set, recordings, ops, format, out }) {
    const { validate } = await import('../node/validate.ts');
    await validate({ set, recordings, ops, format: format as 'table' | 'json', out });
  },
};
