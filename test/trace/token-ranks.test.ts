/** Recorded ranks: read, written, moved along with the positions they belong to, and counted. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flatten, offsetsOf } from '../../src/trace/flat.ts';
import { canonicalCsv } from '../../src/trace/formats/canonical-csv.ts';
import { canonicalJsonl } from '../../src/trace/formats/canonical-jsonl.ts';
import { recordedChances } from '../../src/trace/ranks.ts';
import { parseRecord, parseTrace } from '../../src/trace/read.ts';
import { selectRequests, withOutputLengths } from '../../src/trace/reshape.ts';
import type { AcceptanceTrace, PositionLengths } from '../../src/trace/trace.ts';
import { joinWorkload } from '../../src/workload/join.ts';

const MOST = 3;

/** A draft model's lengths and ranks, from which of its choices each token is, the prefill's left out. */
function recorded(tokens: readonly (readonly number[])[], maxK: number): PositionLengths {
  const lists = tokens.map((ranks) =>
    ranks.map((_, p) => {
      if (maxK === 0) return [];
      if (p === 0) return [0];
      const behind = ranks.slice(p, p + maxK);
      const none = behind.indexOf(0);
      if (none >= 0) return behind.slice(0, none + 1);
      return behind.length < maxK ? [...behind, 0] : behind;
    }),
  );
  const first = (list: readonly number[]) => {
    const other = list.findIndex((rank) => rank !== 1);
    return other === -1 ? list.length : other;
  };
  const emitted = lists.map((ofRequest) => ofRequest.map((list) => 1 + first(list)));
  const all = lists.flat(2);
  const offsets = offsetsOf(emitted);
  return {
    maxK,
    offsets,
    emitted: flatten(emitted, new Uint8Array(offsets.at(-1)!)),
    proposed: 'always',
    kind: 'recording',
    ranks: { most: MOST, list: Uint8Array.from(all) },
  };
}

function traceOf(lengths: PositionLengths): AcceptanceTrace {
  const requests = lengths.offsets.length - 1;
  return {
    name: 'mine',
    provenance: { source: 'by hand', target: 'llama-3.1-8b', dataset: 'mine', engine: null, licence: null },
    ids: Array.from({ length: requests }, (_, r) => `r${r}`),
    promptTokens: new Int32Array(requests).fill(5),
    outputTokens: Int32Array.from(
      { length: requests },
      (_, r) => lengths.offsets[r + 1]! - lengths.offsets[r]!,
    ),
    outputLimit: null,
    drafters: new Map([
      ['draft-model', lengths],
      ['eagle', { ...lengths, ranks: undefined } as unknown as PositionLengths],
    ]),
    tokens: null,
  };
}

const BY_HAND = recorded([[0, 1, 1, 2]], 4);
const byHand = traceOf(BY_HAND);
const lengthsOf = (trace: AcceptanceTrace) => trace.drafters.get('draft-model')!;
const requests = fc.array(
  fc.array(fc.integer({ min: 0, max: MOST }), { minLength: 1, maxLength: 12 }).map((ranks) => [0, ...ranks]),
  { minLength: 1, maxLength: 4 },
);
const maxK = fc.integer({ min: 0, max: 5 });

