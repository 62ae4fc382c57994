/** Workload files, arrival processes, and the join of a workload with an acceptance trace. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import type { AcceptanceTrace } from '../../src/trace/trace.ts';
import { arrivalTimes } from '../../src/workload/arrivals.ts';
import { joinWorkload } from '../../src/workload/join.ts';
import { parseWorkload } from '../../src/workload/read.ts';
import { firstRequests } from '../../src/workload/workload.ts';

const azure2023 = `TIMESTAMP,ContextTokens,GeneratedTokens
2024-01-31 23:59:59.5000000,4808,10
2024-02-01 00:00:00.7500000,3180,8
`;
const azure2024 = `TIMESTAMP,ContextTokens,GeneratedTokens
2024-05-10 00:00:00.250000+00:00,2162,5
2024-05-10 00:00:01+00:00,7,6
2024-05-10 02:00:02.000000+02:00,8,7
`;
const burst = `Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type
5,ChatGPT,472,18,490,Conversation log
45,"Chat, GPT",1087,0,1087,Conversation log
118,GPT-4,417,276,693,API log
`;
const mooncake = `{"timestamp": 500, "input_length": 6755, "output_length": 500, "hash_ids": [0, 1, 2]}

{"timestamp": 3552, "input_length": 2287, "output_length": 316, "hash_ids": [0, 42]}
`;
const vidur = `arrived_at,num_prefill_tokens,num_decode_tokens
0.0,374,44
4.314579,396,109
`;
const FILES = { azure2023, azure2024, burst, mooncake, vidur };

describe('workload files', () => {
  it('reads both Azure forms: a month and a zone are crossed', () => {
    const first = parseWorkload(azure2023, 'a.csv');
    expect(first.arrivalS[1]).toBeCloseTo(1.25, 6);
    expect([...first.promptTokens]).toEqual([4808, 3180]);
    expect([...first.outputTokens]).toEqual([10, 8]);
    const second = parseWorkload(azure2024, 'a.csv');
    expect([...second.arrivalS]).toEqual([0, 0.75, 1.75]);
  });

  it('drops and counts failed requests of BurstGPT', () => {
    const workload = parseWorkload(burst, 'b.csv');
    expect(workload.dropped).toBe(1);
    expect([...workload.arrivalS]).toEqual([0, 113]);
    expect([...workload.outputTokens]).toEqual([18, 276]);
    expect(workload.format).toBe('BurstGPT CSV');
  });

  it('reads Mooncake with its hashes', () => {
    const workload = parseWorkload(mooncake, 'm.jsonl');
    expect(workload.arrivalS[1]).toBeCloseTo(3.052, 12);
    expect([...workload.prefixHashes!.offsets]).toEqual([0, 3, 5]);
    expect([...workload.prefixHashes!.hashes]).toEqual([0, 1, 2, 0, 42]);
    const one = firstRequests(workload, 1);
    expect([...one.prefixHashes!.hashes]).toEqual([0, 1, 2]);
    expect([...one.promptTokens]).toEqual([6755]);
  });

  it('reads Vidur and Splitwise', () => {
    const workload = parseWorkload(`\uFEFF${vidur.replaceAll('\n', '\r\n')}`, 'v.csv');
    expect([...workload.arrivalS]).toEqual([0, 4.314579]);
    expect(workload.prefixHashes).toBeNull();
  });

  it('puts requests in order of time and counts those that were not', () => {
    const workload = parseWorkload(`${vidur}2,1,1\n2,2,2\n`, 'v.csv');
    expect([...workload.arrivalS]).toEqual([0, 2, 2, 4.314579]);
    expect([...workload.promptTokens]).toEqual([374, 1, 2, 396]);
    expect(workload.outOfOrder).toBe(1);
  });

  it.each([
    ['', 'w: empty file'],
    [' \n', 'w: empty file'],
    ['a,b\n1,2\n', 'w: unknown workload format, starts with "a,b"'],
    ['{"id": 1}', 'unknown workload format'],
    [vidur.split('\n')[0]!, 'has a header and no requests'],
    [`${vidur}5,1`, 'w, line 4: got 2 cells, expected 3'],
    [`${vidur}5,1,x\n`, 'w, line 4: num_decode_tokens: got "x"'],
    [`${vidur}5,-1,1\n`, 'w, line 4: num_prefill_tokens: got "-1"'],
    [`${vidur}NaN,1,1\n`, 'w, line 4: arrived_at: got "NaN"'],
    [`${vidur}-1,1,1\n`, 'w, line 4: arrived_at: got "-1"'],
    [`${vidur}5,,1\n`, 'w, line 4: num_prefill_tokens: got ""'],
    [`${vidur}5,1.5,1\n`, 'w, line 4: num_prefill_tokens: got "1.5"'],
    [`${vidur}5,1,99999999999\n`, 'num_decode_tokens'],
    [`${vidur}5,1,\uFFFD\n`, 'w, line 4: not UTF-8 text'],
    [vidur.replace('num_prefill_tokens', 'prompt'), 'w, line 1: missing column num_prefill_tokens'],
    [vidur.replace('arrived_at', 'num_decode_tokens'), 'missing column arrived_at'],
    ['arrived_at,num_prefill_tokens,num_decode_tokens,arrived_at\n', 'column arrived_at twice'],
    [azure2023.replace('2024-02-01', '2024-02-30'), 'w, line 3: TIMESTAMP: got "2024-02-30'],
    [azure2023.replace('00:00:00.75', '25:00:00.75'), 'w, line 3: TIMESTAMP'],
    ['arrived_at,num_prefill_tokens,num_decode_tokens\n1,0,5\n', 'all 1 requests have no prompt'],
    [mooncake.slice(0, -20), 'w, line 3: got "{\\"timestamp'],
    [mooncake.replace('3552', '"x"'), 'w, line 3: timestamp: got "x"'],
    [mooncake.replace('3552', '-1'), 'w, line 3: timestamp: got -1'],
    [mooncake.replace('316', 'null'), 'w, line 3: output_length: got null'],
    [mooncake.replace('"input_length": 2287, ', ''), 'w, line 3: input_length: missing'],
    [mooncake.replace('[0, 42]', '[0, "a"]'), 'w, line 3: hash_ids'],
    [`${mooncake}[1]\n`, 'w, line 4: got [1], expected a JSON object'],
    [`${mooncake}{"delay":250,"input_length":1,"output_length":1}`, 'w, line 4: timestamp: missing'],
    [
      mooncake.replace('[0, 42]', '[0, 42, 43, 44, 45, 46]'),
      'w, line 3: hash_ids: got 6 hashes of a prompt of 2287 tokens, expected at most 5 of 512 tokens each',
    ],
    ['['.repeat(20_000), 'unknown workload format'],
    [`${mooncake}{"input_length":${'['.repeat(5000)}`, 'w, line 4: json nested more than 100 deep'],
  ])('%j is refused with where and what', (text, message) => {
    expect(() => parseWorkload(text, 'w')).toThrow(UserError);
    expect(() => parseWorkload(text, 'w')).toThrow(message);
  });

  const damage = fc.oneof(
    fc.record({ kind: fc.constant('cut' as const), at: fc.nat(400) }),
    fc.record({
      kind: fc.constant('insert' as const),
      at: fc.nat(400),
      text: fc.constantFrom('\0', '\uFFFD', '-', 'NaN', '"', '\n', ',', '1e999', '{', 'é', ' '),
    }),
    fc.record({
      kind: fc.constant('remove' as const),
      at: fc.nat(400),
      length: fc.integer({ min: 1, max: 40 }),
    }),
  );

  it.each(Object.entries(FILES))(
    '%s: 2,000 damaged files are refused, or every line is accounted for',
    (_, file) => {
      fc.assert(
        fc.property(damage, (harm) => {
          const head = file.slice(0, harm.at);
          const tail = file.slice(harm.at);
          const text =
            harm.kind === 'cut'
              ? head
              : harm.kind === 'insert'
                ? head + harm.text + tail
                : head + tail.slice(harm.length);
          let workload: ReturnType<typeof parseWorkload>;
          try {
            workload = parseWorkload(text, 'w');
          } catch (error) {
            expect(error).toBeInstanceOf(UserError);
            expect((error as UserError).message).not.toContain('\n');
            return;
          }
          const table = workload.format !== 'Mooncake JSONL';
          // In a table a line may end inside quotes.
          const lines = table ? text.replace(/"[^"]*"/g, '') : text;
          const records = lines.split(/\r?\n/).filter((line) => line.trim() !== '').length;
          const headers = table ? 1 : 0;
          expect(workload.arrivalS.length + workload.dropped).toBe(records - headers);
          expect([...workload.arrivalS].every((atS) => Number.isFinite(atS) && atS >= 0)).toBe(true);
          expect([...workload.promptTokens, ...workload.outputTokens].every((n) => n > 0)).toBe(true);
        }),
        { numRuns: 2000 },
      );
    },
  );
});

describe('arrival processes', () => {
  const gaps = (times: Float64Array) => [...times].map((time, i) => time - (times[i - 1] ?? 0));
  const moments = (values: readonly number[]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return { mean, cv: Math.sqrt(variance) / mean };
  };

  it('constant: by hand', () => {
    const times = arrivalTimes({ process: 'constant', ratePerS: 4 }, 3, 1);
    expect([...times]).toEqual([0.25, 0.5, 0.75]);
  });

  it.each([0.2, 0.5, 1, 2, 4])('gamma of cv %f has that mean and cv', (cv) => {
    const { mean, cv: found } = moments(
      gaps(arrivalTimes({ process: 'gamma', ratePerS: 5, cv }, 200_000, 3)),
    );
    // Standard error of the mean: cv / sqrt(n); of the cv it grows with the kurtosis.
    expect(Math.abs(mean * 5 - 1)).toBeLessThan(4 * (cv / Math.sqrt(200_000)));
    expect(found / cv).toBeCloseTo(1, cv > 2 ? 1 : 1.5);
  });

  it('poisson has mean 1 / rate and cv 1', () => {
    const { mean, cv } = moments(gaps(arrivalTimes({ process: 'poisson', ratePerS: 8 }, 200_000, 3)));
    expect(mean * 8).toBeCloseTo(1, 2);
    expect(cv).toBeCloseTo(1, 2);
  });

  it('another rate is the same pattern, faster; more requests extend it', () => {
    for (const shape of [{ process: 'poisson' }, { process: 'gamma', cv: 3 }] as const) {
      const slow = arrivalTimes({ ...shape, ratePerS: 1 }, 50, 7);
      const fast = arrivalTimes({ ...shape, ratePerS: 4 }, 50, 7);
      expect([...fast]).toEqual([...slow].map((time) => time / 4));
      expect([...arrivalTimes({ ...shape, ratePerS: 1 }, 20, 7)]).toEqual([...slow.slice(0, 20)]);
      expect([...arrivalTimes({ ...shape, ratePerS: 1 }, 20, 8)]).not.toEqual([...slow.slice(0, 20)]);
    }
  });
});

describe('a workload joined with a trace', () => {
  /** Request r emits r + 2 everywhere, so that every position tells where it comes from. */
  const trace: AcceptanceTrace = {
    name: 'tiny',
    provenance: { source: 's', target: 't', dataset: 'd', engine: null, licence: null },
    ids: ['a', 'b', 'c'],
    promptTokens: Int32Array.of(5, 6, 7),
    outputTokens: Int32Array.of(4, 1, 3),
    outputLimit: 100,
    drafters: new Map([
      [
        'x',
        {
          maxK: 9,
          offsets: Int32Array.of(0, 4, 5, 8),
          emitted: Uint8Array.of(1, 2, 2, 2, 1, 1, 4, 4),
          proposed: Uint8Array.of(0, 5, 5, 5, 0, 0, 7, 7),
          kind: 'recording',
        },
      ],
      [
        'y',
        {
          maxK: 9,
          offsets: Int32Array.of(0, 9, 18, 27),
          emitted: new Uint8Array(27).fill(3),
          proposed: 'always',
          kind: 'fitted',
        },
      ],
    ]),
    tokens: null,
  };
  const lengths = {
    promptTokens: Int32Array.from({ length: 60 }, (_, r) => 100 + r),
    outputTokens: Int32Array.from({ length: 60 }, (_, r) => 1 + (r % 12)),
  };
  const { trace: joined, continued } = joinWorkload(lengths, trace, 5);
  const x = joined.drafters.get('x')!;
  const outputs = [...lengths.outputTokens].map((_, r) => [
    ...x.emitted.subarray(x.offsets[r]!, x.offsets[r + 1]!),
  ]);

  it('has the lengths of the workload', () => {
    expect(joined.promptTokens).toBe(lengths.promptTokens);
    expect([...joined.outputTokens]).toEqual([...lengths.outputTokens]);
    expect(outputs.map((output) => output.length)).toEqual([...lengths.outputTokens]);
  });

  it('is made of whole requests from their first decoded position, the last one cut', () => {
    for (const output of outputs) {
      expect(output[0]).toBe(1);
      const text = output.slice(1).join('');
      expect(text).toMatch(/^(222|44)*(2{0,2}|4?)$/);
    }
    const first = new Set(outputs.filter((output) => output.length > 1).map((output) => output[1]));
    expect([...first].sort()).toEqual([2, 4]);
  });

  it('keeps what was proposed beside what was emitted', () => {
    const proposed = x.proposed as Uint8Array;
    x.emitted.forEach((emitted, i) => {
      expect(proposed[i]).toBe(emitted === 1 ? 0 : emitted === 2 ? 5 : 7);
    });
    expect(joined.drafters.get('y')!.proposed).toBe('always');
  });

  it('counts requests that go on with another request', () => {
    // Drafter y has outputs of 9 tokens: 8 decoded positions.
    const expected = outputs.filter(
      (output) => output.length - 1 > Math.min(8, output[1] === 2 ? 3 : 2),
    ).length;
    expect(continued).toBe(expected);
    expect(expected).toBeGreaterThan(0);
  });

  it('gives a request the same acceptance whatever other requests there are', () => {
    const fewer = joinWorkload(
      {
        promptTokens: lengths.promptTokens.slice(0, 20),
        outputTokens: lengths.outputTokens.slice(0, 20),
      },
      trace,
      5,
    ).trace.drafters.get('x')!;
    expect([...fewer.emitted]).toEqual([...x.emitted.subarray(0, x.offsets[20])]);
  });

  it('refuses a trace without a decoded position', () => {
    const bare = new Map([
      [
        'z',
        {
          maxK: 3,
          offsets: Int32Array.of(0, 1, 2, 3),
          emitted: new Uint8Array(3).fill(1),
          proposed: 'always',
          kind: 'recording',
        },
      ],
    ] as const);
    expect(() => joinWorkload(lengths, { ...trace, drafters: bare }, 1)).toThrow(
      'trace tiny: no output with z has a second token',
    );
  });
});
