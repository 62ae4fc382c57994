import { describe, expect, test } from 'vitest';
import { parseTrace } from '../../../src/trace/read.ts';

const WHERE = 'somewhere/combined_cnn.jsonl';

const good = {
  id: '7',
  prompt_token_ids: [1, 2, 3, 4, 5, 6],
  generated_token_ids: [1, 2, 3, 4, 9],
  acc_eagle: { acc_len: [1, 3, 1, 21] },
  acc_ngram: { acc_len: [1, 1, 2, 2, 9] },
};

function jsonl(...lines: object[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

describe('SpecDecode-Bench JSONL', () => {
  test('fields become the trace', () => {
    const trace = parseTrace(
      jsonl(good, { ...good, id: 8, generated_token_ids: [1], acc_ngram: { acc_len: [1] } }),
      WHERE,
    );
    expect(trace.name).toBe('cnn');
    expect(trace.provenance).toEqual({
      source: 'SpecDecode-Bench/simulator',
      target: 'llama-3.1-8b',
      dataset: 'cnn',
      engine: 'vllm 0.10.1',
      licence: null,
    });
    expect(trace.ids).toEqual(['7', '8']);
    expect([...trace.promptTokens]).toEqual([6, 6]);
    expect([...trace.outputTokens]).toEqual([5, 1]);
    expect(trace.outputLimit).toBe(8192);
    expect([...trace.drafters.keys()]).toEqual(['ngram', 'eagle3']);
    const eagle = trace.drafters.get('eagle3')!;
    expect(eagle).toMatchObject({ maxK: 20, kind: 'recording', proposed: 'always' });
    expect([...eagle.offsets]).toEqual([0, 4, 8]);
    expect([...eagle.emitted]).toEqual([1, 3, 1, 21, 1, 3, 1, 21]);
    expect([...trace.tokens!.output]).toEqual([1, 2, 3, 4, 9, 1]);
  });

  test('n-gram lengths stay as recorded; proposals are looked up, and cover what was accepted', () => {
    const ngram = parseTrace(jsonl(good), WHERE).drafters.get('ngram')!;
    expect([...ngram.emitted]).toEqual([1, 1, 2, 2, 9]);
    // Look-up finds 0 0 0 6 6: position 2 was accepted without a match, position 4 beyond the match.
    expect([...(ngram.proposed as Uint8Array)]).toEqual([0, 0, 1, 6, 8]);
  });

  test('the data set is the name of a file that has another one', () => {
    expect(parseTrace(jsonl(good), 'C:\\runs\\mine.jsonl').name).toBe('mine');
    expect(parseTrace(jsonl(good), 'chat').name).toBe('chat');
  });

  test('blank lines, carriage returns, a byte order mark and a missing last line end are no errors', () => {
    const line = JSON.stringify(good);
    const trace = parseTrace(`\uFEFF${line}\r\n\r\n${line.replace('"7"', '"8"')}`, WHERE);
    expect(trace.ids).toEqual(['7', '8']);
  });
});

describe('errors of SpecDecode-Bench JSONL', () => {
  const second = jsonl({ ...good, id: 'first' });
  const without = (field: keyof typeof good) => {
    const { [field]: _, ...rest } = good;
    return rest;
  };
  const cases: [string, string, string][] = [
    [
      'a last line that is cut off',
      JSON.stringify(good).slice(0, -30),
      'line 2: the json object is cut off, its last characters are',
    ],
    ['a line that is no json', '\x00\x01\xFFjunk\n', 'line 2: bytes that are not UTF-8 text'],
    ['a line that is no object', '[1, 2]\n', 'line 2: the line is [1,2], expected an object'],
    ...(Object.keys(good) as (keyof typeof good)[]).map((field): [string, string, string] => [
      `no ${field}`,
      jsonl(without(field)),
      `line 2: field ${field} is missing`,
    ]),
    ['an id twice', jsonl({ ...good, id: 'first' }), 'line 2: id "first" was on line 1 already'],
    ['an id of another type', jsonl({ ...good, id: null }), 'line 2: id is null, expected a text'],
    [
      'an n-gram recording of another length',
      jsonl({ ...good, acc_ngram: { acc_len: [1, 1] } }),
      'line 2: acc_ngram.acc_len has 2 elements, expected 5 as in generated_token_ids',
    ],
    [
      'a length over k + 1',
      jsonl({ ...good, acc_eagle: { acc_len: [1, 22] } }),
      'line 2: acc_eagle.acc_len[1] is 22, expected an integer 1 to 21',
    ],
    [
      'a length of nothing',
      jsonl({ ...good, acc_eagle: { acc_len: [1, 0] } }),
      'line 2: acc_eagle.acc_len[1] is 0, expected an integer 1 to 21',
    ],
    [
      'a length that is no integer',
      jsonl({ ...good, acc_eagle: { acc_len: [1, '2'] } }),
      'line 2: acc_eagle.acc_len[1] is "2", expected an integer 1 to 21',
    ],
    [
      'a first length over 1',
      jsonl({ ...good, acc_eagle: { acc_len: [2, 1] } }),
      'line 2: acc_eagle.acc_len[0] is 2, expected 1, the token that the prefill emits',
    ],
    ['no lengths', jsonl({ ...good, acc_eagle: { acc_len: [] } }), 'line 2: acc_eagle.acc_len is empty'],
    [
      'lengths that are no list',
      jsonl({ ...good, acc_eagle: 3 }),
      'line 2: acc_eagle is 3, expected an object',
    ],
    [
      'a token id below 0',
      jsonl({ ...good, prompt_token_ids: [-1] }),
      'line 2: prompt_token_ids[0] is -1, expected an integer 0 to 2147483647',
    ],
  ];
  test.each(cases)('%s', (_, line, message) => {
    expect(() => parseTrace(second + line, WHERE)).toThrow(`${WHERE}, ${message}`);
  });
});
