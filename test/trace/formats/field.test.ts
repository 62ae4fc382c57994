/**
 * Files as people have them: wordings of engines from their first version on, logs inside of collectors, streams, idle
 * intervals, failed requests, rounds that drafted taken apart from all rounds. The figures are invented; the cases
 * beside the project, where they are, are read as well.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { canonicalJsonl } from '../../../src/trace/formats/canonical-jsonl.ts';
import { NOTHING_STATED, type Stated } from '../../../src/trace/formats/format.ts';
import { FORMATS } from '../../../src/trace/formats/index.ts';
import { draftsOf, pooled, tokensOverAllRounds, traceOfRates } from '../../../src/trace/rates.ts';
import { formatNames, parseRecord } from '../../../src/trace/read.ts';
import type { AcceptanceRecord, Rates, RatesRecord } from '../../../src/trace/record.ts';
import { tokensPerRound } from '../../../src/trace/statistics.ts';
import { SAMPLES, scrape } from '../../acceptance-samples.ts';

const ratesIn = (text: string, stated: Partial<Stated> = {}): RatesRecord => {
  const record = parseRecord(text, 'f', { ...NOTHING_STATED, ...stated });
  expect(record.kind).toBe('rates');
  return record as RatesRecord;
};
const all = (text: string, stated: Partial<Stated> = {}): Rates => pooled(ratesIn(text, stated).rates, 'all');
const json = (...items: readonly object[]): string =>
  items.map((item) => `${JSON.stringify(item)}\n`).join('');

/** What a fitted run of the rates shows: tokens a round, and drafted tokens a round, over all rounds. */
function replayed(record: RatesRecord, k: number | null = null): { tokens: number; drafted: number } {
  const asked = { requests: 200, promptTokens: 10, outputTokens: 200, seed: 1, k };
  const lengths = [...traceOfRates(record, asked, 'f').drafters.values()][0]!;
  let [rounds, drafted] = [0, 0];
  for (let r = 0; r + 1 < lengths.offsets.length; r++) {
    for (let at = lengths.offsets[r]! + 1; at < lengths.offsets[r + 1]!; at += lengths.emitted[at]!) {
      rounds++;
      drafted += lengths.proposed instanceof Uint8Array ? lengths.proposed[at]! : lengths.maxK;
    }
  }
  return { tokens: tokensPerRound(lengths, lengths.maxK), drafted: drafted / rounds };
}

