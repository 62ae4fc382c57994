import * as fc from 'fast-check';
import { parseString, writeToString } from 'fast-csv';
import { describe, expect, test } from 'vitest';
import { csvLine, csvRows } from '../../../src/csv.ts';
import { flatTokens, flatten, offsetsOf } from '../../../src/trace/flat.ts';
import { canonicalCsv, parseCanonicalCsv } from '../../../src/trace/formats/canonical-csv.ts';
import { canonicalJsonl } from '../../../src/trace/formats/canonical-jsonl.ts';
import { parseRecord, parseTrace } from '../../../src/trace/read.ts';
import type { AcceptanceTrace, PositionLengths } from '../../../src/trace/trace.ts';
import { provenanceOf } from '../../acceptance-samples.ts';

const trace: AcceptanceTrace = {
  name: 'cnn',
  provenance: { source: 'by hand', target: 'llama-3.1-8b', dataset: 'cnn', engine: null, licence: 'MIT' },
  ids: ['a', 'b'],
  promptTokens: Int32Array.of(2, 1),
  outputTokens: Int32Array.of(3, 2),
  outputLimit: 8192,
  drafters: new Map<string, PositionLengths>([
    [
      'ngram',
      {
        maxK: 20,
        offsets: Int32Array.of(0, 3, 5),
        emitted: Uint8Array.of(1, 3, 1, 1, 1),
        proposed: Uint8Array.of(0, 20, 4, 0, 0),
        kind: 'recording',
      },
    ],
    [
      'eagle3',
      {
        maxK: 7,
        offsets: Int32Array.of(0, 2, 3),
        emitted: Uint8Array.of(1, 8, 1),
        proposed: 'always',
        kind: 'fitted',
      },
    ],
  ]),
  tokens: flatTokens(
    [[10, 11], [12]],
    [
      [13, 14, 15],
      [16, 17],
    ],
  ),
};

const text = [
  '# specsim trace {"schema":1,"kind":"position-indexed","name":"cnn","provenance":{"source":"by hand","target":"llama-3.1-8b",' +
    '"dataset":"cnn","engine":null,"licence":"MIT"},"conventions":{"bonusCounted":true},"outputLimit":8192,"tokenIds":true,"drafters":[' +
    '{"name":"ngram","kind":"recording","maxK":20,"proposed":"listed"},' +
    '{"name":"eagle3","kind":"fitted","maxK":7,"proposed":"always"}]}',
  'request,drafter,prompt_tokens,output_tokens,emitted,proposed,prompt_token_ids,output_token_ids',
  'a,none,2,3,,,10 11,13 14 15',
  'a,ngram,,3,1 3 1,0 20 4,,',
  'a,eagle3,,2,1 8,,,',
  'b,none,1,2,,,12,16 17',
  'b,ngram,,2,1 1,0 0,,',
  'b,eagle3,,1,1,,,',
  '',
].join('\n');

describe('trace CSV', () => {
  test('is what the documentation says, in both directions', () => {
    expect([...canonicalCsv(trace)].join('')).toBe(text);
    expect(parseTrace(text, 'cnn.csv')).toEqual(trace);
  });

  test('rows and columns may stand in any order, lines may end in \\r\\n', () => {
    const [head, ...rows] = text.trimEnd().split('\n');
    const [columns, a, ...others] = rows.map((row) => row.split(',').reverse().join(','));
    const shuffled = [head, columns, a, ...others.reverse(), ''].join('\r\n');
    expect(parseTrace(shuffled, 'cnn.csv')).toEqual(trace);
  });

  test('every trace comes back the same', () => {
    fc.assert(
      fc.property(traces(), (any) => {
        expect(parseTrace([...canonicalCsv(any)].join(''), 'any.csv')).toEqual(any);
        expect(parseTrace(jsonl(any), 'any.jsonl')).toEqual(any);
      }),
      { numRuns: 300 },
    );
  });
});

