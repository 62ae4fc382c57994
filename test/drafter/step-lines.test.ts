/** Prices that are known from lines, against the prices themselves. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { StepLines } from '../../src/drafter/step-lines.ts';

const small = fc.integer({ min: 1, max: 50 });

it('are those asked for, whether they lie on a line or bend', () => {
  const requests = fc.array(
    fc.record({ kinds: fc.array(fc.nat(700), { minLength: 1 }), context: small, left: small }),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(requests, fc.integer({ min: 2, max: 100 }), (asked, bend) => {
      const price = (kind: number, context: number) =>
        kind + 1 + context / 8 + (kind % 2 === 0 ? 0 : Math.max(0, context - bend));
      const lines = new StepLines(price);
      for (const { kinds, context, left } of asked) {
        lines.cover(context, context + left);
        for (const [i, kind] of kinds.entries()) {
          const at = context + (i % (left + 1));
          lines.know(kind, at);
          expect(lines.atZeroS[kind]! + at * lines.perTokenS[kind]!).toBeCloseTo(price(kind, at), 9);
        }
      }
    }),
  );
});

it('take three prices a kind that lies on a line, and forget them when told to', () => {
  let prices = 0;
  const lines = new StepLines((kind, context) => {
    prices++;
    return kind + context;
  });
  lines.cover(10, 90);
  for (let context = 10; context <= 90; context++) lines.know(5, context);
  expect(prices).toBe(3);
  lines.clear();
  lines.know(5, 20);
  expect(prices).toBe(6);
});
