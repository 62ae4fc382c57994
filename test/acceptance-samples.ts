/** A small file of each acceptance format, all made up: the same run where the format can say it. */
import fc from 'fast-check';
import type { Provenance } from '../src/trace/trace.ts';

/** Any provenance that a trace file can hold, made of `word`. */
export const provenanceOf = (word: fc.Arbitrary<string>): fc.Arbitrary<Provenance> =>
  fc.record(
    {
      source: word,
      target: word,
      dataset: word,
      engine: fc.option(word),
      licence: fc.option(word),
      draft: word,
    },
    { requiredKeys: ['source', 'target', 'dataset', 'engine', 'licence'] },
  );

/** Three rounds that accept 3, 0 and 2 of 3 drafts. */
const DETAILED = {
  mean_acceptance_length: 8 / 3,
  draft_acceptance_rate: 5 / 9,
  acceptance_histogram: [1, 0, 1, 1],
  num_spec_steps: 3,
  num_accepted_draft_tokens: 5,
  num_draft_tokens: 9,
  num_spec_tokens: 3,
  per_step_accepted: [3, 0, 2],
  per_step_drafted: [3, 3, 3],
};

/** Cumulative counters after `n` times 10 drafts of 3 tokens, of which 8, 5 and 2 were accepted by position. */
export function scrape(n: number): string {
  const labels = '{engine="0",model_name="org/m"';
  return [
    '# TYPE process_cpu_seconds_total counter',
    'process_cpu_seconds_total 3.5',
    '# HELP vllm:spec_decode_num_drafts_total Drafts.',
    `vllm:spec_decode_num_drafts_total${labels}} ${10 * n}.0`,
    `vllm:spec_decode_num_drafts_created${labels}} 1.7e9`,
    `vllm:spec_decode_num_draft_tokens_total${labels}} ${30 * n}.0`,
    `vllm:spec_decode_num_accepted_tokens_total${labels}} ${15 * n}.0`,
    ...[8, 5, 2].map(
      (count, i) =>
        `vllm:spec_decode_num_accepted_tokens_per_pos_total${labels},position="${i}"} ${count * n}.0`,
    ),
    '',
  ].join('\n');
}