describe('errors of the trace CSV', () => {
  const cases: [string, [string | RegExp, string], string][] = [
    ['no comment line', [/^.*\n/, ''], 'line 1: expected # specsim trace {json object}, got "request,'],
    ['a comment that is cut off', [/\}\]\}\n/, '\n'], 'line 1: the json object is cut off'],
    ['another schema', ['"schema":1', '"schema":2'], 'line 1: schema: got 2, expected 1'],
    ['an unknown field', ['"name":"cnn"', '"name":"cnn","x":1'], 'line 1: unknown key "x"'],
    [
      'a maxK over a byte',
      ['"maxK":20', '"maxK":255'],
      'line 1: drafters[0].maxK: got 255, expected at most 254',
    ],
    ['a drafter twice', ['"name":"eagle3"', '"name":"ngram"'], 'line 1: drafters: a name is there twice'],
    [
      'a drafter named none',
      ['"name":"eagle3"', '"name":"none"'],
      'line 1: drafters[1].name: none is not the name of a drafter',
    ],
    [
      'a misspelt column',
      ['emitted', 'emited'],
      'line 2: unknown column "emited": nearest is emitted (known: request, drafter,',
    ],
    ['a column twice', ['emitted', 'proposed'], 'line 2: column proposed is there twice'],
    ['a missing column', [',output_token_ids', ''], 'line 2: no column output_token_ids'],
    ['a missing cell', ['10 11,', ''], 'line 3: 7 cells, expected 8 as in the header'],
    ['an open quote', ['a,eagle3', '"a,eagle3'], 'line 5: a quote is not closed or is out of place'],
    ['a quote amid a cell', ['a,eagle3', 'a"b,eagle3'], 'line 5: a quote is not closed or is out of place'],
    [
      'an unknown drafter',
      ['a,eagle3', 'a,eagle'],
      'line 5: unknown drafter "eagle": nearest is eagle3 (known: none, ngram, eagle3)',
    ],
    ['a row twice', ['b,none', 'a,none'], 'line 6: request "a" with drafter "none" was on line 3 already'],
    ['no id', ['b,none', ',none'], 'line 6, column request: empty, expected an id'],
    ['no baseline', [/b,none.*\n/, ''], 'line 6: request "b" has no row whose drafter is none'],
    ['no drafter row', [/b,ngram.*\n/, ''], 'line 6: request "b" has no row whose drafter is ngram'],
    ['no rows', [/a,none.*/s, ''], 'no rows, expected one or more a request'],
    [
      'a length that is no number',
      ['a,none,2,', 'a,none,2.0,'],
      'line 3, column prompt_tokens: got "2.0", expected an integer 0 to 2147483647',
    ],
    [
      'a list that is too short',
      ['13 14 15', '13 14'],
      'line 3, column output_token_ids: 2 elements, expected 3',
    ],
    [
      'a value over maxK + 1',
      ['1 8', '1 9'],
      'line 5, column emitted: element 1 is "9", expected an integer 1 to 8',
    ],
    ['a value below 1', ['1 3 1', '1 0 1'], 'line 4, column emitted: element 1 is "0", expected an integer'],
    ['two spaces', ['1 3 1', '1  3 1'], 'line 4, column emitted: element 1 is "", expected an integer'],
    ['a trailing space', ['1 3 1', '1 3 1 '], 'line 4, column emitted: element 3 is "", expected an integer'],
    ['a word', ['1 3 1', '1 x3 1'], 'line 4, column emitted: element 1 is "x3", expected an integer 1 to 21'],
    ['a first value over 1', ['1 3 1', '2 3 1'], 'line 4, column emitted: element 0 is 2, expected 1'],
    [
      'fewer proposed than accepted',
      ['0 20 4', '0 1 4'],
      'line 4, column proposed: element 1 is 1, expected at least 2, since 3 are emitted',
    ],
    [
      'a cell that does not belong to the row',
      ['a,eagle3,,', 'a,eagle3,2,'],
      'line 5, column prompt_tokens: expected nothing in this row, got "2"',
    ],
    [
      'proposals of a drafter that always proposes',
      ['1 8,', '1 8,0 7'],
      'line 5, column proposed: expected nothing in this row, got "0 7"',
    ],
    [
      'token ids where there are none',
      ['"tokenIds":true', '"tokenIds":false'],
      'line 3, column prompt_token_ids: expected nothing in this row, got "10 11"',
    ],
  ];
  test.each(cases)('%s', (_, [from, to], message) => {
    const broken = text.replace(from, to);
    expect(broken).not.toBe(text);
    expect(() => parseCanonicalCsv(broken, 'cnn.csv')).toThrow(message);
    expect(() => parseCanonicalCsv(broken, 'cnn.csv')).toThrow(/^cnn\.csv(, line \d+|: no rows)/);
  });
});

const jsonl = (of: AcceptanceTrace) => [...canonicalJsonl({ kind: 'position-indexed', trace: of })].join('');

