/** What drafters say of a round, on recordings written by hand. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StepWork } from '../../src/cost/work.ts';
import { assembleDrafter } from '../../src/drafter/assemble.ts';
import { type Drafter, PlainDecoding } from '../../src/drafter/drafter.ts';
import { BASIC_METHODS, parseMethod, takesK } from '../../src/drafter/methods.ts';
import { AS_RECORDED, Replay } from '../../src/drafter/replay.ts';
import { UserError } from '../../src/errors.ts';
import type { PositionLengths } from '../../src/trace/trace.ts';

const MAX_K = 6;

/** One list of emitted lengths per request, and, for a look-up, one of proposals. */
function recorded(
  emitted: readonly (readonly number[])[],
  proposed?: readonly (readonly number[])[],
): PositionLengths {
  const offsets = new Int32Array(emitted.length + 1);
  emitted.forEach((lengths, r) => {
    offsets[r + 1] = offsets[r]! + lengths.length;
  });
  return {
    maxK: MAX_K,
    offsets,
    emitted: Uint8Array.from(emitted.flat()),
    proposed: proposed === undefined ? 'always' : Uint8Array.from(proposed.flat()),
    kind: 'recording',
  };
}

function drafter(method: string, k: number | null, ...acceptance: PositionLengths[]): Drafter {
  return assembleDrafter(parseMethod(method), k, acceptance, AS_RECORDED);
}

interface Round {
  readonly request?: number;
  readonly position: number;
  readonly left?: number;
  readonly context?: number;
}

/** Runs one round in a step of its own. */
function runRound(of: Drafter, { request = 0, position, left = 100, context = 50 }: Round) {
  const work = new StepWork(2, MAX_K);
  of.round(request, position, left, context, work);
  return { drafted: of.verified.drafted, emitted: of.emitted, work };
}

/** Tokens that each draft model's first pass takes, in a row of rounds that follow one another. */
function catchUps(of: Drafter, outputTokens: number, model = 0): number[] {
  const taken: number[] = [];
  for (let position = 1; position < outputTokens; ) {
    const { work, emitted } = runRound(of, { position, left: outputTokens - position });
    taken.push(work.drafts[model]!.catchUpTokens);
    position += emitted;
  }
  return taken;
}

describe('replay', () => {
  const lengths = recorded([
    [1, 3, 1],
    [1, 7, 2, 4],
  ]);
  const emittedAt = (k: number, request: number, position: number, left: number) => {
    const replay = new Replay(lengths, k, AS_RECORDED);
    replay.round(request, position, left);
    return replay.emitted;
  };

  it('emits what was recorded, at most k + 1, at most what is left', () => {
    expect(emittedAt(6, 1, 1, 100)).toBe(7);
    expect(emittedAt(3, 1, 1, 100)).toBe(4);
    expect(emittedAt(3, 1, 1, 2)).toBe(2);
    expect(emittedAt(6, 1, 1, 1)).toBe(1);
    expect(emittedAt(6, 1, 2, 100)).toBe(2);
    expect(emittedAt(6, 0, 1, 100)).toBe(3);
    expect(emittedAt(1, 0, 2, 100)).toBe(1);
  });

  it('emits min(value, k + 1, left) at any position', () => {
    const any = fc.record({
      values: fc.array(fc.integer({ min: 1, max: MAX_K + 1 }), { minLength: 2, maxLength: 20 }),
      k: fc.integer({ min: 1, max: MAX_K }),
      left: fc.integer({ min: 1, max: 10 }),
    });
    fc.assert(
      fc.property(any, ({ values, k, left }) => {
        const replay = new Replay(recorded([[1], [1, ...values]]), k, AS_RECORDED);
        values.forEach((value, i) => {
          replay.round(1, i + 1, left);
          expect(replay.emitted).toBe(Math.min(value, k + 1, left));
          expect(replay.drafted).toBe(k);
        });
      }),
    );
  });

  it('reads one behind, drafts beyond the end and draws proposals where the conventions say so', () => {
    const authors = { positionLag: 1, clipDrafts: false, proposalChance: 0.4 };
    const fixed = new Replay(lengths, 3, authors);
    fixed.round(1, 2, 100);
    expect([fixed.emitted, fixed.drafted, fixed.proposing]).toEqual([4, 3, 1]);
    fixed.round(1, 1, 100);
    expect([fixed.emitted, fixed.drafted, fixed.proposing]).toEqual([1, 3 * 0.4, 0.4]);
    const oracle = new Replay(lengths, 'exact', authors);
    oracle.round(1, 2, 2);
    expect([oracle.emitted, oracle.drafted]).toEqual([2, 6]);
  });
});

