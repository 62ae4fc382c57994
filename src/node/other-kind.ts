/** What a file is that was named where another kind is expected: people mix up traces, workloads and configurations. */
import { stat } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { OPTIONS } from '../scenario/option-table.ts';
import { parseRecord } from '../trace/read.ts';
import { parseWorkload } from '../workload/read.ts';
import type { CommandLine } from './ask.ts';
import { readText } from './input.ts';

interface Kind {
  readonly what: string;
  /** How it is named instead, before the file. */
  readonly named: string;
  /** Throws, or is false, for a file of another kind. */
  is(text: string): boolean;
}

const hasKeys =
  (...keys: readonly string[]) =>
  (text: string) => {
    const json = JSON.parse(text);
    return typeof json === 'object' && json !== null && keys.some((key) => Object.hasOwn(json, key));
  };

const KINDS: readonly Kind[] = [
  { what: 'a GPU', named: '--gpu', is: hasKeys('specification') },
  { what: 'a model', named: '--target', is: hasKeys('model_type', 'architectures', 'text_config') },
  {
    what: 'drafts by batch size',
    named: '--policy table:',
    is: hasKeys('num_speculative_tokens_per_batch_size'),
  },
  { what: 'a result', named: 'specsim plot KIND', is: hasKeys('schemaVersion') },
  {
    what: 'a grid',
    named: 'specsim sweep',
    is(text) {
      const json = Object.entries(JSON.parse(text)).filter(([key]) => key !== '$schema');
      return (
        json.length > 0 &&
        json.every(([key]) => Object.hasOwn(OPTIONS, key)) &&
        json.some(([, value]) => /"from":/.test(JSON.stringify(value)))
      );
    },
  },
  { what: 'acceptance', named: '--trace', is: (text) => parseRecord(text, '').kind !== undefined },
  { what: 'a workload', named: '--workload', is: (text) => parseWorkload(text, '').arrivalS.length > 0 },
];

/** The error of a command, and what a file that it speaks of is where that is of another kind. */
export async function withOtherKind(
  error: unknown,
  line: Pick<CommandLine, 'flags' | 'scenarioFile'>,
): Promise<unknown> {
  if (!(error instanceof UserError)) return error;
  for (const [named, file] of filesIn(line)) {
    // A pipe would be read a second time.
    if (!error.message.includes(file) || !(await stat(file).catch(() => null))?.isFile()) continue;
    const text = await readText(file).catch(() => null);
    const kind = text === null ? undefined : KINDS.find((one) => one.named !== named && isOf(one, text));
    if (kind === undefined) continue;
    const { what, named: instead } = kind;
    return new UserError(
      `${error.message}; it reads as ${what}: ${instead}${instead.endsWith(':') ? '' : ' '}${file}`,
    );
  }
  return error;
}

/** What may be a file, and how it was named; a draft model is a model. */
function filesIn({ flags, scenarioFile }: Pick<CommandLine, 'flags' | 'scenarioFile'>): [string, string][] {
  const named = ['gpu', 'target', 'draft', 'engine', 'trace', 'workload'].flatMap((flag) =>
    String(flags[flag] ?? '')
      .split(',')
      .filter((word) => word !== '')
      .map((word): [string, string] => [flag === 'draft' ? '--target' : `--${flag}`, word]),
  );
  return scenarioFile === undefined ? named : [...named, ['', scenarioFile]];
}

function isOf(kind: Kind, text: string): boolean {
  try {
    return kind.is(text);
  } catch {
    return false;
  }
}
