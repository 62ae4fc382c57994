import { expect, test } from 'vitest';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, parseOptions } from '../../src/scenario/options.ts';
import { runPoints } from '../../src/scenario/run.ts';
import { withDrafterQuality } from '../../src/trace/drafter-quality.ts';
import { tokensPerRound } from '../../src/trace/statistics.ts';
import type { AcceptanceTrace } from '../../src/trace/trace.ts';

const QUALITIES = [0.8, 0.9, 0.95, 1, 1.05, 1.1, 1.2, 1.3];
const DATASETS = ['gsm8k', 'cnn', 'sharegpt', 'instructcoder'];
const METHODS = [
  'ngram',
  'eagle3',
  'combined:ngram+eagle3',
  'hybrid:ngram+eagle3',
  'oracle:eagle3',
  'oracle:ngram',
];

async function inputsOf(options: Record<string, unknown>) {
  const scenario = completeScenario(parseOptions({ requests: 100, ...options }, (key) => key));
  return gatherInputs(scenario, folderLibrary);
}

test.each(DATASETS)(
  '%s: more quality, more tokens a step and more speedup, of every method',
  async (trace) => {
    let before: readonly { tokens_per_round: number | null; speedup: number | null }[] = [];
    for (const drafterQuality of [0.8, 0.9, 1, 1.1, 1.3]) {
      const options = { trace, drafterQuality, method: METHODS, k: [1, 3, 8], batch: [1, 128] };
      const { rows } = runPoints(await inputsOf(options));
      before.forEach((row, i) => {
        const name = `${rows[i]!.method} k=${rows[i]!.k} batch ${rows[i]!.batch_size} at ${drafterQuality}`;
        expect(rows[i]!.tokens_per_round, name).toBeGreaterThan(row.tokens_per_round!);
        expect(rows[i]!.speedup, name).toBeGreaterThan(row.speedup!);
      });
      before = rows;
    }
  },
);

test.each(DATASETS)('%s: rounds at the largest k accept so many times as much', async (trace) => {
  const [whole] = (await inputsOf({ trace })).traces;
  for (const drafter of ['ngram', 'eagle3']) {
    const accepted = (of: AcceptanceTrace) => tokensPerRound(of.drafters.get(drafter)!, 20) - 1;
    let shorter: Uint8Array = whole!.drafters.get(drafter)!.emitted.map(() => 0);
    for (const quality of QUALITIES) {
      const scaled = withDrafterQuality(whole!, [drafter], quality, 1);
      expect(accepted(scaled) / accepted(whole!) / quality).toBeCloseTo(1, 2);
      const { emitted, proposed } = scaled.drafters.get(drafter)!;
      expect(emitted.every((tokens, at) => tokens >= shorter[at]!)).toBe(true);
      if (proposed instanceof Uint8Array)
        expect(proposed.every((drafts, at) => drafts >= emitted[at]! - 1)).toBe(true);
      shorter = emitted;
    }
  }
});

/** One request. */
function traceOf(emitted: readonly number[], kind: 'fitted' | 'recording' = 'fitted'): AcceptanceTrace {
  const column = { maxK: 3, offsets: Int32Array.of(0, emitted.length), emitted: Uint8Array.from(emitted) };
  return {
    name: 'made',
    provenance: { source: 'a test', target: 't', dataset: 'd', engine: null, licence: null },
    ids: ['a'],
    promptTokens: Int32Array.of(1),
    outputTokens: Int32Array.of(emitted.length),
    outputLimit: null,
    drafters: new Map([['eagle3', { ...column, proposed: 'always', kind }]]),
    tokens: null,
  };
}

test('a token that was missed joins two rounds', () => {
  // Rounds at 1 and 3 accept one draft each. More than that needs token 2, which makes them one that accepts three.
  const more = withDrafterQuality(traceOf([1, 2, 1, 2, 1]), ['eagle3'], 1.3, 1).drafters.get('eagle3')!;
  expect(more.emitted.slice(0, 2)).toEqual(Uint8Array.of(1, 4));
  expect(tokensPerRound(more, 3)).toBe(4);
});

test('a quality of 1 changes nothing', () => {
  const made = traceOf([1, 2, 1, 2, 1]);
  expect(withDrafterQuality(made, ['eagle3'], 1, 1)).toEqual(made);
});

test.each([
  [
    'a recording',
    traceOf([1, 2, 1, 2, 1], 'recording'),
    1.1,
    /made is a recording of eagle3, .*expected a fitted trace/,
  ],
  ['nothing accepted', traceOf([1, 1, 1, 1]), 0.9, /eagle3 accepts nothing/],
  ['all accepted', traceOf([1, 4, 4, 4, 4]), 1.2, /accepts at most 1\.000 times as much/],
])('refused: %s', (_, trace, quality, message) => {
  expect(() => withDrafterQuality(trace, ['eagle3'], quality, 1)).toThrow(message);
});

test.each([
  [{ drafterQuality: 1.1, method: 'none' }, /no listed method drafts/],
  [{ drafterQuality: 0.9, method: 'eagle', acceptance: { eagle: '0.6' } }, /is stated with --acceptance/],
  [{ drafterQuality: 1.31 }, /got 1.31, expected a number from 0.8 to 1.3/],
  [{ drafterQuality: '0.79' }, /got "0.79", expected a number from 0.8 to 1.3/],
  [{ drafterQuality: true }, /got true, expected a number from 0.8 to 1.3/],
])('refused: %j', async (options, message) => {
  await expect(inputsOf(options)).rejects.toThrow(message);
});