describe('trace JSONL', () => {
  test('is what the documentation says, in both directions', () => {
    const lines = jsonl(trace).split('\n');
    expect(lines[0]).toContain('{"specsim_trace":1,"kind":"position-indexed","name":"cnn","provenance":{');
    expect(lines.slice(1, 4)).toEqual([
      '{"request":"a","drafter":"none","prompt_tokens":2,"output_tokens":3,"prompt_token_ids":[10,11],"output_token_ids":[13,14,15]}',
      '{"request":"a","drafter":"ngram","output_tokens":3,"emitted":[1,3,1],"proposed":[0,20,4]}',
      '{"request":"a","drafter":"eagle3","output_tokens":2,"emitted":[1,8]}',
    ]);
    expect(parseTrace(jsonl(trace), 'cnn.jsonl')).toEqual(trace);
  });

  const cases: [string, [string | RegExp, string], string][] = [
    ['another schema', ['"specsim_trace":1', '"specsim_trace":2'], 'line 1: schema: got 2, expected 1'],
    ['an unknown field', ['"emitted"', '"emited"'], 'line 3: unknown field "emited": nearest is emitted'],
    ['NaN', ['[1,3,1]', '[1,NaN,1]'], 'line 3: not valid json'],
    ['a negative id', ['[10,11]', '[10,-1]'], 'line 2: prompt_token_ids[1] is -1, expected an integer 0 to'],
    [
      'a list that is too short',
      ['[13,14,15]', '[13,14]'],
      'line 2, output_token_ids: 2 elements, expected 3',
    ],
    ['text for a list', ['[1,8]', '"1 8"'], 'line 4: emitted is "1 8", expected a list'],
    ['a first value over 1', ['[1,3,1]', '[2,3,1]'], 'line 3, emitted: element 0 is 2, expected 1'],
    ['a line cut off', [/"emitted":\[1,8\]\}.*/s, '"emit'], 'line 4: the json object is cut off'],
    [
      'proposals that are not listed',
      ['[1,8]', '[1,8],"proposed":[0,7]'],
      'line 4, proposed: expected nothing',
    ],
    ['no rows', [/\n.*/s, '\n'], 'no rows, expected one or more a request'],
  ];
  test.each(cases)('%s', (_, [from, to], message) => {
    const broken = jsonl(trace).replace(from, to);
    expect(broken).not.toBe(jsonl(trace));
    expect(() => parseTrace(broken, 'cnn.jsonl')).toThrow(message);
    expect(() => parseTrace(broken, 'cnn.jsonl')).toThrow(/^cnn\.jsonl(, line \d+|: no rows)/);
  });
});

describe('conventions that a file states', () => {
  const uncounted = (text: string) =>
    text
      .replace('"bonusCounted":true', '"bonusCounted":false')
      .replaceAll(/1[ ,]3[ ,]1|1[ ,]8/g, (list) => list.replaceAll(/\d/g, (n) => String(Number(n) - 1)));

  test('lengths without the bonus token are those with it, less one', () => {
    const csv = uncounted(text)
      .replace('b,ngram,,2,1 1,', 'b,ngram,,2,0 0,')
      .replace('b,eagle3,,1,1,', 'b,eagle3,,1,0,');
    expect(parseTrace(csv, 'cnn.csv')).toEqual(trace);
    const lines = uncounted(jsonl(trace)).replace('[1,1]', '[0,0]').replace('[1]}', '[0]}');
    expect(parseTrace(lines, 'cnn.jsonl')).toEqual(trace);
  });

  test('files without any count it, as this program does', () => {
    expect(parseTrace(text.replace('"conventions":{"bonusCounted":true},', ''), 'cnn.csv')).toEqual(trace);
  });

  test('rates that are conditional become marginal', () => {
    const head =
      '{"specsim_trace":1,"kind":"rates","name":"n","provenance":{"source":"s","target":"t","dataset":"d"},' +
      '"conventions":{"bonusCounted":false,"rates":"conditional"}}\n';
    const record = parseRecord(`${head}{"label":"a","k":2,"meanLength":1.2,"conditional":[0.8,0.5]}\n`, 'f');
    expect(record).toMatchObject({ rates: [{ marginal: [0.8, 0.4], meanLength: 2.2 }] });
    expect(() => parseRecord(`${head}{"label":"a","marginal":[0.8]}\n`, 'f')).toThrow(
      'f, line 2: unknown field "marginal"',
    );
    expect(() => parseRecord(head.replace('conditional', 'joint'), 'f')).toThrow(
      'f, line 1: conventions.rates is "joint", expected marginal or conditional',
    );
  });
});