describe('look-up', () => {
  const lengths = recorded([[1, 1, 1, 4, 5]], [[0, 0, 5, 6, 4]]);

  it('searches every round, and drafts nothing where it finds nothing', () => {
    const miss = runRound(drafter('ngram', 3, lengths), { position: 1 });
    expect(miss).toMatchObject({ drafted: 0, emitted: 1, work: { searches: 1, searchHits: 0 } });
  });

  it('has its proposal verified, wrong or right', () => {
    const wrong = runRound(drafter('ngram', 3, lengths), { position: 2 });
    expect(wrong).toMatchObject({ drafted: 3, emitted: 1, work: { searches: 1, searchHits: 1 } });
    expect(runRound(drafter('ngram', 3, lengths), { position: 3 })).toMatchObject({ drafted: 3, emitted: 4 });
  });

  it('proposes fewer than k where it found fewer', () => {
    expect(runRound(drafter('ngram', 6, lengths), { position: 2 }).drafted).toBe(5);
    expect(runRound(drafter('ngram', 6, lengths), { position: 4 })).toMatchObject({ drafted: 4, emitted: 5 });
    expect(runRound(drafter('ngram', 2, lengths), { position: 4 })).toMatchObject({ drafted: 2, emitted: 3 });
  });

  it('is taken to propose k every round when nobody recorded proposals', () => {
    const unknown: PositionLengths = { ...lengths, proposed: 'unknown' };
    expect(runRound(drafter('ngram', 3, unknown), { position: 1 })).toMatchObject({
      drafted: 3,
      emitted: 1,
      work: { searchHits: 1 },
    });
  });

  it('runs no model', () => {
    const { work } = runRound(drafter('ngram', 3, lengths), { position: 3 });
    expect(work.drafts.map((draft) => draft.longest)).toEqual([0, 0]);
  });
});

describe('a model that drafts', () => {
  const lengths = recorded([[1, 3, 1, 1, 5, 1, 1, 1, 1, 2, 1]]);

  it('drafts k tokens on the context that exists', () => {
    const { work, drafted, emitted } = runRound(drafter('eagle3', 4, lengths), {
      position: 4,
      context: 70,
    });
    expect([drafted, emitted]).toEqual([4, 5]);
    expect(work.drafts[0]!.longest).toBe(4);
    expect([...work.drafts[0]!.sequencesOfLength]).toEqual([0, 0, 0, 0, 1, 0, 0]);
    expect([...work.drafts[0]!.contextOfLength]).toEqual([0, 0, 0, 0, 70, 0, 0]);
    expect(work.searches).toBe(0);
  });

  it.each(['eagle', 'eagle3', 'mtp'])('%s catches up on all that the last round emitted', (method) => {
    // Rounds at 1, 4, 8, 9, 10 emit 3, 4, 1, 2 (of 2), 1 with k = 3; the prefill's token is the first to read.
    expect(catchUps(drafter(method, 3, lengths), 11)).toEqual([1, 3, 4, 1]);
  });

  it('draft-model catches up on one token, on two after a full accept', () => {
    // Rounds with k = 2 start at 1, 4, 7, 8, 9 and emit 3 (all accepted), 3 (all), 1, 1, 2.
    expect(catchUps(drafter('draft-model', 2, lengths), 11)).toEqual([1, 2, 2, 1, 1]);
    // With k = 4 they start at 1, 4, 9 and emit 3, 5 (all accepted), 2.
    expect(catchUps(drafter('draft-model', 4, lengths), 11)).toEqual([1, 1, 2]);
  });

  it('starts afresh when a request starts again, and keeps requests apart', () => {
    const two = recorded([
      [1, 3, 1, 1, 1],
      [1, 5, 1, 1, 1],
    ]);
    const eagle = drafter('eagle', 4, two);
    runRound(eagle, { request: 0, position: 1 });
    runRound(eagle, { request: 1, position: 1 });
    const catchUp = (request: number, position: number) =>
      runRound(eagle, { request, position }).work.drafts[0]!.catchUpTokens;
    expect(catchUp(0, 4)).toBe(3);
    expect(catchUp(1, 4)).toBe(5);
    expect(catchUp(0, 1)).toBe(1);
  });
});

