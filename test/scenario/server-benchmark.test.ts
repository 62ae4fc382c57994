/** Benchmarks of one's own server: what is read of each form, what is left out, and what cannot be read. */
import { describe, expect, it } from 'vitest';
import { isBenchmark, readBenchmarks } from '../../src/scenario/server-benchmark.ts';

const SERVER = { target: 'llama-3.1-8b', tp: 2 } as const;

const run = (more: object = {}) => ({
  backend: 'vllm',
  date: '20260401-101500',
  request_rate: 'inf',
  max_concurrency: 8,
  completed: 80,
  total_input_tokens: 40960,
  total_output_tokens: 10240,
  mean_ttft_ms: 58.7,
  mean_tpot_ms: 7.1,
  ...more,
});
const read = (value: object) => readBenchmarks(JSON.stringify(value), 'bench.json', SERVER);

describe('a benchmark of a server', () => {
  it('is told from a table', () => {
    expect(isBenchmark(' {"a": 1}')).toBe(true);
    expect(isBenchmark('# source: x\nmeasure,value\n')).toBe(false);
  });

  it('of vLLM is a closed load with means over requests, and names its engine by its date', () => {
    const { figures, profile } = read(run());
    expect(figures).toEqual([
      {
        measure: 'tpot_ms',
        value: 7.1,
        knownTo: 3,
        options: { ...SERVER, method: ['none'], batch: [8] },
        load: { promptTokens: 512, outputTokens: 128, concurrency: 8 },
        where: 'bench.json',
      },
    ]);
    expect(profile).toBe('vllm-0.19');
  });

  it('with details has the lengths of its requests', () => {
    const [figure] = read(run({ input_lens: [500, 700], output_lens: [100, 200] })).figures;
    expect(figure!.load).toMatchObject({ promptTokens: 600, outputTokens: 150 });
  });

  it('of SGLang is a line a run, whose rate is infinite in the way of Python', () => {
    const line = JSON.stringify(run({ backend: 'sglang', accept_length: null }));
    const text = [line, line.replace('"max_concurrency":8', '"max_concurrency":32')]
      .map((one) => one.replace('"inf"', 'Infinity'))
      .join('\n');
    const { figures, profile } = readBenchmarks(`${text}\n`, 'runs.jsonl', SERVER);
    expect(figures.map(({ load, where }) => [load!.concurrency, where])).toEqual([
      [8, 'runs.jsonl, line 1'],
      [32, 'runs.jsonl, line 2'],
    ]);
    expect(profile).toBe('sglang-0.5');
  });

  it('with a rate runs as many as it measured', () => {
    expect(read(run({ request_rate: 256, concurrency: 6.4 })).figures[0]!.load!.concurrency).toBe(6);
    expect(() => read(run({ request_rate: 4 }))).toThrow('bench.json: request_rate 4: a load with a rate');
  });

  it('of AIPerf has a metric a field', () => {
    const metric = (avg: number, unit: string) => ({ unit, avg });
    const { figures, profile } = read({
      time_to_first_token: metric(90, 'ms'),
      inter_token_latency: metric(11.2, 'ms'),
      input_sequence_length: metric(1024, 'tokens'),
      output_sequence_length: metric(256, 'tokens'),
      input_config: { loadgen: { concurrency: 32 } },
    });
    expect(figures[0]).toMatchObject({
      value: 11.2,
      load: { promptTokens: 1024, outputTokens: 256, concurrency: 32 },
    });
    expect(profile).toBeNull();
  });

  it('is left out where speculation was on or requests waited, with a word', () => {
    const runs = [run(), run({ spec_decode_num_drafts: 100 }), run({ mean_ttft_ms: 900 })];
    expect(readBenchmarks(JSON.stringify(runs), 'runs.json', SERVER).leftOut).toEqual([
      '1 of 3 runs of runs.json: speculation was on, expected plain decoding',
      '1 of 3 runs of runs.json: requests waited for memory',
    ]);
    expect(() => read(run({ accept_length: 2.6 }))).toThrow('no run is left of 1: speculation was on');
  });

  it.each([
    [{ mean_tpot_ms: 7.1 }, 'bench.json: field max_concurrency is missing'],
    [run({ mean_tpot_ms: -1 }), 'bench.json: mean_tpot_ms is -1'],
    [run({ completed: 0 }), 'bench.json: completed is 0'],
    [{ prompt_len: 3 }, 'expected mean_tpot_ms'],
    [
      { inter_token_latency: { unit: 'us', avg: 1 }, input_config: { loadgen: { concurrency: 1 } } },
      'missing',
    ],
  ])('is refused with its field: %j', (value, message) => {
    expect(() => read(value)).toThrow(message);
  });
});
