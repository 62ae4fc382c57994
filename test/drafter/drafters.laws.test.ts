/** What every method obeys under every policy, whatever was recorded. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { StepWork, Verified } from '../../src/cost/work.ts';
import { assembleDrafter } from '../../src/drafter/assemble.ts';
import type { Drafter } from '../../src/drafter/drafter.ts';
import {
  type BasicMethod,
  draftSlots,
  parseMethod,
  takesK,
  tellsConfidence,
} from '../../src/drafter/methods.ts';
import { AS_RECORDED } from '../../src/drafter/replay.ts';
import { replayRounds } from '../../src/engine/replayed-rounds.ts';
import { isShared, POLICY_FORMS, parsePolicy, seesBatch } from '../../src/policy/policies.ts';
import type { PositionLengths } from '../../src/trace/trace.ts';
import { EVERY_METHOD } from '../every-method.ts';
import { Stopwatch } from '../serving.ts';

const MAX_K = 6;

/** A table from a file acts as `off-above` does. */
const POLICIES = POLICY_FORMS.filter((form) => form !== 'table:FILE').map((form) =>
  form.replace('BATCH', '8').replace('CHANCE', '0.5').replace('TOKENS', '20'),
);

const outputs = [1, 2, 9, 30];
const CANVAS = {
  block: 8,
  tokens: 2.6,
  refresh: null,
  promptTokens: new Int32Array(outputs.length).fill(10),
  outputTokens: Int32Array.from(outputs),
};
const OFFSETS = Int32Array.from([0, 1, 3, 12, 42]);
const length = OFFSETS.at(-1)!;

/** Acceptance of two parts, and how many tokens a look-up proposes: at least those that were accepted. */
const recorded = fc.record({
  emitted: fc.tuple(
    ...[0, 1].map(() => fc.uint8Array({ minLength: length, maxLength: length, min: 1, max: MAX_K + 1 })),
  ),
  more: fc.uint8Array({ minLength: length, maxLength: length, max: MAX_K }),
});

type Recorded = typeof recorded extends fc.Arbitrary<infer T> ? T : never;

function lengthsOf({ emitted, more }: Recorded, { proposer }: BasicMethod, part: number): PositionLengths {
  const proposed = emitted[part]!.map((tokens, p) =>
    tokens > 1 || more[p]! > 2 ? Math.min(MAX_K, tokens - 1 + more[p]!) : 0,
  );
  return {
    maxK: MAX_K,
    offsets: OFFSETS,
    emitted: emitted[part]!,
    proposed: proposer === 'search' ? proposed : 'always',
    kind: 'recording',
  };
}

/** Every round of every request, one request after the other, as `drafter`, `drafted` and `emitted`. */
function play(
  drafter: Drafter,
  draftModels: number,
  check: (request: number, position: number, left: number) => void,
  sequences = (position: number) => 1 + (position % 12),
) {
  const rounds: number[] = [];
  outputs.forEach((tokens, request) => {
    for (let position = 1; position < tokens; position += drafter.emitted) {
      const work = new StepWork(draftModels, drafter.most.drafted);
      const context = 10 + position;
      drafter.stepBegins(sequences(position), context);
      drafter.round(request, position, tokens - position, context, work);
      check(request, position, tokens - position);
      const { verified, emitted } = drafter;
      work.addRounds(1, context, verified);
      expect(work.verify.tokens).toBe(verified.queries);
      expect(work.verify.tokens).toBeGreaterThanOrEqual(1 + work.drafted);
      rounds.push(verified.drafted, verified.queries, verified.keys, verified.pairs, emitted);
    }
  });
  return rounds;
}

it('covers what is listed', () => {
  expect(EVERY_METHOD.length).toBeGreaterThan(100);
  expect(POLICIES.length).toBeGreaterThan(5);
});

it('no round exceeds the most, accepts what was not drafted, emits beyond the end or beyond what was recorded', () => {
  const property = fc.property(
    recorded,
    fc.constantFrom(...EVERY_METHOD),
    fc.constantFrom(...POLICIES),
    fc.integer({ min: 1, max: MAX_K }),
    fc.constantFrom(null, { chance: 0.5, outcomes: 3 }),
    (drawn, name, policy, asked, ahead) => {
      const method = parseMethod(name);
      const spec = parsePolicy(policy);
      if (takesK(method) && isShared(spec) && !tellsConfidence(method)) return;
      const blocks = method.parts.some(({ model }) => model?.drafting === 'block');
      const k = takesK(method) ? (blocks ? MAX_K : asked) : null;
      const draftModels = draftSlots(method);
      const acceptance = method.parts.map((part, p) => lengthsOf(drawn, part, p));
      const make = () =>
        assembleDrafter(method, k, acceptance, AS_RECORDED, {
          policy: spec,
          cost: new Stopwatch((decode) => 1 + decode.tokens / 20),
          seed: 1,
          canvas: CANVAS,
          ahead,
        });
      const drafter = make();
      const rounds = play(drafter, draftModels, (request, position, left) => {
        const { verified, emitted, most } = drafter;
        const bound =
          method.kind === 'diffusion'
            ? Math.ceil(CANVAS.tokens)
            : Math.max(1, ...acceptance.map((one) => one.emitted[OFFSETS[request]! + position]!));
        expect(emitted).toBeGreaterThanOrEqual(1);
        expect(emitted).toBeLessThanOrEqual(Math.min(left, bound));
        expect(emitted - 1).toBeLessThanOrEqual(verified.drafted);
        for (const figure of ['drafted', 'queries', 'keys', 'pairs'] as const) {
          expect(verified[figure], figure).toBeLessThanOrEqual(most[figure]);
        }
        if (k !== null && !blocks) expect(verified.drafted).toBeLessThanOrEqual(k);
        expect(verified.pairs).toBeGreaterThanOrEqual(verified.drafted);
      });
      expect(play(make(), draftModels, () => {})).toEqual(rounds);
    },
  );
  fc.assert(property, { numRuns: 400 });
});