describe('rounds that drafted are not all rounds', () => {
  // 100 of 400 rounds draft 3 tokens and accept 150 of them: 550 tokens after those of the prefill of 5 requests.
  const spec = {
    spec_decode_num_drafts: 100,
    spec_decode_draft_tokens: 300,
    spec_decode_accepted_tokens: 150,
  };
  const labels = '{model_name="m"}';
  const files: Record<string, string> = {
    'vllm-log':
      'INFO Engine 000: Avg prompt throughput: 1.0 tokens/s, Avg generation throughput: 55.0 tokens/s, Running: 5 reqs\n' +
      'INFO SpecDecoding metrics: Mean acceptance length: 2.50, Accepted throughput: 15.00 tokens/s, Drafted throughput: 30.00 tokens/s, Accepted: 150 tokens, Drafted: 300 tokens, Per-position acceptance rate: 0.800, 0.500, 0.200, Avg Draft acceptance rate: 50.0%\n',
    'vllm-bench': json({
      ...spec,
      spec_decode_acceptance_length: 2.5,
      total_output_tokens: 555,
      completed: 5,
    }),
    'bench-summary':
      'Successful requests: 5\nTotal generated tokens: 555\nAcceptance length: 2.50\nDrafts: 100\nDraft tokens: 300\nAccepted tokens: 150\n',
    'vllm-offline':
      'total_num_output_tokens: 550\nnum_drafts: 100\nnum_draft_tokens: 300\nnum_accepted_tokens: 150\nmean acceptance length: 2.50\n',
    'vllm-prometheus': [
      `vllm:spec_decode_num_drafts_total${labels} 100`,
      `vllm:spec_decode_num_draft_tokens_total${labels} 300`,
      `vllm:spec_decode_num_accepted_tokens_total${labels} 150`,
      `vllm:generation_tokens_total${labels} 555`,
      `vllm:time_to_first_token_seconds_count${labels} 5`,
      '',
    ].join('\n'),
    'vllm-detailed': json({
      usage: { completion_tokens: 551 },
      metrics: {
        speculative_decoding: { num_spec_steps: 100, num_draft_tokens: 300, num_accepted_draft_tokens: 150 },
      },
    }),
    'trtllm-iterations': json({
      inflightBatchingStats: { numGenRequests: 400 },
      specDecodingStats: { numDraftTokens: 300, numAcceptedTokens: 150, numRequestsWithDraftTokens: 100 },
    }),
  };
  it.each(Object.entries(files))('%s: 1 + 1.5 / 4 tokens a round, 0.75 drafted', (name, text) => {
    const record = parseRecord(text, 'f', NOTHING_STATED, name) as RatesRecord;
    const together = pooled(record.rates, 'all');
    expect(together).toMatchObject({ rounds: 100, draftedTokens: 300, roundsWithoutProposal: 300 });
    expect(tokensOverAllRounds(together)).toBeCloseTo(1.375, 9);
    const { tokens, drafted } = replayed(record);
    expect(Math.abs(tokens - 1.375)).toBeLessThan(0.02);
    expect(Math.abs(drafted - 0.75)).toBeLessThan(0.03);
  });

  it('llama.cpp says it by its tokens', () => {
    const server = json({ timings: { predicted_n: 551, draft_n: 300, draft_n_accepted: 150 } });
    expect(tokensOverAllRounds(all(server))).toBeCloseTo(1.375, 12);
    const log =
      'slot print_timing: task 7 |        eval time =  99.00 ms /   551 tokens\n' +
      'slot print_timing: task 7 | draft acceptance = 0.50000 (  150 accepted /   300 generated)\n';
    expect(tokensOverAllRounds(all(log))).toBeCloseTo(1.375, 12);
    expect(all(SAMPLES['llamacpp-log']!).roundsWithoutProposal).toBeNull();
  });

  it('a twentieth more tokens than rounds explain is first tokens, not rounds', () => {
    const text = files['vllm-bench']!.replace('555', '260');
    expect(all(text).roundsWithoutProposal).toBe(0);
    expect(all(text.replace('260', '200')).roundsWithoutProposal).toBe(0);
  });

  it('two scrapes leave what lies between them', () => {
    expect(all(scrape(1)).roundsWithoutProposal).toBeNull();
  });

  it('where the file has no answer, none is given', () => {
    for (const name of ['vllm-log', 'vllm-v0-log', 'speculators-csv', 'vllm-bench'])
      expect(tokensOverAllRounds(all(SAMPLES[name]!))).toBeNull();
  });
});

