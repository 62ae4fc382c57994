/** What a file is, told by its content: people mix up traces, workloads and configurations, and drop any on the page. */
import { isObject, type Json } from '../trace/formats/fields.ts';
import { isProcess } from '../trace/read.ts';
import { tell } from '../trace/tell.ts';
import { isWorkload } from '../workload/read.ts';
import { type OptionName, optionNamed } from './options.ts';

export interface FileKind {
  readonly what: string;
  /** What it is a value of; of no option, how else it is named, before the file. */
  readonly named: OptionName | `specsim ${string}` | '--policy table:';
  is(text: string, json: unknown): boolean;
  /** The scenario in it, to go back to. */
  scenario?(json: Json): Json;
}

/** Lines that are looked at. */
const HEAD = 5000;

const has =
  (...keys: readonly string[]) =>
  (_: string, json: unknown) =>
    isObject(json) && keys.some((key) => Object.hasOwn(json, key));

function isScenario(_: string, json: unknown): boolean {
  const keys = Object.keys(isObject(json) ? json : {}).filter((key) => key !== '$schema');
  return keys.length > 0 && keys.every((key) => optionNamed(key) !== null);
}

/** Its keys as options are named, whichever way they are written. */
function scenarioIn(json: Json): Json {
  return Object.fromEntries(
    Object.entries(json).flatMap(([key, value]) => {
      const name = optionNamed(key);
      return name === null ? [] : [[name, value]];
    }),
  );
}

/** A value over several lines tells as much on one. */
function isAcceptance(text: string, json: unknown): boolean {
  const lines = json === undefined ? text.split('\n', HEAD) : [JSON.stringify(json)];
  return isProcess(text) || tell(lines, false, null) !== null;
}

const KINDS: readonly FileKind[] = [
  { what: 'a GPU', named: 'gpu', is: has('specification') },
  { what: 'an engine', named: 'engine', is: has('graphSizes', 'stepOverhead') },
  {
    what: 'drafts by batch size',
    named: '--policy table:',
    is: has('num_speculative_tokens_per_batch_size'),
  },
  {
    what: 'a model',
    named: 'target',
    is: has('model_type', 'hidden_size', 'architectures', 'text_config', 'hidden'),
  },
  {
    what: 'a result',
    named: 'specsim plot KIND',
    // A fitted process and the head of a recording have a version too, and no scenario.
    is: (text, json) => has('schemaVersion')(text, json) && isObject((json as Json).config),
    scenario: ({ config }) => config as Json,
  },
  {
    what: 'a grid',
    named: 'specsim sweep',
    is: (text, json) => isScenario(text, json) && /"from"\s*:/.test(text),
  },
  {
    what: 'a scenario',
    named: 'specsim run',
    is: isScenario,
    scenario: scenarioIn,
  },
  { what: 'acceptance', named: 'trace', is: isAcceptance },
  { what: 'a workload', named: 'workload', is: isWorkload },
];

/** Null for what is none of these. */
export function kindOf(text: string): FileKind | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Lines, or damaged: they may still tell.
  }
  return KINDS.find(({ is }) => is(text, json)) ?? null;
}
