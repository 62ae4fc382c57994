/** `specsim validate`: predictions against published measurements. */
import { type Command, formats, OUT, text } from './command.ts';

export const validateCommand: Command = {
  name: 'validate',
  describe: 'predict every published measurement that ships, and show the error',
  expected: 'none',
  flags: {
    set: { describe: 'one set of figures alone' },
    recordings: {
      describe: 'folder of the SpecDecode-Bench recordings; the fitted traces are used without',
    },
    ops: {
      describe: 'folder of kernel tables and served requests (docs/validation.md); default: SPECSIM_OPS',
    },
    format: formats(['table', 'json']),
    out: OUT,
  },
  examples: [
    'specsim validate --set speedups',
    'specsim validate --recordings DIR --format json --out v.json',
  ],
  async run(given) {
    const { validate } = await import('../node/validate.ts');
    await validate({
      set: text(given, 'set'),
      recordings: text(given, 'recordings'),
      ops: text(given, 'ops'),
      format: given.format as 'table' | 'json',
      out: text(given, 'out'),
    });
  },
};
