/**
 * The sets of `specsim validate` that are served requests: LLMServingSim's runs of vLLM on other GPUs than the engine
 * profile was fitted on. Arrivals and lengths are read from a folder that the user names, and replayed; what is compared
 * are the means of a run. Decoding is plain.
 */
import { readSheet } from '../cost/calibration/sheet.ts';
import type { FinishedRecord } from '../engine/records.ts';
import { Bench } from '../scenario/bench.ts';
import { gatherInputs, type Inputs } from '../scenario/inputs.ts';
import { completeScenario, type Options } from '../scenario/options.ts';
import { settingsOf } from '../scenario/run.ts';
import type { EnginePoint } from './engine-figures.ts';
import { folderLibrary } from './folder-library.ts';
import { readText } from './input.ts';

/** GPUs beside the model: LLMServingSim's bench/examples, `vllm/meta.json` of April 2026. */
type Layout = Pick<Options, 'tp' | 'ep' | 'dpAttention'>;

interface ServingRun {
  readonly set: string;
  readonly gpu: string;
  readonly target: string;
  readonly file: string;
  readonly layout: Layout;
}

/** What the runs state of themselves: vLLM 0.19.0, and these limits of each copy of attention. */
const ENGINE = 'vllm-0.19';
const LIMITS = { maxSequences: 128, maxBatchedTokens: 2048 };

const run = (set: string, gpu: string, target: string, file: string, layout: Layout = {}): ServingRun => ({
  set: `serving-${set}`,
  gpu,
  target,
  file: `llmservingsim/bench__${file}__vllm_requests.csv.gz`,
  layout,
});

export const SERVING_RUNS: readonly ServingRun[] = [
  run('rtx-4090-llama-8b', 'rtx-4090', 'llama-3.1-8b', 'RTX4090__Llama-3.1-8B'),
  run('rtx-pro-6000-llama-8b', 'rtx-pro-6000-server', 'llama-3.1-8b', 'RTXPRO6000__Llama-3.1-8B'),
  run('rtx-pro-6000-qwen3-32b', 'rtx-pro-6000-server', 'qwen3-32b', 'RTXPRO6000__Qwen3-32B', { tp: 2 }),
  run(
    'rtx-pro-6000-qwen3-30b-a3b',
    'rtx-pro-6000-server',
    'qwen3-30b-a3b',
    'RTXPRO6000__Qwen3-30B-A3B-Instruct-2507',
    { dpAttention: 2, ep: 2 },
  ),
];

interface Request {
  readonly arrivalS: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly ttftS: number;
  readonly tpotS: number;
}

/** @throws UserError for a table that cannot be read, and for what is wrong in it */
export async function servingPoints(folder: string, run: ServingRun): Promise<EnginePoint[]> {
  const { file, gpu, target, layout } = run;
  const requests = readRequests(await readText(`${folder}/${file}`), file);
  const inputs = await gatherInputs(
    completeScenario({ gpu, target, engine: ENGINE, method: ['none'], ...layout }),
    folderLibrary,
  );
  // Plain decoding needs no acceptance: the lengths are all that is asked of a trace.
  const trace = {
    ...inputs.traces[0]!,
    ids: null,
    promptTokens: Int32Array.from(requests, ({ promptTokens }) => promptTokens),
    outputTokens: Int32Array.from(requests, ({ outputTokens }) => outputTokens),
    drafters: new Map(),
    tokens: null,
  };
  const copies = inputs.scenario.dpAttention;
  const replayed: Inputs = {
    ...inputs,
    scenario: { ...inputs.scenario, load: 'recorded' },
    engine: {
      ...inputs.engine,
      maxSequences: copies * LIMITS.maxSequences,
      maxBatchedTokens: copies * LIMITS.maxBatchedTokens,
    },
    recordedArrivalS: Float64Array.from(requests, ({ arrivalS }) => arrivalS),
  };
  const bench = new Bench(replayed, trace, 'open', new Set());
  const finished = bench.watched(settingsOf(inputs)[0]!, null, { onStep() {} });
  const measured = means(
    requests.map(({ arrivalS, outputTokens, ttftS, tpotS }) => ({
      tokens: outputTokens,
      arrivalS,
      firstTokenS: arrivalS + ttftS,
      endS: arrivalS + ttftS + (outputTokens - 1) * tpotS,
    })),
  );
  const predicted = means(finished);
  return Object.keys(measured).map((setting) => ({
    setting,
    measured: measured[setting]!,
    predicted: predicted[setting]!,
    error: 100 * (predicted[setting]! / measured[setting]! - 1),
  }));
}

type Served = Pick<FinishedRecord, 'tokens' | 'arrivalS' | 'firstTokenS' | 'endS'>;

/** The means of a run, by what they are called. */
function means(finished: readonly Served[]): Record<string, number> {
  const mean = (of: (served: Served) => number) =>
    finished.reduce((sum, record) => sum + of(record), 0) / finished.length;
  const lastS = finished.reduce((last, { endS }) => Math.max(last, endS), 0);
  return {
    'throughput, tokens/s': finished.reduce((sum, { tokens }) => sum + tokens, 0) / lastS,
    'mean TPOT, ms': 1e3 * mean(({ endS, firstTokenS, tokens }) => (endS - firstTokenS) / (tokens - 1)),
    'mean TTFT, s': mean(({ firstTokenS, arrivalS }) => firstTokenS - arrivalS),
  };
}

/** Columns: `input_toks, output_toks, arrival_rel_s, ttft_s, tpot_ms`; arrivals as `0 days 00:00:01.25`. */
function readRequests(text: string, where: string): Request[] {
  const requests: Request[] = [];
  for (const row of readSheet(text, where).rows()) {
    const arrival = row.text('arrival_rel_s');
    const [, days, hours, minutes, seconds] = /^(\d+) days (\d+):(\d+):([\d.]+)$/.exec(arrival) ?? [];
    if (seconds === undefined)
      throw row.error(`arrival_rel_s: got "${arrival}", expected such as 0 days 00:00:01.25`);
    requests.push({
      arrivalS: ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds),
      promptTokens: row.whole('input_toks'),
      outputTokens: row.whole('output_toks', 2),
      ttftS: row.positive('ttft_s'),
      tpotS: 1e-3 * row.positive('tpot_ms'),
    });
  }
  return requests;
}