describe('parts that are pooled', () => {
  const line = (mean: number, accepted: number, drafted: number, shares: readonly number[]) =>
    `SpecDecoding metrics: Mean acceptance length: ${mean.toFixed(2)}, Accepted: ${accepted} tokens, Drafted: ${drafted} tokens, Per-position acceptance rate: ${shares.map((share) => share.toFixed(3)).join(', ')}, Avg Draft acceptance rate: 1.0%\n`;

  it('positions that a part did not draft are unknown, not rejected', () => {
    const text = line(2.6, 1600, 3000, [0.8, 0.5, 0.3]) + line(1.5, 1000, 2000, [0.5]);
    const together = all(text);
    // 1,000 rounds of 3 and 2,000 of 1; 0.6 of all pass the first, and of those that drafted on 5 in 8, then 3 in 5.
    expect(together.rounds).toBe(3000);
    for (const [i, share] of [0.6, 0.375, 0.225].entries())
      expect(together.marginal![i]).toBeCloseTo(share, 9);
    expect(together.meanLength).toBeCloseTo((1000 * 2.6 + 2000 * 1.5) / 3000, 9);
    const again = parseRecord([...canonicalJsonl(ratesIn(text))].join(''), 'f') as RatesRecord;
    expect(pooled(again.rates, 'all')).toEqual(together);
    expect(replayed(ratesIn(text)).drafted).toBeCloseTo(3, 9);
  });

  it('an interval of a fixed number of steps weighs its requests', () => {
    const decode = (running: number, length: string, rate: string) =>
      `[2026-01-01] Decode batch, #running-req: ${running}, accept len: ${length}, accept rate: ${rate}, cuda graph: True\n`;
    const older = all(decode(1, '3.00', '0.75') + decode(9, '2.00', '0.50'));
    expect(older).toMatchObject({ k: 3, rounds: null });
    expect(older.meanLength).toBeCloseTo(2.1, 12);
    // Accepted drafts over k: the newer rate.
    expect(all(decode(1, '3.00', '0.67') + decode(9, '2.00', '0.33')).k).toBe(3);
    // Neither fits all lines.
    expect(all(decode(1, '3.00', '0.75') + decode(9, '2.00', '0.33')).k).toBeNull();
  });

  it('runs of a benchmark weigh their rounds', () => {
    const run = (completed: number, tokens: number, length: number) => ({
      backend: 'sglang',
      completed,
      total_output_tokens: tokens,
      accept_length: length,
    });
    // 300 rounds of 2 tokens, and 100 of 4.
    expect(all(json(run(1, 601, 2), run(1, 401, 4))).meanLength).toBeCloseTo(2.5, 12);
  });

  it('histograms end at the most that was accepted: what is not there was rejected', () => {
    const response = (id: string, histogram: number[]) => ({
      meta_info: { id, spec_verify_ct: 4, spec_draft_token_num: 12, spec_accept_histogram: histogram },
    });
    const together = all(json(response('a', [2, 2]), response('b', [1, 1, 1, 1])));
    expect(together.k).toBe(3);
    for (const [i, share] of [5 / 8, 2 / 8, 1 / 8].entries())
      expect(together.marginal![i]).toBeCloseTo(share, 12);
  });
});

describe('impossible totals', () => {
  it.each([
    ['SpecDecoding metrics: Accepted: 9 tokens, Drafted: 4 tokens\n', '9 drafts accepted of 4'],
    [
      'SpecDecoding metrics: Mean acceptance length: 2.60, Accepted: 1600 tokens, Drafted: 9000 tokens, Per-position acceptance rate: 0.800, 0.500, 0.300\n',
      'do not fit the mean length 2.6',
    ],
    [
      'SpecDecoding metrics: Mean acceptance length: 1.20, Accepted: 1600 tokens, Drafted: 3000 tokens, Per-position acceptance rate: 0.800, 0.500, 0.300\n',
      'do not fit the mean length 1.2',
    ],
    [
      'Speculative metrics: Number of speculative tokens: 4, Number of accepted tokens: 1, Number of draft tokens: 40, Number of emitted tokens: 9.\n',
      '9 tokens emitted',
    ],
    ['num_drafts: 10\nnum_draft_tokens: 30\nnum_accepted_tokens: 40\n', '40 drafts accepted of 30'],
    [
      'num_drafts: 10\nnum_accepted_tokens: 15\nmean acceptance length: 1.90\n',
      'mean acceptance length is 1.9',
    ],
    ['Drafts: 10\nAcceptance length: 2.50\nAccepted tokens: 5\n', 'acceptance length is 2.5'],
    ['n_draft = 5\nn_predict = 20\nn_drafted = 10\nn_accept = 20\n', '20 drafts accepted of 20 predicted'],
    [
      'n_draft = 2\nn_predict = 101\nn_drafted = 400\nn_accept = 50\n',
      '400 tokens drafted in 50 rounds of at most 2',
    ],
    ['  p  pred= 10 draft= 5 acc= 8\n', '8 drafts accepted of 5'],
    [
      json({
        meta_info: { spec_verify_ct: 10, spec_draft_token_num: 310, spec_accept_histogram: [5, 4, 1] },
      }),
      '31 tokens are drafted a round, and none accepts more than 2: a tree',
    ],
    [
      json({ mt: [{ steps: 3, topk: 8, num_draft_tokens: 32, metrics: [{ accept_length: 2 }] }] }),
      'mt[0].topk is 8: a tree',
    ],
    [
      json({
        specDecodingStats: {
          numDraftTokens: 30,
          numAcceptedTokens: 10,
          numRequestsWithDraftTokens: 10,
          acceptanceLength: 3,
        },
      }),
      'specDecodingStats.acceptanceLength is 3, expected 2',
    ],
    [
      'vllm:spec_decode_num_drafts_total 10\nvllm:spec_decode_num_draft_tokens_total 90\nvllm:spec_decode_num_accepted_tokens_total 5\nvllm:spec_decode_num_accepted_tokens_per_pos_total{position="0"} 5\n',
      '90 tokens drafted in 10 rounds of at most 1',
    ],
    [
      'num_drafts,num_draft_tokens,num_accepted_tokens,acceptance_length,acceptance_at_pos_0\n10,10,5,1.5,0.9\n',
      'the sum of the shares by position is 0.9, expected 0.5',
    ],
  ])('%j is refused', (text, message) => {
    expect(() => ratesIn(text)).toThrow(UserError);
    expect(() => ratesIn(text)).toThrow(message);
  });

  it('who says that it was a chain is believed', () => {
    const text = json({
      meta_info: { spec_verify_ct: 10, spec_draft_token_num: 40, spec_accept_histogram: [5, 5] },
    });
    expect(all(text, { drafting: 'chain' })).toMatchObject({ k: 4, marginal: [0.5, 0, 0, 0] });
    expect(() => ratesIn(text, { drafting: 'tree' })).toThrow('a tree');
  });
});

