/** Laws of what a round verifies and of what a step adds up. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  addSeconds,
  noSeconds,
  PARTS,
  type PartSeconds,
  StepWork,
  secondsOf,
  totalSeconds,
  Verified,
} from '../../src/cost/work.ts';

const shaped = (shape: (verified: Verified) => void): Verified => {
  const verified = new Verified();
  shape(verified);
  return verified;
};

const drafts = fc.integer({ min: 0, max: 64 });

it('a chain is a tree of width 1, and its queries see what the formula of a triangle says', () => {
  fc.assert(
    fc.property(drafts, (drafted) => {
      const depths = Array.from({ length: drafted }, (_, i) => i + 1).reduce((sum, depth) => sum + depth, 0);
      const chain = shaped((verified) => verified.chain(drafted));
      expect(chain).toEqual(shaped((verified) => verified.tree(drafted, depths)));
      expect(chain.queries).toBe(1 + drafted);
    }),
  );
  expect(shaped((verified) => verified.chain(0))).toEqual(new Verified());
});

it('rounds added together are those added one by one, and chains verify their drafts and a token each', () => {
  const rounds = fc.array(fc.tuple(drafts, fc.integer({ min: 1, max: 100_000 })), { minLength: 1 });
  fc.assert(
    fc.property(rounds, drafts, (some, drafted) => {
      const each = new StepWork(0, 64);
      for (const [length, context] of some)
        each.addRounds(
          1,
          context,
          shaped((one) => one.chain(length)),
        );
      expect(each.verify.tokens).toBe(some.length + each.drafted);
      expect(each.verify.logitRows).toBe(each.verify.tokens);

      const alike = shaped((one) => one.tree(drafted, 3 * drafted));
      const [together, apart] = [new StepWork(0, 64), new StepWork(0, 64)];
      for (const [, context] of some) apart.addRounds(1, context, alike);
      const contextTokens = some.reduce((sum, [, context]) => sum + context, 0);
      together.addRounds(some.length, contextTokens, alike);
      expect(together).toEqual(apart);
    }),
  );
});

it('sums of seconds are written out part by part, and have every part', () => {
  const keys = PARTS.map(({ name }) => secondsOf(name));
  expect(Object.keys(noSeconds())).toEqual(keys);
  const any = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: keys.length, maxLength: keys.length });
  const of = (values: readonly number[]) =>
    Object.fromEntries(keys.map((key, p) => [key, values[p]])) as PartSeconds;
  fc.assert(
    fc.property(any, any, (a, b) => {
      const sum = of(a);
      addSeconds(sum, of(b));
      expect(sum).toEqual(of(a.map((seconds, p) => seconds + b[p]!)));
      expect(totalSeconds(of(a))).toBe(a.reduce((total, seconds) => total + seconds, 0));
    }),
  );
  expect(PARTS.map(({ placeInTime }) => placeInTime).sort()).toEqual(keys.map((_, place) => place));
  expect(new Set(PARTS.map(({ mark }) => mark)).size).toBe(keys.length);
});
