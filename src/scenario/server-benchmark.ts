/**
 * What a benchmark of one's own server measured: `vllm bench serve`, SGLang's `bench_serving` and AIPerf's
 * `profile_export_aiperf.json`, a run each, as figures that an engine's times are fitted to. A run is a closed load of plain
 * decoding with its mean time per output token.
 *
 * Left out: open loads, whose batch the file does not say, and runs with speculation, which need more than it says.
 */
import { UserError } from '../errors.ts';
import { readJson } from '../json.ts';
import { type Json, listAt, numberAt, objectAt, optional, textAt } from '../trace/formats/fields.ts';
import { WAITING } from './contradictions.ts';
import { profileOf } from './engine-versions.ts';
import type { Options } from './options.ts';
import type { ServingFigure } from './serving-table.ts';

/** Of what a run that ran has more of than nothing. */
const LEAST = 1e-6;

/** What a TPOT over hundreds of requests is taken to be known to, in percent. */
const KNOWN_TO = 3;

interface BenchmarkRun {
  readonly concurrency: number;
  /** Means over requests, tokens. */
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly ttftMs: number;
  readonly tpotMs: number;
  readonly speculates: boolean;
  /** As the file names it; null where it names none. */
  readonly engine: string | null;
  readonly date: string;
}

interface Benchmarks {
  readonly figures: readonly ServingFigure[];
  /** The profile of the engine that the files name. */
  readonly profile: string | null;
  readonly comments: ReadonlyMap<string, string>;
  /** What was not taken, a sentence each. */
  readonly leftOut: readonly string[];
}