describe('what is drafted is what is paid', () => {
  it('on average, where rounds drafted fewer than k', () => {
    const record = ratesIn('n_draft = 5\nn_predict = 301\nn_drafted = 320\nn_accept = 200\n');
    const { tokens, drafted } = replayed(record);
    expect(Math.abs(tokens - 3)).toBeLessThan(0.06);
    expect(Math.abs(drafted - 3.2)).toBeLessThan(0.06);
  });

  it('where nobody says how far, as many as were drafted', () => {
    const text = json({ timings: { predicted_n: 121, draft_n: 100, draft_n_accepted: 80 } });
    const record = ratesIn(text);
    expect(draftsOf(record.rates, null, 'f').rates).toHaveLength(3);
    expect(Math.abs(replayed(record).drafted - 2.5)).toBeLessThan(0.06);
  });

  it('a mean length is taken at the k asked for, which it has to fit', () => {
    const record = ratesIn(SAMPLES['sglang-bench']!);
    expect(replayed(record, 2).drafted).toBe(2);
    expect(() => replayed(record, 1)).toThrow('expected a draft length of at least 2, not 1');
    expect(() => replayed(record, null)).toThrow('specsim trace import f --k K');
  });
});

const OF_RATES = FORMATS.filter(
  ({ whole, name }) => whole !== true && !['answers', 'frontier', 'confidence-rounds'].includes(name),
);
const LINES = OF_RATES.filter(({ items }) => items === 'lines').map(({ name }) => name);
const JSONS = FORMATS.filter(({ items, whole }) => items === 'json' && whole !== true).map(
  ({ name }) => name,
);
const compact = (name: string) => {
  const text = SAMPLES[name]!;
  return text.trim().includes('\n}') ? `${JSON.stringify(JSON.parse(text))}\n` : text;
};
const withoutNotes = (record: AcceptanceRecord): AcceptanceRecord => {
  const { notes: _, ...rest } = record;
  return rest as AcceptanceRecord;
};

