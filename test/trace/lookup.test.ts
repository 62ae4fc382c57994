import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { flatTokens } from '../../src/trace/flat.ts';
import { LOOK_UPS, type LookUpOptions, lookUp } from '../../src/trace/lookup.ts';

function lookUpOne(prompt: number[], output: number[], options: object = {}) {
  const { emitted, proposed } = lookUp(flatTokens([prompt], [output]), { ...LOOK_UPS.ngram, ...options });
  return { emitted: [...emitted], proposed: [...proposed] };
}

describe('look-up by hand', () => {
  test('three tokens match, two do not', () => {
    const { emitted, proposed } = lookUpOne([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 9]);
    // Known ...1 2: no match. Known ...1 2 3: what followed is 4 5 6 1 2 3. Known ...2 3 4: 5 6 1 2 3 4.
    expect(proposed).toEqual([0, 0, 0, 6, 6]);
    expect(emitted).toEqual([1, 1, 1, 2, 1]);
  });

  test('nothing is proposed at the prefill token, though the prompt ends in a match', () => {
    const { emitted, proposed } = lookUpOne([1, 2, 3, 7, 1, 2, 3], [7, 1]);
    expect(proposed).toEqual([0, 4]);
    expect(emitted).toEqual([1, 2]);
  });

  test('the earliest occurrence wins', () => {
    const prompt = [1, 2, 3, 4, 0, 1, 2, 3, 5, 8, 1, 2];
    expect(lookUpOne(prompt, [3, 4, 0]).emitted).toEqual([1, 3, 2]);
    expect(lookUpOne(prompt, [3, 5, 6]).emitted).toEqual([1, 1, 1]);
  });

  test('a longer suffix beats an earlier occurrence of a shorter one', () => {
    const prompt = [1, 2, 3, 4, 9, 1, 2, 3, 5, 9, 1, 2];
    const { emitted } = lookUpOne(prompt, [3, 5, 7]);
    expect(emitted[1]).toBe(2);
    expect(lookUpOne(prompt, [3, 5, 7], { maxMatch: 3 }).emitted[1]).toBe(1);
  });

  test('a match may overlap the suffix; the proposal ends where the known text ends', () => {
    const { emitted, proposed } = lookUpOne([5, 5, 5], [5, 5, 5, 5, 5, 5, 5]);
    // Up to 8 known tokens the longest match leaves one token; with 9 it has its 7 tokens, and leaves two.
    expect(proposed).toEqual([0, 1, 1, 1, 1, 1, 2]);
    expect(emitted).toEqual([1, 2, 2, 2, 2, 2, 2]);
  });

  test('at most maxK tokens are proposed', () => {
    const text = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect(lookUpOne(text, [...text, 1]).proposed[3]).toBe(9);
    expect(lookUpOne(text, [...text, 1], { maxK: 4 }).proposed[3]).toBe(4);
    expect(lookUpOne(text, [...text, 1], { maxK: 4 }).emitted[3]).toBe(5);
  });

  test('the last occurrence, where it is asked for', () => {
    const prompt = [1, 2, 3, 4, 0, 1, 2, 3, 5, 8, 1, 2];
    expect(lookUpOne(prompt, [3, 5, 6], { occurrence: 'last' }).emitted).toEqual([1, 2, 1]);
  });

  test('a suffix has no longest length', () => {
    const nine = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const prompt = [...nine.slice(1), 20, ...nine, 21, ...nine.slice(0, 8)];
    const suffix = lookUp(flatTokens([prompt], [[9, 21, 1]]), LOOK_UPS.suffix);
    expect([...suffix.emitted]).toEqual([1, 3, 2]);
    // Seven tokens are too few to tell the second occurrence from the first.
    expect(lookUpOne(prompt, [9, 21, 1]).emitted).toEqual([1, 1, 2]);
  });

  test('requests do not see each other', () => {
    const tokens = flatTokens(
      [
        [1, 2, 3, 4, 5],
        [9, 1, 2],
      ],
      [[8], [3, 4, 5]],
    );
    expect([...lookUp(tokens, LOOK_UPS.ngram).proposed]).toEqual([0, 0, 0, 0]);
  });
});

test('look-up agrees with a search of the whole text', () => {
  const sequences = fc.integer({ min: 1, max: 4 }).chain((alphabet) => {
    const token = fc.integer({ min: 0, max: alphabet - 1 });
    return fc.array(fc.tuple(fc.array(token, { maxLength: 80 }), fc.array(token, { maxLength: 80 })), {
      minLength: 1,
      maxLength: 4,
    });
  });
  const maxK = fc.integer({ min: 1, max: 20 });
  const minMatch = fc.integer({ min: 1, max: 4 });
  const settings: fc.Arbitrary<LookUpOptions> = fc.oneof(
    fc.record({ method: fc.constant('suffix' as const), minMatch, maxK }),
    fc
      .record({
        method: fc.constant('ngram' as const),
        minMatch,
        wider: fc.integer({ min: 0, max: 5 }),
        occurrence: fc.constantFrom('first' as const, 'last' as const),
        maxK,
      })
      .map(({ wider, ...rest }) => ({ ...rest, maxMatch: rest.minMatch + wider })),
  );
  fc.assert(
    fc.property(sequences, settings, (requests, options) => {
      const tokens = flatTokens(
        requests.map(([prompt]) => prompt),
        requests.map(([, output]) => output),
      );
      const { emitted, proposed } = lookUp(tokens, options);
      const searched = requests.flatMap(([prompt, output]) =>
        output.map((_, position) =>
          position === 0
            ? { proposed: 0, emitted: 1 }
            : searchOne([...prompt, ...output], prompt.length + position, options),
        ),
      );
      expect([...proposed]).toEqual(searched.map((round) => round.proposed));
      expect([...emitted]).toEqual(searched.map((round) => round.emitted));
    }),
    { numRuns: 600 },
  );
});

function searchOne(text: number[], known: number, options: LookUpOptions) {
  const { minMatch, maxK } = options;
  const longest = options.method === 'suffix' ? known : Math.min(options.maxMatch, known);
  for (let n = longest; n >= minMatch; n--) {
    const ends = Array.from({ length: known - n }, (_, i) => n + i).filter((end) =>
      equal(text.slice(end - n, end), text.slice(known - n, known)),
    );
    if (ends.length === 0) continue;
    const end = options.method === 'ngram' && options.occurrence === 'last' ? ends.at(-1)! : ends[0]!;
    const proposed = text.slice(end, Math.min(end + maxK, known));
    const disagreeing = proposed.findIndex((token, i) => token !== text[known + i]);
    return {
      proposed: proposed.length,
      emitted: 1 + (disagreeing === -1 ? proposed.length : disagreeing),
    };
  }
  return { proposed: 0, emitted: 1 };
}

function equal(a: number[], b: number[]): boolean {
  return a.every((token, i) => token === b[i]);
}