describe('CSV', () => {
  test('rows come with the lines they begin on', () => {
    expect([...csvRows('a,"b\nb"\n\nc,""\nd,', 'x.csv')]).toEqual([
      { line: 1, cells: ['a', 'b\nb'] },
      { line: 4, cells: ['c', ''] },
      { line: 5, cells: ['d', ''] },
    ]);
  });

  const tables = fc.array(fc.array(fc.string({ unit: fc.constantFrom(...'ab ",\n\r') }), { minLength: 2 }), {
    minLength: 1,
  });

  test('fast-csv reads what is written', async () => {
    await fc.assert(
      fc.asyncProperty(tables, async (table) => {
        const written = table.map((cells) => csvLine(cells)).join('');
        expect(await readWithFastCsv(written)).toEqual(table);
        expect([...csvRows(written, 'x.csv')].map((row) => row.cells)).toEqual(table);
      }),
    );
  });

  test('what fast-csv writes is read', async () => {
    await fc.assert(
      fc.asyncProperty(tables, async (table) => {
        const written = await writeToString(table);
        expect([...csvRows(written, 'x.csv')].map((row) => row.cells)).toEqual(table);
      }),
    );
  });
});

function readWithFastCsv(written: string): Promise<string[][]> {
  return new Promise((resolve, reject) => {
    const rows: string[][] = [];
    parseString<string[], string[]>(written)
      .on('error', reject)
      .on('data', (row: string[]) => rows.push(row))
      .on('end', () => resolve(rows));
  });
}

function traces(): fc.Arbitrary<AcceptanceTrace> {
  const word = fc.string({ unit: fc.constantFrom(...'a1,"\n\r# é{}') });
  const id = fc.string({ unit: fc.constantFrom(...'a1,"\n\r# é'), minLength: 1 });
  return fc.uniqueArray(id, { minLength: 1, maxLength: 5 }).chain((ids) => {
    const perRequest = <T>(item: fc.Arbitrary<T>) =>
      fc.array(item, { minLength: ids.length, maxLength: ids.length });
    const tokenIds = perRequest(fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { maxLength: 6 }));
    return fc
      .record({
        name: word,
        provenance: provenanceOf(word),
        outputLimit: fc.option(fc.integer({ min: 1, max: 9000 })),
        prompts: tokenIds,
        outputs: tokenIds,
        withTokens: fc.boolean(),
        drafters: fc.uniqueArray(
          fc.tuple(fc.constantFrom('ngram', 'eagle3', '1', '__proto__'), lengths(perRequest)),
          {
            selector: ([name]) => name,
          },
        ),
      })
      .map(({ prompts, outputs, withTokens, drafters, ...rest }) => ({
        ...rest,
        ids,
        promptTokens: Int32Array.from(prompts, (prompt) => prompt.length),
        outputTokens: Int32Array.from(outputs, (output) => output.length),
        drafters: new Map(drafters),
        tokens: withTokens ? flatTokens(prompts, outputs) : null,
      }));
  });
}

function lengths(perRequest: <T>(item: fc.Arbitrary<T>) => fc.Arbitrary<T[]>): fc.Arbitrary<PositionLengths> {
  return fc.integer({ min: 0, max: 254 }).chain((maxK) => {
    const round = fc
      .tuple(fc.integer({ min: 0, max: maxK }), fc.integer({ min: 0, max: maxK }))
      .map(([a, b]) => ({ proposed: Math.max(a, b), emitted: 1 + Math.min(a, b) }));
    return fc
      .record({
        rounds: perRequest(fc.array(round, { maxLength: 8 })),
        kind: fc.constantFrom('recording' as const, 'fitted' as const),
        proposed: fc.constantFrom('listed' as const, 'always' as const, 'unknown' as const),
      })
      .map(({ rounds, kind, proposed }) => {
        const offsets = offsetsOf(rounds.map((request) => request.map((each) => each.emitted)));
        const flat = (lists: number[][]) => flatten(lists, new Uint8Array(offsets.at(-1)!));
        const emitted = flat(
          rounds.map((request) => request.map((each, position) => (position === 0 ? 1 : each.emitted))),
        );
        const listed = flat(rounds.map((request) => request.map((each) => each.proposed)));
        return { maxK, offsets, emitted, proposed: proposed === 'listed' ? listed : proposed, kind };
      });
  });
}