describe('a format is told by the whole head of a file', () => {
  // A table's header, and a scrape's comments, are their own first lines.
  const inLogs = LINES.filter((name) => !['speculators-csv', 'inferencex'].includes(name));

  it.each(inLogs)('%s: behind lines that say nothing', (name) => {
    const text = `[2026-01-01 00:00:00] {starting}\n${'[1] loading\n'.repeat(3000)}${SAMPLES[name]!}`;
    expect(withoutNotes(parseRecord(text, 'f'))).toEqual(withoutNotes(parseRecord(SAMPLES[name]!, 'f')));
  });

  it.each(inLogs)('%s: inside the JSON of log collectors', (name) => {
    const lines = SAMPLES[name]!.split('\n');
    for (const field of ['log', 'MESSAGE', 'message', 'msg', 'line', 'textPayload']) {
      const text = lines
        .map((line) => `${JSON.stringify({ time: '2026-01-01', [field]: `${line}\n`, stream: 'stderr' })}\n`)
        .join('');
      expect(withoutNotes(parseRecord(text, 'f'))).toEqual(withoutNotes(parseRecord(SAMPLES[name]!, 'f')));
    }
  });

  const inPrefixedLogs = inLogs.filter((name) => /log/.test(name));
  it.each(inPrefixedLogs)('%s: behind a prefix in brackets', (name) => {
    const text = SAMPLES[name]!.split('\n')
      .map((line) => `[40021] ${line}`)
      .join('\n');
    expect(withoutNotes(parseRecord(text, 'f'))).toEqual(withoutNotes(parseRecord(SAMPLES[name]!, 'f')));
  });

  it.each(JSONS)('%s: after an item that failed, which is counted', (name) => {
    const failed = json({ error: { message: 'out of memory', code: 500 } });
    const record = parseRecord(`${failed}${failed}\n${compact(name)}`, 'f');
    expect(withoutNotes(record)).toEqual(withoutNotes(parseRecord(compact(name), 'f')));
    expect(record.notes).toContain('f: 2 parts that say nothing of acceptance are left out');
  });

  it.each(JSONS)('%s: as a stream, and as a list', (name) => {
    const lines = compact(name).trim().split('\n');
    const stream = `event: x\n${lines.map((line) => `data: ${line}\n\n`).join('')}data: [DONE]\n`;
    expect(withoutNotes(parseRecord(stream, 'f'))).toEqual(withoutNotes(parseRecord(compact(name), 'f')));
    const list = `[\n${lines.join(',\n')}\n]`;
    expect(withoutNotes(parseRecord(list, 'f'))).toEqual(withoutNotes(parseRecord(compact(name), 'f')));
  });

  it('names the format that is almost as likely', () => {
    const both = SAMPLES['vllm-log']! + SAMPLES['sglang-log']!;
    expect(parseRecord(both, 'f').notes![0]).toContain('also looks like SGLang log (--from sglang-log)');
    expect(() => parseRecord(both.replace('2.50', 'x'), 'f')).toThrow(
      '(or is the file SGLang log? --from sglang-log)',
    );
    expect(parseRecord(SAMPLES['vllm-log']!.repeat(3) + SAMPLES['sglang-log']!, 'f').notes).toBeUndefined();
  });

  it('is not misled by fields of another format', () => {
    const item = JSON.parse(SAMPLES['vllm-detailed']!);
    expect(parseRecord(json({ prompt_token_ids: [1], ...item }), 'f').kind).toBe('step-indexed');
  });
});

