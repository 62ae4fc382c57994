/** Levels of survival in words, against the same looked at one by one. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AssumedSignal } from '../../src/trace/assumed-confidence.ts';
import { RecordedSignal, type Signal } from '../../src/trace/confidence-signal.ts';
import {
  countAtLeast,
  LEVELS,
  levelAt,
  levelOf,
  reaches,
  survivalWords,
  wordsFor,
} from '../../src/trace/survival-levels.ts';

describe('a word', () => {
  it('counts its drafts at a level or above: hand-computed', () => {
    // Chances of 1, 0.5, 0.5, 1 and 0.1: levels 127, 64, 32, 32 and 3.
    const chances = [1, 0.5, 0.5, 1, 0.1];
    const words = survivalWords((_, depth) => chances[depth]!, 1, 5);
    expect(words).toHaveLength(wordsFor(5));
    expect(chances.map((_, depth) => levelAt(words, 0, depth))).toEqual([127, 64, 32, 32, 3]);
    expect([128, 127, 65, 64, 33, 32, 1].map((level) => countAtLeast(words[0]!, level))).toEqual([
      0, 1, 1, 2, 2, 4, 4,
    ]);
    expect([32, 4, 3].map((level) => reaches(words, 0, 2, level))).toEqual([4, 4, 5]);
  });

  it('of any levels', () => {
    const level = fc.integer({ min: 0, max: LEVELS - 1 });
    fc.assert(
      fc.property(
        fc.array(level, { minLength: 4, maxLength: 4 }),
        fc.integer({ min: 1, max: LEVELS }),
        (own, least) => {
          const word = own[0]! | (own[1]! << 8) | (own[2]! << 16) | (own[3]! << 24);
          return countAtLeast(word, least) === own.filter((one) => one >= least).length;
        },
      ),
    );
  });
});

describe.each([5, 3])('asked about %i drafts', (depths) => {
  const emitted = Uint8Array.from({ length: 300 }, (_, at) => 1 + ((at * 7) % 6));
  const list = Uint8Array.from({ length: 300 * 5 }, (_, i) => (i * 91) % 256);
  const signals: readonly (readonly [string, Signal])[] = [
    ['recorded', new RecordedSignal({ depths: 5, list }, depths)],
    ['assumed', new AssumedSignal({ emitted, offsets: Int32Array.of(0, 300), maxK: 5 }, 0.87, 1, depths)],
  ];
  it.each(signals)('%s: levels are those of its chances', (_, signal) => {
    const starts = Int32Array.from({ length: 299 }, (__, i) => i + 1);
    const places = new Int32Array(299);
    signal.places(starts, 299, places);
    const reached = new Uint8Array(299);
    signal.reaching(starts, 299, 40, 2, reached);
    for (const [i, at] of starts.entries()) {
      let survives = 1;
      let above = 0;
      for (let depth = 0; depth < depths; depth++) {
        survives *= signal.chance(at, depth);
        const level = levelAt(signal.words, places[i]!, depth);
        expect(level).toBe(levelOf(survives));
        if (level >= 40) above++;
      }
      expect(reached[i]).toBe(Math.min(above, 2));
    }
  });
});
