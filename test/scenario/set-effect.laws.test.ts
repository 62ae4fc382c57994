/** No what-if value is taken in silence: it changes a figure at some size, or is refused with the reason. */
import assert from 'node:assert';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { SETTABLE_PATHS } from '../../src/scenario/overrides.ts';
import { runPoints, runScenario } from '../../src/scenario/run.ts';

/** Twice of what there is, and little and much of everything. */
const VALUES = [
  '2x',
  '0.01x',
  '1000000',
  '0.1s',
  '1us',
  '3',
  '0',
  '1',
  '0.3',
  '1 B',
  '1 GB',
  '1 GB/s',
  '5 TFLOP/s',
  '900 W',
  '9 USD/h',
];

/** Those that act where a run comes to it, which this one does not. */
const SOMETIMES: Readonly<Record<string, readonly string[]>> = {
  // Which lengths follow one another, and which all-reduces are large, a run alone tells.
  'two GPUs': ['engine.allReduceSwitch.extra'],
  'a policy': ['engine.offPasses', 'engine.lengthWalk'],
};

const SCENARIOS: Readonly<Record<string, Options>> = {
  'a head': { method: ['none', 'eagle3'] },
  'look-up': { method: ['ngram'] },
  'plain decoding': { method: ['none'] },
  'a tree': { method: ['eagle3'], tree: ['5x4x20'], engine: 'sglang-0.5' },
  'two GPUs': { method: ['eagle3'], tp: 2, engine: 'vllm-0.19' },
  'a policy': { method: ['eagle3'], policy: ['goodput'], load: 'closed', k: [6] },
  'a mixture': { target: 'qwen3-30b-a3b', method: ['eagle3'], trace: ['gsm8k'], dtype: 'fp8' },
};

async function figuresOf(options: Options): Promise<string> {
  const inputs = await gatherInputs(
    completeScenario({ requests: 8, batch: [4], outputLen: 30, ...options }),
    folderLibrary,
  );
  const { rows } = inputs.scenario.load === 'clones' ? runPoints(inputs) : runScenario(inputs);
  const figures = ([name]: [string, unknown]) => !/_lo|_hi|uncertainty/.test(name);
  return JSON.stringify(rows.map((row) => Object.fromEntries(Object.entries(row).filter(figures))));
}

/** Whether some value of a path changes something, is more than fits, or is refused as one without effect. */
async function isTold(path: string, options: Options, plain: string): Promise<boolean> {
  for (const value of VALUES) {
    try {
      if ((await figuresOf({ ...options, set: { [path]: value } })) !== plain) return true;
    } catch (error) {
      assert(error instanceof UserError, `${path}: ${error}`);
      if (/no effect|not fit|weights take|expected at most/.test(error.message)) return true;
    }
  }
  return false;
}

describe('a what-if value', () => {
  it.each(Object.keys(SCENARIOS))('with %s is not taken in silence', async (name) => {
    const options = SCENARIOS[name]!;
    const plain = await figuresOf(options);
    const silent: string[] = [];
    // What acts on static batches does so here.
    const served = options.load === 'closed' ? /^engine\.(length|off|max|kv|memory)|power|price/ : /./;
    for (const path of SETTABLE_PATHS.filter((one) => served.test(one))) {
      if (!(await isTold(path, options, plain)) && !SOMETIMES[name]?.includes(path)) silent.push(path);
    }
    expect(silent).toEqual([]);
  });
});