describe('files with ranks', () => {
  it('by hand: the example of docs/formats.md', () => {
    expect([...BY_HAND.emitted]).toEqual([1, 3, 2, 1]);
    expect([...BY_HAND.ranks!.list]).toEqual([0, 1, 1, 2, 0, 1, 2, 0, 2, 0]);
    const text = [...canonicalJsonl({ kind: 'position-indexed', trace: byHand })].join('');
    expect(text).toContain('"proposed":"always","ranks":3}');
    expect(text).toContain('"emitted":[1,3,2,1],"ranks":[0,1,1,2,0,1,2,0,2,0]}');
    const [, header, , row] = [...canonicalCsv(byHand)].join('').split('\n');
    expect(header).toContain('emitted,proposed,ranks,');
    expect(row).toBe('r0,draft-model,,4,1 3 2 1,,0 1 1 2 0 1 2 0 2 0,,');
  });

  it('read back the same, as CSV and as JSONL', () => {
    fc.assert(
      fc.property(requests, maxK, (tokens, k) => {
        const trace = traceOf(recorded(tokens, k));
        for (const text of [
          [...canonicalCsv(trace)].join(''),
          [...canonicalJsonl({ kind: 'position-indexed', trace })].join(''),
        ]) {
          const back = parseTrace(text, 'f');
          expect(lengthsOf(back)).toEqual(lengthsOf(trace));
          expect(back.drafters.get('eagle')!.ranks).toBeUndefined();
        }
      }),
    );
  });

  const rows = [...canonicalJsonl({ kind: 'position-indexed', trace: byHand })].join('');
  const good = '"ranks":[0,1,1,2,0,1,2,0,2,0]';
  const refused: readonly (readonly [string, string, RegExp])[] = [
    [
      'a first choice that was not accepted',
      '"ranks":[0,1,1,2,0,1,2,0,1,0]',
      /line 3, ranks: position 3 begins with 1 first choices, expected 0, since 1 are emitted/,
    ],
    [
      'an accepted draft that is no first choice',
      '"ranks":[0,1,2,1,0,1,2,0,2,0]',
      /line 3, ranks: position 1 begins with 1 first choices, expected 2, since 3 are emitted/,
    ],
    [
      'too few lists',
      '"ranks":[0,1,1,2,0,1,2,0]',
      /8 elements, expected a list for each of 4 positions that ends with 0 or after 4 ranks/,
    ],
    ['too many lists', '"ranks":[0,1,1,2,0,1,2,0,2,0,0]', /11 elements, expected a list for each of 4/],
    ['a list without its end', '"ranks":[0,1,1,2,0,1,2,0,2]', /9 elements, expected a list for each of 4/],
    ['a choice beyond those of the head', '"ranks":[0,1,1,2,0,1,2,0,4,0]', /ranks.*4, expected .*0 to 3/],
    [
      'a draft for the token of the prefill',
      '"ranks":[2,0,1,1,2,0,1,2,0,2,0]',
      /position 0 has rank 2, expected 0/,
    ],
    ['none where the head has them', '"ran":[]', /unknown field "ran"/],
  ];
  it.each(refused)('refuses %s', (_, wrong, message) => {
    expect(() => parseRecord(rows.replace(good, wrong), 'f')).toThrow(message);
  });
  it('refuses ranks that the head does not have', () => {
    expect(() => parseRecord(rows.replace('"always","ranks":3}', '"always"}'), 'f')).toThrow(
      /line 3, ranks: expected nothing in this row/,
    );
  });
});

describe('ranks stay with their positions', () => {
  const listAt = ({ ranks, maxK }: PositionLengths, position: number): number[] => {
    let next = 0;
    for (let at = 0; ; at++) {
      const begin = next;
      for (let depth = 0; depth < maxK && ranks!.list[next++]! > 0; depth++);
      if (at === position) return [...ranks!.list.subarray(begin, next)];
    }
  };
  const two = traceOf(
    recorded(
      [
        [0, 1, 2],
        [0, 0, 1, 1],
      ],
      2,
    ),
  );

  it('when requests are chosen', () => {
    const chosen = selectRequests(two, [1, 0]);
    expect(lengthsOf(chosen).ranks).toEqual(
      recorded(
        [
          [0, 0, 1, 1],
          [0, 1, 2],
        ],
        2,
      ).ranks,
    );
    expect(lengthsOf(selectRequests(two, [0])).ranks).toEqual(recorded([[0, 1, 2]], 2).ranks);
  });

  it('when outputs are made longer or shorter, or drawn for a workload', () => {
    const longer = lengthsOf(withOutputLengths(two, new Int32Array(two.outputTokens.length).fill(6)));
    const own = lengthsOf(two);
    for (const [at, from] of [1, 2, 1, 2, 1].entries())
      expect(listAt(longer, at + 1)).toEqual(listAt(own, from));
    for (const [at, from] of [4, 5, 6, 4, 5].entries())
      expect(listAt(longer, 6 + at + 1)).toEqual(listAt(own, from));
    expect(listAt(longer, 6)).toEqual([0]);
    const workload = { promptTokens: Int32Array.of(5, 5), outputTokens: Int32Array.of(9, 3) };
    const joined = lengthsOf(joinWorkload(workload, two, 1).trace);
    for (let at = 0; at < 12; at++) {
      const list = listAt(joined, at);
      const other = list.findIndex((rank) => rank !== 1);
      expect(1 + (other === -1 ? list.length : other)).toBe(joined.emitted[at]);
    }
  });
});

describe('chances of recorded ranks', () => {
  it('by hand: of the positions that get so deep, the end of the output being no miss', () => {
    // Behind positions 1 to 3: 1 1 2 and the end; 1 2 and the end; 2 and the end.
    const [first, second, third, ...more] = recordedChances(BY_HAND, BY_HAND.ranks!);
    expect([...first!]).toEqual([2 / 3, 1 / 3, 0]);
    expect([...second!]).toEqual([1 / 2, 1 / 2, 0]);
    // A later choice is no likelier than an earlier one.
    expect([...third!]).toEqual([0, 0, 0]);
    expect(more).toEqual([]);
  });

  it('of outputs that the prefill ended there is one depth, and nothing is right', () => {
    const none = recorded([[0], [0]], 3);
    expect(recordedChances(none, none.ranks!)).toEqual([new Float64Array(MOST)]);
  });
});