describe('one part without drafts', () => {
  it.each([
    [
      'vllm-log',
      'SpecDecoding metrics: Draft acceptance rate: nan%, Accepted: 0 tokens, Drafted: 0 tokens\n',
    ],
    ['sglang-log', 'Decode batch, #running-req: 0, accept len: 0.00, accept rate: 0.00\n'],
    [
      'vllm-v0-log',
      'Speculative metrics: Number of speculative tokens: 3, Number of accepted tokens: 0, Number of draft tokens: 0, Number of emitted tokens: 0.\n',
    ],
    ['sglang-generate', json({ meta_info: { id: 'z', spec_verify_ct: 0 } })],
    ['sglang-bench', json({ backend: 'sglang', output_throughput: 1, accept_length: null })],
    ['vllm-bench', json({ spec_decode_num_drafts: 0, spec_decode_acceptance_length: null })],
    ['vllm-detailed', json({ id: 'z', metrics: { speculative_decoding: null } })],
    ['trtllm-bench', json({ decoding_stats: { num_draft_tokens_percentiles: null } })],
  ])('%s: is left out and counted', (name, text) => {
    const record = parseRecord(text + compact(name), 'f', NOTHING_STATED, name);
    const others = parseRecord(compact(name), 'f', NOTHING_STATED, name);
    if (record.kind === 'rates') {
      expect(pooled(record.rates, 'x')).toEqual(pooled((others as RatesRecord).rates, 'x'));
    }
    expect(record.notes).toContain('f: 1 part that says nothing of acceptance is left out');
  });

  it('llama.cpp: a response without drafts is a token a round', () => {
    const text = json(
      { timings: { predicted_n: 11 } },
      { timings: { predicted_n: 16, draft_n: 12, draft_n_accepted: 9 } },
    );
    expect(all(text)).toMatchObject({
      rounds: 6,
      draftedTokens: 12,
      roundsWithoutProposal: 10,
      meanLength: 2.5,
    });
  });

  it('a request without a round does not take the mean of the others away', () => {
    const spec = (rounds: number) => ({
      num_spec_steps: rounds,
      num_draft_tokens: 3 * rounds,
      num_accepted_draft_tokens: 2 * rounds,
    });
    const text = json(
      { metrics: { speculative_decoding: spec(0) } },
      { metrics: { speculative_decoding: spec(4) } },
    );
    expect(all(text)).toMatchObject({ rounds: 4, meanLength: 3 });
  });

  it('chunks of a stream repeat the figures so far: the last one counts', () => {
    const chunk = (done: boolean, n: number) => ({
      choices: [{ delta: {}, finish_reason: done ? 'stop' : null }],
      timings: { predicted_n: 5 * n + 1, draft_n: 3 * n, draft_n_accepted: 2 * n },
    });
    expect(all(json(chunk(false, 2), chunk(false, 7), chunk(true, 10)))).toMatchObject({ draftedTokens: 30 });
  });
});

describe('wordings', () => {
  it('the first of vLLM V1 has totals alone, which a draft length turns into rounds', () => {
    const text =
      'SpecDecoding metrics: Draft acceptance rate: 50.0%, Accepted: 20 tokens, Drafted: 40 tokens\n';
    expect(all(text)).toMatchObject({
      draftedTokens: 40,
      acceptedTokens: 20,
      rounds: null,
      meanLength: null,
    });
    expect(all(text, { k: 4 })).toMatchObject({ k: 4, rounds: 10, meanLength: 3 });
    expect(() => all(text, { k: 1 })).not.toThrow();
  });

  it('rounds come from the drafted tokens where the mean is rounded', () => {
    // 1.01 is 1.005 to 1.015: 1,000 to 3,000 rounds by the mean, 2,000 by the drafts.
    const text =
      'SpecDecoding metrics: Draft acceptance rate: 0.5%, Mean acceptance length: 1.01, Accepted: 15 tokens, Drafted: 6000 tokens, Per-position acceptance rate: 0.006, 0.001, 0.000\n';
    expect(all(text)).toMatchObject({ rounds: 2000, k: 3 });
  });

  it('a depth that changes is that of its interval', () => {
    const text =
      'SpecDecoding metrics: Mean acceptance length: 2.00, Current speculative depth: 2, Accepted: 20 tokens, Drafted: 40 tokens, Per-position acceptance rate: 0.600, 0.400, Avg Draft acceptance rate: 50.0%\n';
    expect(all(text)).toMatchObject({ k: 2, rounds: 20 });
  });

  it('running totals of vLLM V0 count once, until a restart', () => {
    const line = (drafted: number, emitted: number) =>
      `Speculative metrics: Number of speculative tokens: 2, Number of accepted tokens: 1, Number of draft tokens: ${drafted}, Number of emitted tokens: ${emitted}.\n`;
    const record = ratesIn(line(20, 15) + line(40, 32) + line(10, 6));
    expect(record.rates.map(({ draftedTokens }) => draftedTokens)).toEqual([40, 10]);
    expect(pooled(record.rates, 'all')).toMatchObject({ rounds: 25, acceptedTokens: 13 });
  });

  it('counters of V0 need the draft length', () => {
    const text =
      'vllm:spec_decode_num_draft_tokens_total 40\nvllm:spec_decode_num_emitted_tokens_total 32\nvllm:spec_decode_num_accepted_tokens_total 30\n';
    expect(() => all(text)).toThrow('--k K');
    expect(all(text, { k: 2 })).toMatchObject({ rounds: 20, acceptedTokens: 12, meanLength: 1.6 });
  });

  it('counters under another prefix, replicas added up, unknown ones passed over', () => {
    const of = (replica: string) =>
      scrape(1)
        .replaceAll('vllm:', 'ray_vllm_')
        .replaceAll('engine="0"', `engine="0",ReplicaId="${replica}"`);
    const text = `${of('a')}ray_vllm_spec_decode_num_something_total 3\n${of('b')}`;
    expect(all(text)).toMatchObject({ rounds: 20, draftedTokens: 60, k: 3 });
  });

  it('gauges of SGLang: a rank of tensor parallelism repeats another, one of data parallelism does not', () => {
    const gauge = (dp: number, tp: number, length: number, running: number) =>
      `sglang:spec_accept_length{dp_rank="${dp}",tp_rank="${tp}"} ${length}\nsglang:num_running_reqs{dp_rank="${dp}",tp_rank="${tp}"} ${running}\n`;
    const record = ratesIn(gauge(0, 0, 3, 1) + gauge(0, 1, 3, 1) + gauge(1, 0, 2, 3));
    expect(record.rates).toHaveLength(2);
    expect(pooled(record.rates, 'all').meanLength).toBeCloseTo(2.25, 12);
  });

  it('trtllm-bench counts the prefill as an iteration', () => {
    // 2 requests of 13.5 tokens: 5 rounds after the prefill each, which accept 7.5 of 15 drafts.
    for (const name of ['trtllm-bench', 'trtllm-bench-summary'])
      expect(all(SAMPLES[name]!)).toMatchObject({
        k: 3,
        rounds: 10,
        draftedTokens: 30,
        acceptedTokens: 15,
        meanLength: 2.5,
      });
  });

  it('several printed summaries are several parts', () => {
    expect(ratesIn(SAMPLES['bench-summary']!.repeat(2)).rates).toHaveLength(2);
    expect(ratesIn(SAMPLES['vllm-offline']!.repeat(2)).rates).toHaveLength(2);
    expect(
      all('Successful requests: 2\nTotal generated tokens: 27\nAccept length:      2.50\n').meanLength,
    ).toBe(2.5);
  });
});