describe('a block drafter', () => {
  const lengths = recorded([[1, 3, 1, 1, 7, 1, 1]]);
  const blocks = (of: Drafter, position: number) =>
    runRound(of, { position }).work.drafts[0]!.sequencesOfLength;

  it('drafts whole blocks, and reads all that the last round emitted', () => {
    const dflash = drafter('dflash', MAX_K, lengths);
    expect(runRound(dflash, { position: 1 })).toMatchObject({ drafted: 6, emitted: 3 });
    expect(runRound(dflash, { position: 4 }).work.drafts[0]!.catchUpTokens).toBe(3);
    expect(catchUps(drafter('dflash', MAX_K, lengths), 7)).toEqual([1, 3]);
  });

  it('answers for no shorter block than was recorded', () => {
    expect(() => drafter('dflash', 3, lengths)).toThrow(
      'k 3: the acceptance of dflash was recorded with blocks of 6 drafts, and a shorter block drafts other tokens; expected --k 6',
    );
    expect(() => drafter('dflash', 7, lengths)).toThrow(
      'k 7: the acceptance of dflash was recorded with k = 6',
    );
  });

  it('is replayed from no chain, nor a chain from blocks', () => {
    const of = (drafting: 'chain' | 'block') => ({ ...lengths, drafting });
    expect(() => drafter('dflash', 6, of('chain'))).toThrow('method dflash: it drafts a block, and the acc');
    expect(() => drafter('eagle3', 6, of('block'))).toThrow('method eagle3: it drafts a chain, and the acc');
    expect(runRound(drafter('dflash', 6, of('block')), { position: 4 }).emitted).toBe(7);
  });

  it('whose oracle verifies what will be accepted of a whole block, and drafts none where nothing is', () => {
    const oracle = drafter('oracle:dflash', null, lengths);
    expect(runRound(oracle, { position: 1 })).toMatchObject({ drafted: 2, emitted: 3 });
    expect([...blocks(oracle, 1)]).toEqual([0, 0, 0, 0, 0, 0, 1]);
    expect([...blocks(oracle, 2)]).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });
});

describe('the oracle', () => {
  const lengths = recorded([[1, 3, 1, 1, 7, 1, 1]]);

  it('drafts exactly what is accepted and fits', () => {
    const oracle = drafter('oracle:eagle3', null, lengths);
    expect(runRound(oracle, { position: 1 })).toMatchObject({ drafted: 2, emitted: 3 });
    expect(runRound(oracle, { position: 4 })).toMatchObject({ drafted: 6, emitted: 7 });
    expect(runRound(oracle, { position: 4, left: 3 })).toMatchObject({ drafted: 2, emitted: 3 });
  });

  it('runs no model where nothing will be accepted, and reads it later', () => {
    const oracle = drafter('oracle:eagle3', null, lengths);
    runRound(oracle, { position: 1 });
    const silent = runRound(oracle, { position: 3 });
    expect(silent).toMatchObject({ drafted: 0, emitted: 1 });
    expect(silent.work.drafts[0]!.longest).toBe(0);
    expect(runRound(oracle, { position: 4 }).work.drafts[0]!.catchUpTokens).toBe(3 + 1);
  });

  it('of look-up searches every round but hits only where something is accepted', () => {
    const oracle = drafter('oracle:ngram', null, recorded([[1, 1, 4]], [[0, 6, 6]]));
    expect(runRound(oracle, { position: 1 })).toMatchObject({
      drafted: 0,
      work: { searches: 1, searchHits: 0 },
    });
    expect(runRound(oracle, { position: 2 })).toMatchObject({
      drafted: 3,
      work: { searches: 1, searchHits: 1 },
    });
  });

  it('never wastes a draft', () => {
    const values = fc.array(fc.integer({ min: 1, max: MAX_K + 1 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 9 }), (emitted, left) => {
        for (const method of ['oracle:ngram', 'oracle:draft-model']) {
          const oracle = drafter(method, null, recorded([[1, ...emitted]]));
          emitted.forEach((_, i) => {
            const round = runRound(oracle, { position: i + 1, left });
            expect(round.drafted).toBe(round.emitted - 1);
          });
        }
      }),
    );
  });
});