it('a policy that does not see the batch has the same rounds at all of them', () => {
  const blind = POLICIES.map(parsePolicy).filter((spec) => !seesBatch(spec));
  expect(blind.map(({ kind }) => kind)).toEqual([
    'fixed',
    'threshold',
    'per-request',
    'noisy-oracle',
    'noisy-oracle',
  ]);
  const methods = EVERY_METHOD.map(parseMethod).filter((one) => takesK(one) && one.kind !== 'bandit');
  const property = fc.property(
    recorded,
    fc.constantFrom(...methods),
    fc.constantFrom(...blind),
    (drawn, method, policy) => {
      if (isShared(policy) && !tellsConfidence(method)) return;
      const acceptance = method.parts.map((part, p) => lengthsOf(drawn, part, p));
      const cost = new Stopwatch((decode) => 1 + decode.tokens / 20);
      const roundsAt = (batch: number) => {
        const drafter = assembleDrafter(method, MAX_K, acceptance, AS_RECORDED, { policy, cost, seed: 1 });
        return play(
          drafter,
          draftSlots(method),
          () => {},
          () => batch,
        );
      };
      expect(roundsAt(64)).toEqual(roundsAt(1));
    },
  );
  fc.assert(property, { numRuns: 60 });
});

it('a round without drafts is one of plain decoding, and asks nothing of any draft model', () => {
  const property = fc.property(recorded, fc.constantFrom(...EVERY_METHOD), (drawn, name) => {
    const method = parseMethod(name);
    if (!takesK(method)) return;
    const slots = draftSlots(method);
    const acceptance = method.parts.map((part, p) => lengthsOf(drawn, part, p));
    const deciding = { policy: parsePolicy('off-above:1'), cost: new Stopwatch(), seed: 1 };
    const drafter = assembleDrafter(method, MAX_K, acceptance, AS_RECORDED, deciding);
    for (let position = 1; position < 30; position++) {
      const work = new StepWork(slots, MAX_K);
      drafter.stepBegins(2, 2 * position);
      drafter.round(3, position, 30 - position, position, work);
      work.addRounds(1, position, drafter.verified);
      const plain = new StepWork(slots, MAX_K);
      plain.addRounds(1, position, new Verified());
      expect(work).toEqual(Object.assign(plain, { searches: work.searches, searchHits: work.searchHits }));
      expect(drafter.emitted).toBe(1);
    }
  });
  fc.assert(property, { numRuns: 60 });
});

it('rounds told by a number are those that it goes through one by one', () => {
  const workload = {
    promptTokens: new Int32Array(outputs.length).fill(10),
    outputTokens: Int32Array.from(outputs),
  };
  const told = new Set<string>();
  const property = fc.property(
    recorded,
    fc.constantFrom(...EVERY_METHOD),
    fc.integer({ min: 1, max: MAX_K }),
    fc.constantFrom(
      AS_RECORDED,
      { ...AS_RECORDED, clipDrafts: false },
      { ...AS_RECORDED, proposalChance: 0.4 },
    ),
    (drawn, name, asked, conventions) => {
      const method = parseMethod(name);
      if (method.kind === 'diffusion' || method.kind === 'best') return;
      const blocks = method.parts.some(({ model }) => model?.drafting === 'block');
      const k = takesK(method) ? (blocks ? MAX_K : asked) : null;
      const acceptance = method.parts.map((part, p) => lengthsOf(drawn, part, p));
      const deciding = { policy: parsePolicy('fixed'), cost: new Stopwatch(), seed: 1 };
      const make = () => assembleDrafter(method, k, acceptance, conventions, deciding);
      const drafter = make();
      if (drafter.told === undefined) return;
      told.add(method.kind);
      const plain = Object.defineProperty(make(), 'told', { value: undefined });
      const [one, other] = [drafter, plain].map((each) => replayRounds(workload, each, draftSlots(method)));
      expect(one).toEqual({ ...other, kinds: expect.anything() });
      expect(one!.kind).toEqual(other!.kind);
      expect(one!.context).toEqual(other!.context);
      const works = [one!, other!].map(({ kinds }) =>
        Array.from({ length: kinds.length }, (_, kind) => {
          const work = kinds.work();
          kinds.state(kind, 1, 100, work);
          return { work, least: kinds.leastContext[kind], greatest: kinds.greatestContext[kind] };
        }),
      );
      expect(works[0]).toEqual(works[1]);
    },
  );
  fc.assert(property, { numRuns: 600 });
  expect([...told].sort()).toEqual(['combined', 'combined-free', 'fixed', 'hybrid', 'oracle']);
});