/** Whether a text is no table: what benchmarks write is JSON, one object or one a line. */
export function isBenchmark(text: string): boolean {
  return /^\s*[{[]/.test(text);
}

/**
 * @param server the model that was served and how; its runs do not say
 * @throws UserError with file, line and field, for what is none of these files or leaves no run
 */
export function readBenchmarks(text: string, where: string, server: Options): Benchmarks {
  const runs = itemsOf(text, where).map(({ item, at }) => ({ at, run: runOf(item, at) }));
  const leftOut = new Map<string, number>();
  const figures = runs.flatMap(({ at, run }): ServingFigure[] => {
    const { concurrency, promptTokens, outputTokens, ttftMs, tpotMs } = run;
    const reason = run.speculates
      ? 'speculation was on, expected plain decoding'
      : ttftMs > WAITING * outputTokens * tpotMs
        ? 'requests waited for memory'
        : null;
    if (reason !== null) {
      leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
      return [];
    }
    return [
      {
        measure: 'tpot_ms',
        value: tpotMs,
        knownTo: KNOWN_TO,
        options: { ...server, method: ['none'], batch: [concurrency] },
        load: { promptTokens, outputTokens, concurrency },
        where: at,
      },
    ];
  });
  if (figures.length === 0) {
    throw new UserError(
      `--serving ${where}: no run is left of ${runs.length}: ${[...leftOut.keys()].join('; ')}`,
    );
  }
  const [{ engine, date }] = [runs[0]!.run];
  return {
    figures,
    profile: engine === null ? null : profileOf(engine, '', date),
    comments: new Map(),
    leftOut: [...leftOut].map(([reason, count]) => `${count} of ${runs.length} runs of ${where}: ${reason}`),
  };
}

function itemsOf(written: string, where: string): { item: Json; at: string }[] {
  // Python writes what JSON does not have.
  const text = written.replaceAll(/(:\s*)(?:-?Infinity|NaN)\b/g, '$1null');
  const lines = text
    .split('\n')
    .flatMap((line, i) => (line.trim() === '' ? [] : [{ line, at: `${where}, line ${i + 1}` }]));
  const perLine =
    lines.length > 1 && lines.every(({ line }) => line.trim().startsWith('{') && line.trim().endsWith('}'));
  if (perLine)
    return lines.map(({ line, at }) => ({
      item: objectAt(readJson({ text: line, where: at }), 'a run', at),
      at,
    }));
  const json = readJson({ text, where });
  const items = Array.isArray(json) ? json : [json];
  return items.map((item, i) => {
    const at = items.length === 1 ? where : `${where}, run ${i + 1}`;
    return { item: objectAt(item, 'a run', at), at };
  });
}

function runOf(item: Json, at: string): BenchmarkRun {
  if ('mean_tpot_ms' in item) return benchServe(item, at);
  if ('inter_token_latency' in item) return aiperf(item, at);
  throw new UserError(
    `${at}: no benchmark that is known, expected mean_tpot_ms (vllm bench serve, SGLang bench_serving) or inter_token_latency (AIPerf)`,
  );
}

/** vLLM's and SGLang's have the same names. */
function benchServe(item: Json, at: string): BenchmarkRun {
  const backend = optional(item.backend ?? item.endpoint_type, (value) => textAt(value, 'backend', at)) ?? '';
  const positive = (field: string) => numberAt(item[field], field, at, LEAST);
  const mean = (total: string, list: string) =>
    item[list] === undefined
      ? positive(total) / positive('completed')
      : meanOf(listAt(item[list], list, at), list, at);
  const spec = optional(item.spec_decode_num_drafts, (value) =>
    numberAt(value, 'spec_decode_num_drafts', at),
  );
  return {
    concurrency: concurrencyOf(item, at),
    promptTokens: mean('total_input_tokens', 'input_lens'),
    outputTokens: mean('total_output_tokens', 'output_lens'),
    ttftMs: positive('mean_ttft_ms'),
    tpotMs: positive('mean_tpot_ms'),
    speculates: (spec ?? 0) > 0 || (item.accept_length !== undefined && item.accept_length !== null),
    engine: backend.startsWith('sglang') ? 'sglang' : backend.startsWith('vllm') ? 'vllm' : null,
    date: dayOf(optional(item.date, (value) => textAt(value, 'date', at)) ?? ''),
  };
}

/** Of a load with a rate, which may not keep as many under way, the mean that SGLang measures. */
function concurrencyOf(item: Json, at: string): number {
  const rate = item.request_rate;
  if (typeof rate === 'number' && Number.isFinite(rate) && item.concurrency !== undefined) {
    return Math.max(1, Math.round(numberAt(item.concurrency, 'concurrency', at, LEAST)));
  }
  if (typeof rate === 'number' && Number.isFinite(rate)) {
    throw new UserError(
      `${at}: request_rate ${rate}: a load with a rate, expected inf with --max-concurrency`,
    );
  }
  return Math.round(numberAt(item.max_concurrency, 'max_concurrency', at, 1));
}

/** A metric is `{unit, avg}`; what it calls inter-token latency is the mean time per output token of a request. */
function aiperf(item: Json, at: string): BenchmarkRun {
  const average = (field: string, unit: string) => {
    const metric = objectAt(item[field], field, at);
    if (metric.unit !== undefined && metric.unit !== unit) {
      throw new UserError(`${at}: ${field}: got unit "${metric.unit}", expected ${unit}`);
    }
    return numberAt(metric.avg, `${field}.avg`, at, LEAST);
  };
  const config = objectAt(item.input_config, 'input_config', at);
  const load = objectAt(config.loadgen, 'input_config.loadgen', at);
  return {
    concurrency: Math.round(numberAt(load.concurrency, 'input_config.loadgen.concurrency', at, 1)),
    promptTokens: average('input_sequence_length', 'tokens'),
    outputTokens: average('output_sequence_length', 'tokens'),
    ttftMs: average('time_to_first_token', 'ms'),
    tpotMs: average('inter_token_latency', 'ms'),
    speculates: false,
    engine: null,
    date: '',
  };
}

function meanOf(values: readonly unknown[], field: string, at: string): number {
  if (values.length === 0)
    throw new UserError(`${at}: ${field}: got an empty list, expected tokens of requests`);
  return values.reduce((sum: number, value) => sum + numberAt(value, field, at), 0) / values.length;
}

/** `20260401-121212` as a day in ISO. */
function dayOf(date: string): string {
  const [, year, month, day] = /^(\d{4})-?(\d{2})-?(\d{2})/.exec(date) ?? [];
  return year === undefined ? '' : `${year}-${month}-${day}`;
}