describe('the better of two', () => {
  const ngram = recorded([[1, 4, 2, 1, 3]], [[0, 6, 6, 0, 6]]);
  const eagle = recorded([[1, 2, 5, 1, 3]]);
  const both = () => drafter('combined:ngram+eagle3', null, ngram, eagle);
  const winner = () => drafter('combined-free:ngram+eagle3', null, ngram, eagle);

  it('emits the longer at every position, drafting exactly that', () => {
    for (const of of [both(), winner()]) {
      const outcomes = [1, 2, 3, 4].map((position) => {
        const { emitted, drafted } = runRound(of, { position });
        return [emitted, drafted];
      });
      expect(outcomes).toEqual([
        [4, 3],
        [5, 4],
        [1, 0],
        [3, 2],
      ]);
      expect(runRound(of, { position: 2, left: 2 })).toMatchObject({ emitted: 2, drafted: 1 });
    }
  });

  /** Whether the search hit, and how long the head drafted. */
  const charged = (of: Drafter, position: number) => {
    const { work } = runRound(of, { position });
    return { searches: work.searches, hits: work.searchHits, head: work.drafts[0]!.longest };
  };

  it('charges both, each for its own drafts', () => {
    expect(charged(both(), 1)).toEqual({ searches: 1, hits: 1, head: 1 });
    expect(charged(both(), 2)).toEqual({ searches: 1, hits: 1, head: 4 });
    expect(charged(both(), 3)).toEqual({ searches: 1, hits: 0, head: 0 });
  });

  it('charges the winner alone when told to, the first of equals', () => {
    expect(charged(winner(), 1)).toEqual({ searches: 1, hits: 1, head: 0 });
    expect(charged(winner(), 2)).toEqual({ searches: 0, hits: 0, head: 4 });
    expect(charged(winner(), 4)).toEqual({ searches: 1, hits: 1, head: 0 });
    const swapped = drafter('combined-free:eagle3+ngram', null, eagle, ngram);
    expect(charged(swapped, 4)).toEqual({ searches: 0, hits: 0, head: 2 });
  });

  it('gives each of two models its own passes', () => {
    const two = drafter('combined:eagle3+draft-model', null, eagle, recorded([[1, 4, 2, 1, 3]]));
    const { work } = runRound(two, { position: 1 });
    expect(work.drafts.map((draft) => draft.longest)).toEqual([1, 3]);
  });

  it('lets a head read what its rival emitted', () => {
    const of = both();
    runRound(of, { position: 1 });
    expect(runRound(of, { position: 2 }).work.drafts[0]!.catchUpTokens).toBe(4);
  });

  it.each(['eagle', 'draft-model'])(
    'a %s that was not run has read nothing, from the prefill on',
    (model) => {
      const of = drafter(
        `combined-free:ngram+${model}`,
        null,
        recorded([[1, 4, 1, 1, 1, 2]]),
        recorded([[1, 3, 1, 1, 1, 5]]),
      );
      runRound(of, { position: 1 });
      expect(runRound(of, { position: 5 }).work.drafts[0]!.catchUpTokens).toBe(1 + 4);
    },
  );
});

describe('plain decoding', () => {
  it('emits one token and asks for nothing', () => {
    const none = drafter('none', null);
    expect(none).toBeInstanceOf(PlainDecoding);
    const { drafted, emitted, work } = runRound(none, { position: 1 });
    expect([drafted, emitted]).toEqual([0, 1]);
    expect(work).toEqual(new StepWork(2, MAX_K));
  });
});

describe('method names', () => {
  it('are taken apart', () => {
    const parts = (name: string) => {
      const method = parseMethod(name);
      expect(method.name).toBe(name);
      return [method.kind, ...method.parts.map((part) => part.name)];
    };
    expect(parts('none')).toEqual(['none']);
    for (const { name } of BASIC_METHODS) {
      expect(parts(name)).toEqual(['fixed', name]);
      expect(parts(`oracle:${name}`)).toEqual(['oracle', name]);
    }
    expect(parts('combined:ngram+eagle3')).toEqual(['combined', 'ngram', 'eagle3']);
    expect(parts('combined-free:draft-model+ngram')).toEqual(['combined-free', 'draft-model', 'ngram']);
  });

  it('say whether they take k', () => {
    const taking = ['none', 'ngram', 'oracle:ngram', 'combined:ngram+eagle'].filter((name) =>
      takesK(parseMethod(name)),
    );
    expect(taking).toEqual(['ngram']);
  });

  it.each([
    ['egle3', 'unknown method "egle3": nearest is eagle3 ('],
    ['', 'unknown method ""'],
    ['oracle:', 'unknown method ""'],
    ['oracle:none', 'method "oracle:none": none drafts nothing that could be foreseen'],
    ['oracle:ngrm', 'unknown method "ngrm": nearest is ngram ('],
    ['oracel:ngram', 'unknown method "oracel:ngram"'],
    [
      'combined:ngram',
      'method "combined:ngram": expected two different methods, such as combined:ngram+eagle3',
    ],
    ['combined:ngram+ngram', 'expected two different methods'],
    ['combined:ngram+eagle+mtp', 'expected two different methods'],
    ['combined-free:eagle', 'such as combined-free:ngram+eagle3'],
    ['combined:ngram+hydra', 'unknown method "hydra"'],
  ])('%s is refused', (name, message) => {
    expect(() => parseMethod(name)).toThrow(UserError);
    expect(() => parseMethod(name)).toThrow(message);
  });

  it('refuses a k beyond the recorded one, and takes that one', () => {
    const lengths = recorded([[1, 7]]);
    expect(() => drafter('eagle3', MAX_K + 1, lengths)).toThrow(
      'k 7: the acceptance of eagle3 was recorded with k = 6; expected k of at most that',
    );
    expect(runRound(drafter('eagle3', MAX_K, lengths), { position: 1 }).emitted).toBe(7);
  });
});