const lines = (...values: readonly object[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('');

/** Format name to text. */
export const SAMPLES: Readonly<Record<string, string>> = {
  'specsim-csv': [
    '# specsim trace {"schema":1,"name":"t","provenance":{"source":"s","target":"m","dataset":"d","engine":null,"licence":null},"outputLimit":null,"tokenIds":false,"drafters":[{"name":"eagle3","kind":"recording","maxK":3,"proposed":"always"}]}',
    'request,drafter,prompt_tokens,output_tokens,emitted,proposed,prompt_token_ids,output_token_ids',
    'a,none,2,5,,,,',
    'a,eagle3,,5,1 4 3 2 1,,,',
    '',
  ].join('\n'),
  'specsim-jsonl': lines(
    {
      specsim_trace: 1,
      kind: 'step-indexed',
      name: 't',
      provenance: { source: 's', target: 'm', dataset: 'd', engine: null, licence: null },
      drafters: [{ method: 'eagle3', drafting: 'chain', maxK: 3 }],
    },
    {
      method: 'eagle3',
      request: 'a',
      prompt_tokens: 2,
      output_tokens: 9,
      emitted: [4, 1, 3],
      proposed: [3, 3, 3],
    },
  ),
  'specdecode-bench': lines({
    id: '1',
    prompt_token_ids: [1, 2],
    generated_token_ids: [3, 4, 5, 6],
    acc_eagle: { acc_len: [1, 3, 2, 1] },
    acc_ngram: { acc_len: [1, 1, 1, 1] },
  }),
  'vllm-detailed': lines({
    id: 'c1',
    model: 'm',
    usage: { prompt_tokens: 12, completion_tokens: 9 },
    metrics: { speculative_decoding: DETAILED },
  }),
  'vllm-prometheus': scrape(1),
  'trtllm-prometheus': [
    '# TYPE trtllm_spec_decode_num_draft_tokens_total counter',
    'trtllm_spec_decode_num_draft_tokens_total{model_name="m",engine_type="trtllm"} 30',
    'trtllm_spec_decode_num_accepted_tokens_total{model_name="m",engine_type="trtllm"} 15',
    'trtllm_spec_decode_acceptance_length{model_name="m",engine_type="trtllm"} 4',
    'trtllm_generation_tokens_total{model_name="m",engine_type="trtllm"} 27',
    'trtllm_time_to_first_token_seconds_count{model_name="m",engine_type="trtllm"} 2',
    '',
  ].join('\n'),
  'vllm-log':
    'INFO api server started\nINFO 09-10 [metrics.py:96] SpecDecoding metrics: Mean acceptance length: 2.50, Accepted throughput: 1.50 tokens/s, Drafted throughput: 3.00 tokens/s, Accepted: 15 tokens, Drafted: 30 tokens, Per-position acceptance rate: 0.800, 0.500, 0.200, Avg Draft acceptance rate: 50.0%\n',
  'vllm-v0-log':
    'INFO 11-02 08:15:20 metrics.py:477] Speculative metrics: Draft acceptance rate: 0.700, System efficiency: 0.625, Number of speculative tokens: 3, Number of accepted tokens: 21, Number of draft tokens: 30, Number of emitted tokens: 25.\n',
  'vllm-bench': lines({
    spec_decode_acceptance_rate: 50.0,
    spec_decode_acceptance_length: 2.5,
    spec_decode_num_drafts: 10,
    spec_decode_draft_tokens: 30,
    spec_decode_accepted_tokens: 15,
    spec_decode_per_position_acceptance_rates: [0.8, 0.5, 0.2],
  }),
  'bench-summary': [
    '============ Serving Benchmark Result ============',
    'Successful requests:                     2',
    'Total generated tokens:                  27',
    '---------------Speculative Decoding---------------',
    'Acceptance rate (%):                     50.00',
    'Acceptance length:                       2.50',
    'Drafts:                                  10',
    'Draft tokens:                            30',
    'Accepted tokens:                         15',
    'Per-position acceptance (%):',
    '  Position 0:                            80.00',
    '  Position 1:                            50.00',
    '  Position 2:                            20.00',
    '==================================================',
    '',
  ].join('\n'),
  'vllm-offline': [
    'total_num_output_tokens: 25',
    'num_drafts: 10',
    'num_draft_tokens: 30',
    'num_accepted_tokens: 15',
    'mean acceptance length: 2.50',
    '-----',
    'acceptance at token 0: 0.80',
    'acceptance at token 1: 0.50',
    'acceptance at token 2: 0.20',
    '',
  ].join('\n'),
  'sglang-generate': lines({
    text: 'x',
    meta_info: {
      id: 'r1',
      completion_tokens: 8,
      spec_verify_ct: 3,
      spec_accept_length: 8 / 3,
      spec_accept_histogram: [1, 0, 1, 1],
      spec_accept_token_num: 5,
      spec_draft_token_num: 9,
    },
  }),
  'sglang-log':
    '[2026-07-30 12:00:00] server up\n[2026-07-30 12:00:01] Decode batch, #running-req: 8, #token: 8, accept len: 2.50, gen throughput (token/s): 795.00, #queue-req: 0\n',
  'sglang-prometheus': [
    '# HELP sglang:spec_accept_length The average acceptance length.',
    'sglang:spec_accept_length{dp_rank="0",model_name="org/m",tp_rank="0"} 2.5',
    'sglang:num_running_reqs{dp_rank="0",model_name="org/m",tp_rank="0"} 8.0',
    '',
  ].join('\n'),
  'sglang-bench': lines({
    backend: 'sglang',
    completed: 2,
    total_output_tokens: 27,
    output_throughput: 9.5,
    accept_length: 2.5,
  }),
  specforge: JSON.stringify(
    {
      model: 'org/draft',
      mtbench: [
        {
          batch_size: 1,
          steps: 3,
          topk: 1,
          num_draft_tokens: 4,
          metrics: [{ latency: 2, output_throughput: 12.5, accept_length: 2.5 }],
          num_samples: 2,
        },
      ],
    },
    null,
    1,
  ),
  'trtllm-iterations': lines(
    {
      iter: 1,
      inflightBatchingStats: { numGenRequests: 6 },
      specDecodingStats: {
        numDraftTokens: 12,
        numAcceptedTokens: 6,
        numRequestsWithDraftTokens: 4,
        acceptanceLength: 2.5,
      },
    },
    { iter: 2, inflightBatchingStats: { numGenRequests: 3 }, specDecodingStats: null },
  ),
  'trtllm-choice': lines({
    index: 0,
    avg_decoded_tokens_per_iter: 2.5,
    speculative_decoding: {
      total_accepted_draft_tokens: 30,
      total_draft_tokens: 60,
      num_spec_steps: 20,
      acceptance_histogram: [8, 0, 6, 6],
      num_spec_tokens: 3,
    },
  }),
  'trtllm-bench': JSON.stringify(
    {
      request_info: { num_requests: 2, avg_output_length: 13.5 },
      decoding_stats: {
        mode: 'EAGLE3',
        num_draft_tokens_percentiles: { average: 18 },
        num_accepted_draft_tokens_percentiles: { average: 7.5 },
        acceptance_length_percentiles: { average: 2.25 },
      },
    },
    null,
    1,
  ),
  'trtllm-bench-summary': [
    '= REQUEST DETAILS ',
    'Number of requests:             2',
    'Average Output Length (tokens): 13.5000',
    '= DECODING STATISTICS (EAGLE3)',
    '[DT] AVERAGE: 18.00',
    '[ADT] AVERAGE: 7.50',
    '[AL] AVERAGE: 2.25',
    '',
  ].join('\n'),
  llamacpp: lines({ timings: { predicted_n: 16, predicted_ms: 4, draft_n: 12, draft_n_accepted: 9 } }),
  'llamacpp-log':
    'main: server is listening\nslot print_timing: id 0 | task 7 | draft acceptance = 0.60000 ( 15 accepted / 25 generated), mean acceptance length = 2.50, acceptance rate per position = (0.800, 0.500, 0.200)\n',
  'llama-speculative': [
    'n_draft   = 3',
    'n_predict = 26',
    'n_drafted = 30',
    'n_accept  = 15',
    'accept    = 50.000%',
    '',
  ].join('\n'),
  'llamacpp-mtp-bench':
    '  code_python        pred=  26 draft=  30 acc=  15 rate=0.500 tok/s=60.1\n\nAggregate: {\n  "total_draft": 30\n}\n',
  answers: lines({
    question_id: 81,
    model_id: 'vicuna-sps',
    choices: [{ index: 0, decoding_steps: [2, 1], new_tokens: [6, 2], accept_lengths: [4, 2, 2] }],
  }),
  frontier: lines({
    committed_tokens_per_iteration: [4, 1, 3],
    scheduled_draft_tokens_per_iteration: [3, 0, 3],
  }),
  'confidence-rounds': 'commits,prompt_idx,a0,a1,a2\n3,7,0.98,0.95,0.9\n0,7,0.31,0.2,\n2,7,0.9,0.8,0.4\n',
  'speculation-profile': JSON.stringify(
    {
      schema_version: '1.0',
      method: 'eagle3',
      num_speculative_tokens: 3,
      conditional_accept_rates: [0.8, 0.625, 0.4],
      marginal_accept_rates: [0.8, 0.5, 0.2],
      mean_accept_length: 2.5,
      acceptance_length_histogram: { 1: 2, 2: 3, 3: 3, 4: 2 },
    },
    null,
    1,
  ),
  'specdec-bench': lines({
    Average_AL: 8 / 3,
    Acceptance_Length_Histogram: { 1: 1, 3: 1, 4: 1 },
    Conditional_Acceptance_Rate: { 1: 1, 3: 2 / 3, 4: 0.5 },
    Joint_Acceptance_Rate: { 1: 1, 3: 2 / 3, 4: 1 / 3 },
  }),
  aiperf: lines({ ...DETAILED, completion_tokens: 9, acceptance_histogram: { 0: 1, 2: 1, 3: 1 } }),
  'speculators-csv':
    'num_drafts,num_draft_tokens,num_accepted_tokens,acceptance_length,acceptance_at_pos_0,acceptance_at_pos_1,acceptance_at_pos_2\n10,30,15,2.5,0.8,0.5,0.2\n',
  inferencex:
    '_metadata:\n  draft-model: org/draft\nm:\n  thinking_on:\n    1: 1.78\n    3: 2.83\n  thinking_off:\n    1: 1.84\n',
};
