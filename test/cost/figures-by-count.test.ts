import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FiguresByCount, placeOf } from '../../src/cost/figures-by-count.ts';

test('holds what was set of each number, and no number of any other', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1, 2, 4, 8, 64),
      fc.array(fc.tuple(fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 20_000 })), fc.double()), {
        maxLength: 30,
      }),
      (each, set) => {
        const figures = new FiguresByCount(each);
        const plain = new Map<string, number>();
        for (const [count, value] of set) {
          for (let figure = 0; figure < each; figure++) {
            figures.toSet(count)[placeOf(count, each) + figure] = value + figure;
            plain.set(`${count} ${figure}`, value + figure);
          }
        }
        for (const near of new Set(set.flatMap(([count]) => [count, count + 1, 2 * count]))) {
          for (let figure = 0; figure < each; figure++) {
            const held = figures.of(near)[placeOf(near, each) + figure];
            expect(held).toBe(plain.get(`${near} ${figure}`) ?? Number.NaN);
          }
        }
      },
    ),
  );
});