describe('messages', () => {
  it('a name may be given', () => {
    expect(ratesIn(SAMPLES['vllm-log']!, { name: 'night' })).toMatchObject({
      name: 'night',
      provenance: { dataset: 'night' },
    });
  });

  it.each(['utf16le', 'utf16be'])('%s is named, UTF-8 with a byte order mark is read', (encoding) => {
    const text = SAMPLES['vllm-log']!;
    const bytes = Buffer.from(`\uFEFF${text}`, 'utf16le');
    if (encoding === 'utf16be') bytes.swap16();
    expect(() => parseRecord(bytes.toString('utf8'), 'f')).toThrow('f: UTF-16 text, expected UTF-8 (iconv');
    expect(parseRecord(`\uFEFF${text}`, 'f')).toEqual(parseRecord(text, 'f'));
  });

  it('json nested without end is refused, whatever the format', () => {
    const deep = (depth: number) => `${'{"a":['.repeat(depth)}1${']}'.repeat(depth)}`;
    for (const name of JSONS)
      expect(() => parseRecord(`${compact(name)}${deep(5000)}\n`, 'f', NOTHING_STATED, name)).toThrow(
        'nested more than 100 deep',
      );
  });

  it.each(formatNames)('%s: long lines take no time', (name) => {
    const hostile = [
      '(',
      ' ',
      '# ',
      ':',
      '"',
      'draft acceptance = (',
      'accept len: ',
      'Per-position acceptance rate: ',
      'SpecDecoding metrics: Accepted: ',
      '{"a":',
      'n_draft = ',
      'x{le="',
    ];
    const begin = performance.now();
    for (const part of hostile) {
      const line = part.repeat(Math.ceil(150_000 / part.length));
      for (const text of [line, `${SAMPLES[name]!}${line}\n`, `${SAMPLES[name]!.split('\n')[0]}${line}\n`]) {
        try {
          parseRecord(text, 'f', NOTHING_STATED, name);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }
    }
    expect(performance.now() - begin).toBeLessThan(5000);
  });
});

const CASES = fileURLToPath(new URL('../../../../shared/data/cases/', import.meta.url));
if (!existsSync(CASES)) {
  console.warn(`SKIPPED, no cases of the field: there is no folder ${CASES}`);
  it.skip('cases of the field: SKIPPED, there is no folder of them', () => {});
} else {
  describe('cases of the field', () => {
    const at = (name: string) => readFileSync(`${CASES}${name}`, 'utf8');
    it.each<[string, Partial<Rates>, Partial<Stated>?]>([
      ['sglang-log-load-ramp.log', { k: 3 }],
      ['llamacpp-router.log', { draftedTokens: 120, acceptedTokens: 84 }],
      ['sglang-log-idle-interval.log', { meanLength: 2.7 }],
      [
        'llamacpp-response-without-drafts.jsonl',
        { draftedTokens: 120, acceptedTokens: 80, rounds: 40, roundsWithoutProposal: 29 },
      ],
      ['vllm-v0-log-speculative-metrics.log', { k: 4, draftedTokens: 4000, rounds: 1000, meanLength: 2.75 }],
      ['vllm-first-v1-log-totals-only.log', { draftedTokens: 300, acceptedTokens: 192 }],
      ['vllm-first-v1-log-totals-only.log', { rounds: 100, meanLength: 2.92 }, { k: 3 }],
      [
        'docker-json-vllm-log-rate-first.jsonl',
        {
          draftedTokens: 1200,
          acceptedTokens: 690,
          rounds: 400,
          meanLength: 2.73,
          marginal: [0.82, 0.55, 0.355],
        },
      ],
      [
        'ray-serve-vllm-metrics.prom',
        { rounds: 1000, draftedTokens: 3000, acceptedTokens: 1700, meanLength: 2.7 },
      ],
      [
        'vllm-bench-serve-summary.txt',
        { rounds: 400, draftedTokens: 1200, acceptedTokens: 690, meanLength: 2.725 },
      ],
      [
        'vllm-offline-spec-decode-output.txt',
        {
          rounds: 1000,
          draftedTokens: 3000,
          acceptedTokens: 1720,
          meanLength: 2.72,
          marginal: [0.82, 0.55, 0.35],
        },
      ],
      ['sglang-bench-serving.jsonl', { meanLength: 2.61 }],
      ['specforge-bench-result.json', { k: 4, meanLength: 2.61 }],
      [
        'llamacpp-streamed-response.txt',
        { rounds: 40, draftedTokens: 120, acceptedTokens: 80, meanLength: 3 },
      ],
      [
        'llama-speculative-output.txt',
        { rounds: 100, draftedTokens: 500, acceptedTokens: 200, meanLength: 3 },
      ],
      ['llamacpp-mtp-bench-output.txt', { rounds: 132, draftedTokens: 396, acceptedTokens: 250 }],
    ])('%s: %j %j', (name, expected, stated = {}) => {
      expect(all(at(name), stated)).toMatchObject(expected);
    });

    it('rounds that did not draft lower the tokens of a round, a smaller draft length does not', () => {
      const ngram = ratesIn(at('vllm-log-ngram-drafting-rounds.log'));
      expect(pooled(ngram.rates, 'all').roundsWithoutProposal).toBe(18_800);
      expect(Math.abs(replayed(ngram).tokens / 1.154 - 1)).toBeLessThan(0.04);
      const lengths = ratesIn(at('vllm-log-two-draft-lengths.log'));
      expect(Math.abs(replayed(lengths).tokens / 3.17 - 1)).toBeLessThan(0.04);
      expect(() => ratesIn(at('sglang-generate-tree.json'))).toThrow('a tree');
      expect(pooled(ratesIn(at('llamacpp-mtp-bench-output.txt')).rates, 'all').meanLength).toBeCloseTo(
        2.894,
        3,
      );
    });
  });
}
