/** Rounds that verify no chain, of toy drafters, through replayed rounds, static batches and serving, by hand. */
import { describe, expect, it } from 'vitest';
import { type StepWork, totalSeconds, Verified } from '../../src/cost/work.ts';
import type { Drafter } from '../../src/drafter/drafter.ts';
import { Engine } from '../../src/engine/engine.ts';
import { Closed } from '../../src/engine/load.ts';
import { replayRounds } from '../../src/engine/replayed-rounds.ts';
import { runStaticBatches } from '../../src/engine/static-batch.ts';
import { Stopwatch, UNLIMITED } from '../serving.ts';

/** Two draft passes a round; emits so much, as far as it is wanted. */
class Toy implements Drafter {
  readonly most = new Verified();
  readonly verified = this.most;
  readonly #emits: number;
  emitted = 0;

  constructor(shape: (verified: Verified) => void, emits: number) {
    shape(this.most);
    this.#emits = emits;
  }

  stepBegins(): void {}

  round(_request: number, _position: number, left: number, context: number, work: StepWork): void {
    this.emitted = Math.min(this.#emits, left);
    work.drafts[0]!.add(1, 2, context, 1);
  }

  sitOut(): void {}

  reread(): void {}
}

/** Two nodes after the last token, three after those: 5 nodes of depth 2, their depths add up to 8. */
const tree = () => new Toy((verified) => verified.tree(5, 8), 3);
/** Four tokens that see each other, of which three are drafts; two come out. */
const canvas = () => new Toy((verified) => verified.canvas(4), 2);

const clock = () =>
  new Stopwatch(
    ({ tokens, contextTokens, attentionPairs }) =>
      0.1 * tokens + 0.01 * contextTokens + 0.001 * attentionPairs,
  );

/** Two requests, or copies, of 10 tokens of prompt and 8 of output. */
const workload = { promptTokens: Int32Array.of(10, 10), outputTokens: Int32Array.of(8, 8) };

/** What comes of them, with two in a batch. */
const CASES = [
  {
    name: 'a tree',
    drafter: tree,
    // From contexts of 11 and 14 tokens 3 come out, from 17 the last 1.
    contexts: [11, 14, 17],
    verified: { drafted: 5, queries: 6, keys: 5, pairs: 8 },
    totals: { decodeSteps: 3, rounds: 6, drafted: 30, verified: 36, accepted: 8, emitted: 14 },
    // A step of two at context c: 12 tokens, 2c + 10 of KV, 2 (6c + 8) pairs and 2 passes of 1/16 s.
    decodeS: 3 * (1.2 + 0.1 + 0.016 + 0.125) + 0.032 * (11 + 14 + 17),
    peakTokens: 2 * (17 + 5),
  },
  {
    name: 'a canvas',
    drafter: canvas,
    contexts: [11, 13, 15, 17],
    verified: { drafted: 3, queries: 4, keys: 4, pairs: 16 },
    totals: { decodeSteps: 4, rounds: 8, drafted: 24, verified: 32, accepted: 6, emitted: 14 },
    // A step of two at context c: 8 tokens, 2c + 8 of KV, 2 (4c + 16) pairs and 2 passes of 1/16 s.
    decodeS: 4 * (0.8 + 0.08 + 0.032 + 0.125) + 0.028 * (11 + 13 + 15 + 17),
    peakTokens: 2 * (17 + 4),
  },
];

describe.each(CASES)('$name', ({ drafter, contexts, verified, totals, decodeS, peakTokens }) => {
  it('is one kind of replayed round', () => {
    const { kinds, kind, context, emitted } = replayRounds(workload, drafter(), 1);
    expect(kinds.length).toBe(1);
    expect({ drafted: kinds.drafted(0), queries: kinds.queries(0) }).toMatchObject({
      drafted: verified.drafted,
      queries: verified.queries,
    });
    expect([...context.slice(0, contexts.length)]).toEqual(contexts);
    expect([...kind]).toEqual(Array(2 * contexts.length).fill(0));
    expect([...emitted]).toEqual([7, 7]);
    const work = kinds.work();
    kinds.state(0, 2, 100, work);
    expect(work.drafted).toBe(2 * verified.drafted);
    expect({ ...work.verify }).toEqual({
      sequences: 2,
      tokens: 2 * verified.queries,
      logitRows: 2 * verified.queries,
      contextTokens: 2 * (100 + verified.keys),
      attentionPairs: 2 * (100 * verified.queries + verified.pairs),
    });
  });

  it('is priced and counted in static batches', () => {
    const run = runStaticBatches({
      workload,
      rounds: replayRounds(workload, drafter(), 1),
      requests: [0],
      copies: 2,
      cost: clock(),
      kvBlocks: 2 * (10 + 8 + verified.keys),
      blockTokens: 1,
      maxSequences: 2,
    });
    expect(run.totals).toMatchObject(totals);
    expect(run.makespanS).toBeCloseTo(10 + decodeS, 12);
    expect(totalSeconds(run.totals.decode)).toBeCloseTo(decodeS, 12);
  });

  it('is priced, counted and given memory in serving', () => {
    const engine = new Engine({
      workload,
      load: new Closed(2, 2),
      drafter: drafter(),
      cost: clock(),
      draftModels: 1,
      limits: { ...UNLIMITED, blockTokens: 1, kvBlocks: peakTokens },
    });
    expect(engine.run()).toBeCloseTo(10 + decodeS, 12);
    expect(engine.totals).toMatchObject({ ...totals, preemptions: 0, kvPeakBlocks: peakTokens });
  });

  it('waits for room in the budget for all of it', () => {
    const cost = clock();
    const drafted: number[] = [];
    const { queries } = verified;
    new Engine({
      workload: { promptTokens: Int32Array.of(1, 1), outputTokens: Int32Array.of(4, 4) },
      load: new Closed(2, 2),
      drafter: drafter(),
      cost,
      draftModels: 1,
      limits: { ...UNLIMITED, maxBatchedTokens: 2 * queries - 1 },
      observer: { onStep: (step) => drafted.push(step.drafted) },
    }).run();
    // The second has room for its last token alone.
    expect(cost.steps[1]!.decode).toEqual({
      sequences: 2,
      tokens: queries + 1,
      logitRows: queries + 1,
      contextTokens: 2 + verified.keys + 2,
      attentionPairs: 2 * queries + verified.pairs + 2,
    });
    expect(drafted.slice(0, 2)).toEqual([0, verified.drafted]);
  });
});

it('a round that emits nothing is refused', () => {
  const silent = () => new Toy((verified) => verified.canvas(4), 0);
  const message = 'a round emitted 0 tokens, expected at least 1';
  expect(() => replayRounds(workload, silent(), 1)).toThrow(message);
  const engine = new Engine({
    workload,
    load: new Closed(2, 2),
    drafter: silent(),
    cost: clock(),
    draftModels: 1,
    limits: UNLIMITED,
  });
  expect(() => engine.run()).toThrow(message);
});
