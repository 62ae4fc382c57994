/** Workloads as people have them: what tells each from the others, its units, and what is estimated and said. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Conversing, Open } from '../../src/engine/load.ts';
import { joinWorkload } from '../../src/workload/join.ts';
import { parseWorkload } from '../../src/workload/read.ts';
import { serve } from '../serving.ts';

const jsonl = (...items: readonly object[]) => items.map((item) => `${JSON.stringify(item)}\n`).join('');
const hashes = (count: number) => Array.from({ length: count }, (_, i) => i);

const bailian = jsonl(
  {
    chat_id: 4,
    parent_chat_id: -1,
    timestamp: 1.5,
    input_length: 40,
    output_length: 9,
    turn: 1,
    hash_ids: [0, 1, 2],
  },
  {
    chat_id: 5,
    parent_chat_id: 4,
    timestamp: 3.75,
    input_length: 33,
    output_length: 8,
    turn: 2,
    hash_ids: [0, 1, 3],
  },
);

describe('what a figure means is told by the format', () => {
  it.each<[string, string, { arrivals: number[]; prompts: number[]; outputs: number[]; block?: number }]>([
    ['Qwen Bailian JSONL', bailian, { arrivals: [0, 2.25], prompts: [40, 33], outputs: [9, 8], block: 16 }],
    [
      'ServeGen batch JSONL',
      jsonl(
        { request_id: 0, type: 'text', input_length: 61, output_length: 70, duration: 14 },
        { request_id: 1, type: 'text', input_length: 20, output_length: 3, hash_ids: [7, 8] },
      ),
      { arrivals: [0, 0], prompts: [61, 20], outputs: [70, 3], block: 16 },
    ],
    [
      'LLMServingSim JSONL',
      jsonl(
        { input_toks: 12, output_toks: 3, arrival_time_ns: 5e8, input_tok_ids: [1] },
        { input_toks: 13, output_toks: 4, arrival_time_ns: 2.5e9 },
      ),
      { arrivals: [0, 2], prompts: [12, 13], outputs: [3, 4] },
    ],
    [
      'SGLang autobench JSONL',
      jsonl(
        { prompt: [1, 2], prompt_len: 2, output_len: 5, timestamp: 200 },
        { prompt: 'x', prompt_len: 3, output_len: 6, timestamp: 700 },
      ),
      { arrivals: [0, 0.5], prompts: [2, 3], outputs: [5, 6] },
    ],
    [
      'ServeGen CSV',
      'request_id,timestamp,input_tokens,output_tokens\n0,1.5,10,20\n1,2.0,11,21\n',
      { arrivals: [0, 0.5], prompts: [10, 11], outputs: [20, 21] },
    ],
  ])('%s', (name, text, { arrivals, prompts, outputs, block }) => {
    const workload = parseWorkload(text, 'w');
    expect(workload.format).toBe(name);
    for (const [i, atS] of arrivals.entries()) expect(workload.arrivalS[i]).toBeCloseTo(atS, 9);
    expect([...workload.promptTokens]).toEqual(prompts);
    expect([...workload.outputTokens]).toEqual(outputs);
    expect(workload.prefixHashes?.blockTokens).toBe(block);
  });

  it('more hashes than blocks are of another format, in all that have hashes', () => {
    const stripped = bailian.replaceAll(/"(chat_id|parent_chat_id|turn)":-?\d+,/g, '');
    expect(() => parseWorkload(stripped, 'w')).toThrow(
      'w, line 1: hash_ids: got 3 hashes of a prompt of 40 tokens',
    );
    expect(() => parseWorkload(bailian.replace('[0,1,2]', JSON.stringify(hashes(4))), 'w')).toThrow(
      'expected at most 3 of 16 tokens each',
    );
    const batch = jsonl({
      request_id: 0,
      type: 'text',
      input_length: 16,
      output_length: 1,
      hash_ids: [1, 2],
    });
    expect(() => parseWorkload(batch, 'w')).toThrow('expected at most 1 of 16 tokens each');
  });

  it('content hashes alone are no workload', () => {
    const text = jsonl({ request_id: 0, type: 'text', input_length: 16, hash_ids: [1] });
    expect(() => parseWorkload(text, 'w')).toThrow('w, line 1: output_length: missing');
  });

  it('milliseconds that look like seconds are doubted', () => {
    const of = (...times: number[]) =>
      parseWorkload(
        jsonl(...times.map((timestamp) => ({ timestamp, input_length: 5, output_length: 5 }))),
        'w',
      ).notes;
    expect(of(1.5, 2.25, 7.125)).toEqual([expect.stringContaining('1000 times lower')]);
    expect(of(1500, 2250, 7125)).toEqual([]);
  });
});

describe('sessions', () => {
  it('turns wait for the one before, and come after their delay or at their time', () => {
    const workload = parseWorkload(
      jsonl(
        { timestamp: 1000, input_length: 7, output_length: 1 },
        { session_id: 'a', delay: 250, input_length: 8, output_length: 1 },
        { session_id: 'a', delay: 500, input_length: 9, output_length: 1 },
        { session_id: 'b', timestamp: 1100, input_length: 10, output_length: 1 },
        { session_id: 'b', delay: 50, input_length: 11, output_length: 1 },
      ),
      'w',
    );
    expect([...workload.promptTokens]).toEqual([7, 10, 11, 8, 9]);
    for (const [i, atS] of [0, 0.1, 0.15, 0.25, 0.75].entries())
      expect(workload.arrivalS[i]).toBeCloseTo(atS, 9);
    expect(workload.notes).toEqual([
      expect.stringContaining('turns of a session wait for the one before'),
      expect.stringContaining('prompts are as long as the file says'),
    ]);
    // In order of time: none, b, b, a, a.
    expect([...workload.turns!.first]).toEqual([0, 1, 3]);
    expect([...workload.turns!.next]).toEqual([-1, 2, -1, 4, -1]);
    expect([...workload.turns!.delayS]).toEqual([0, 0, 0.05, 0, 0.5]);
  });
});

describe('sessions as AIPerf replays them', () => {
  // 10 s to prefill a prompt, 1 s a token after the first.
  const turn = (session: string, output: number, when: object) => ({
    session_id: session,
    input_length: 5,
    output_length: output,
    ...when,
  });
  const served = (...rows: object[]) => {
    const { arrivalS, turns, promptTokens, outputTokens } = parseWorkload(jsonl(...rows), 'w');
    const starts = new Open(Float64Array.from(turns!.first, (r) => arrivalS[r]!));
    const run = serve({
      prompts: [...promptTokens],
      outputs: [...outputTokens],
      load: new Conversing(starts, turns!),
    });
    return run.finished.map(({ request, arrivalS: atS, endS }) => [request, atS, endS]);
  };

  it('by hand: after the end and the delay, at a later time of its own, at once where both are over', () => {
    const rows = [
      turn('a', 2, { timestamp: 0 }),
      turn('a', 1, { delay: 4000 }),
      turn('a', 1, { timestamp: 90_000 }),
      turn('a', 1, { timestamp: 91_000 }),
      turn('a', 1, {}),
    ];
    // The last come at 90 and, as the one before ends at 100, not at 91 but then.
    expect(served(...rows)).toEqual([
      [0, 0, 11],
      [1, 15, 25],
      [2, 90, 100],
      [3, 100, 110],
      [4, 110, 120],
    ]);
  });

  it('a file whose sessions have one turn each has none that wait', () => {
    const { turns, notes } = parseWorkload(
      jsonl(turn('a', 1, { timestamp: 0 }), turn('b', 1, { timestamp: 5 })),
      'w',
    );
    expect([turns, notes]).toEqual([null, []]);
  });
});

describe('texts', () => {
  const question = 'x'.repeat(80);

  it('ShareGPT: the first question and answer, four characters a token', () => {
    const conversation = (...turns: [string, string][]) => ({
      id: 'a',
      conversations: turns.map(([from, value]) => ({ from, value })),
    });
    const text = JSON.stringify([
      conversation(
        ['system', 'be kind'],
        ['human', question],
        ['gpt', 'y'.repeat(40)],
        ['human', 'z'],
        ['gpt', 'z'],
      ),
      conversation(['human', 'no answer']),
      conversation(['user', '\u4f60\u597d\u5417'], ['assistant', 'ok']),
    ]);
    const workload = parseWorkload(text, 'w');
    expect([...workload.promptTokens]).toEqual([20, 2]);
    expect([...workload.outputTokens]).toEqual([10, 1]);
    expect(workload.dropped).toBe(1);
    expect(workload.notes[0]).toContain('estimated');
    expect(workload.notes[1]).toContain('all come at once');
  });

  it('chat messages: the last answer, or a length that is stated', () => {
    const messages = [
      { role: 'system', content: 'z'.repeat(20) },
      { role: 'user', content: [{ type: 'text', text: question }, { type: 'image_url' }] },
    ];
    const text = jsonl(
      { messages: [...messages, { role: 'assistant', content: 'y'.repeat(40) }] },
      { custom_id: '1', method: 'POST', body: { messages, max_tokens: 64 } },
      { prompt: question, completion: 'y'.repeat(20) },
    );
    const workload = parseWorkload(text, 'w');
    expect([...workload.promptTokens]).toEqual([25, 25, 20]);
    expect([...workload.outputTokens]).toEqual([10, 64, 5]);
    expect(() => parseWorkload(jsonl({ messages }), 'w')).toThrow(
      'w, line 1: messages: the last one is of "user"',
    );
  });
});

it('a scrape: buckets as they are, means as they are, prompt and output unrelated', () => {
  const histogram = (name: string, counts: readonly [string, number][], sum: number) =>
    [
      ...counts.map(([le, count]) => `vllm:${name}_bucket{le="${le}",model_name="m"} ${count}`),
      `vllm:${name}_count{model_name="m"} ${counts.at(-1)![1]}`,
      `vllm:${name}_sum{model_name="m"} ${sum}`,
    ].join('\n');
  const text = `${histogram(
    'request_prompt_tokens',
    [
      ['100', 50],
      ['200', 100],
      ['+Inf', 100],
    ],
    10_000,
  )}\nvllm:other 3\n${histogram(
    'request_generation_tokens',
    [
      ['10', 100],
      ['20', 200],
      ['+Inf', 200],
    ],
    2000,
  )}\n`;
  const workload = parseWorkload(text, 'w');
  expect(workload.arrivalS).toHaveLength(100);
  const mean = (values: Int32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean(workload.promptTokens)).toBeCloseTo(100, 0);
  expect(mean(workload.outputTokens)).toBeCloseTo(10, 0);
  expect(workload.promptTokens.filter((tokens) => tokens <= 100)).toHaveLength(50);
  const correlation = (a: Int32Array, b: Int32Array) => {
    const [ma, mb] = [mean(a), mean(b)];
    let [ab, aa, bb] = [0, 0, 0];
    a.forEach((value, i) => {
      ab += (value - ma) * (b[i]! - mb);
      aa += (value - ma) ** 2;
      bb += (b[i]! - mb) ** 2;
    });
    return ab / Math.sqrt(aa * bb);
  };
  expect(Math.abs(correlation(workload.promptTokens, workload.outputTokens))).toBeLessThan(0.1);
  expect(() => parseWorkload('vllm:request_prompt_tokens_count 0\n', 'w')).toThrow(
    'no request in the histograms',
  );
});

it('a line of another kind first does not hide a format, and is counted', () => {
  const workload = parseWorkload(jsonl({ error: 'x' }) + bailian, 'w');
  expect(workload).toMatchObject({ format: 'Qwen Bailian JSONL', dropped: 1 });
});

it('UTF-16 is named', () => {
  const bytes = Buffer.from(`\uFEFF${bailian}`, 'utf16le');
  expect(() => parseWorkload(bytes.toString('utf8'), 'w')).toThrow('w, line 1: UTF-16 text, expected UTF-8');
});

it('outputs without end are refused before anything is made of them', () => {
  const outputTokens = new Int32Array(4).fill(2 ** 30);
  const lengths = { promptTokens: new Int32Array(4).fill(1), outputTokens };
  const trace = { name: 't', ids: ['a'], drafters: new Map() };
  expect(() => joinWorkload(lengths, trace as never, 1)).toThrow(
    'expected at most 1073741824: take fewer with --requests',
  );
});

const SHARED = fileURLToPath(new URL('../../../shared/data/', import.meta.url));
if (!existsSync(SHARED)) {
  console.warn(`SKIPPED, no workloads of the field: there is no folder ${SHARED}`);
  it.skip('workloads of the field: SKIPPED, there is no folder of them', () => {});
} else {
  it.each([
    ['cases/mooncake-like-bailian.jsonl', 'Qwen Bailian JSONL'],
    ['formats/llmservingsim.jsonl', 'LLMServingSim JSONL'],
    ['formats/sharegpt.json', 'ShareGPT JSON'],
    ['formats/sglang_autobench.jsonl', 'SGLang autobench JSONL'],
    ['formats/mooncake.jsonl', 'Mooncake JSONL'],
  ])('%s is %s', (name, format) => {
    const text = readFileSync(`${SHARED}${name}`, 'utf8');
    const workload = parseWorkload(text, name);
    expect(workload.format).toBe(format);
    if (format !== 'Qwen Bailian JSONL') return;
    const { length } = workload.arrivalS;
    expect(Math.abs((length - 1) / workload.arrivalS[length - 1]! / 0.461 - 1)).toBeLessThan(0.03);
    const stripped = text.replaceAll(/"(chat_id|parent_chat_id|turn)": -?\d+, |"type": "[a-z]+", /g, '');
    expect(() => parseWorkload(stripped, name)).toThrow('hash_ids');
  });
}
