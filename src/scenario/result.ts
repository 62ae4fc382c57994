/** What a run returns: plain JSON. Field names carry units; docs/metrics.md defines each. */
import { UserError } from '../errors.ts';
import type { Uncertainty } from '../metrics/confidence.ts';
import type { Measures } from '../metrics/measure.ts';
import type { ServingMeasures } from '../metrics/serving.ts';
import type { TraceKind } from '../trace/trace.ts';
import type { Inputs } from './inputs.ts';
import type { Scenario } from './options.ts';
import type { Trust } from './trust.ts';

export const SCHEMA_VERSION = 2;

export const TOOL = 'specsim 0.1.0';

export interface RowNames {
  readonly gpu: string;
  readonly tp: number;
  readonly target: string;
  /** Cards of the draft models that ran, null when none did. */
  readonly draft: string | null;
  readonly method: string;
  /** Null for methods that take no k. */
  readonly k: number | null;
  /** Runs that ask for trees: what the method drafts instead of k tokens in a row; null for a chain. */
  readonly tree?: string | null;
  /** Who decides how far to draft, k at most; null for methods that take no k. */
  readonly policy: string | null;
  readonly trace: string;
  /** `recording` only when every acceptance the row used was recorded. */
  readonly trace_kind: TraceKind;
}

/** Measures of serving are there for every load but clones. */
export interface Row extends RowNames, Partial<ServingMeasures> {
  /** Copies or concurrency; null for open loads. */
  readonly batch_size: number | null;
  readonly requests: number;
  readonly throughput_tok_per_s: number;
  /** 95 % intervals: choice of requests and error of the constants (docs/metrics.md). */
  readonly throughput_lo_tok_per_s: number | null;
  readonly throughput_hi_tok_per_s: number | null;
  /** Runs with a `--draft-gpu` or `--prefill-replicas`: by all GPUs that the row takes, those included. */
  readonly throughput_per_gpu_tok_per_s?: number;
  readonly baseline_throughput_tok_per_s: number;
  /** Null for open loads, whose arrivals fix the throughput. */
  readonly speedup: number | null;
  readonly speedup_lo: number | null;
  readonly speedup_hi: number | null;
  /** What the interval of the speedup (of the throughput without one) is made of; null where there is none. */
  readonly uncertainty: Uncertainty | null;
  readonly decode_speedup: number | null;
  readonly tokens_per_round: number | null;
  readonly drafted_per_round: number | null;
  /** Runs that ask for trees: tokens in the target's pass, the root of a tree included. */
  readonly verified_per_round?: number | null;
  readonly acceptance_rate: number | null;
  readonly wasted_verify_share: number | null;
  readonly time_share: Measures['time_share'];
  readonly step_ms: Measures['step_ms'];
  /**
   * Runs that compare policies, `fixed` among them: how many times as fast as the best k drafted in every round of
   * the same method, with its 95 % interval; null for methods that take no k.
   */
  readonly over_best_fixed?: number | null;
  readonly over_best_fixed_lo?: number | null;
  readonly over_best_fixed_hi?: number | null;
  /** Open loads: mean time per output token of the baseline over that of the row; null where no request has a second token. */
  readonly tpot_ratio?: number | null;
  readonly tpot_ratio_lo?: number | null;
  readonly tpot_ratio_hi?: number | null;
  /** Closed loads: when every request runs as so many copies of itself instead, one request after the other. */
  readonly clones_throughput_tok_per_s?: number;
}

/** How many times as fast a row is as its baseline, by throughput or, under an open load, by time per token; with its interval. */
export function gainOf(
  row: Row,
): { readonly ratio: number; readonly lo: number; readonly hi: number } | null {
  const ratio = row.speedup ?? row.tpot_ratio ?? null;
  if (ratio === null) return null;
  return {
    ratio,
    lo: row.speedup_lo ?? row.tpot_ratio_lo ?? ratio,
    hi: row.speedup_hi ?? row.tpot_ratio_hi ?? ratio,
  };
}

/** Rows of one trace, which is told by its place: two files of one data set are two traces of the same name. */
export interface Group<R> {
  readonly trace: number;
  readonly rows: readonly R[];
}

/** An answer as JSON has it: rows, and what they are answers to. */
export interface Envelope<R> {
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly tool: string;
  readonly config: Scenario;
  readonly configHash: string;
  readonly seed: number;
  readonly trust: Trust;
  readonly warnings: readonly string[];
  readonly rows: readonly R[];
}

/** What a question is answered with: the rows, and the same by trace; several groups a trace where others come first. */
export interface Answer<R, G extends Group<R> = Group<R>> extends Envelope<R> {
  readonly groups: readonly G[];
}

export type Result = Envelope<Row>;

export function answerOf<R extends object, G extends Group<R>>(
  config: Scenario,
  { configHash, trust }: Pick<Inputs, 'configHash' | 'trust'>,
  warnings: Iterable<string>,
  groups: readonly G[],
): Answer<R, G> {
  return {
    schemaVersion: SCHEMA_VERSION,
    tool: TOOL,
    config,
    configHash,
    seed: config.seed,
    trust,
    warnings: [...warnings],
    rows: groups.flatMap(({ rows }) => rows.map(finite)),
    groups,
  };
}

/**
 * The door through which every row leaves.
 *
 * @throws UserError for a figure that is no finite number, which no answer may hold
 */
export function finite<R extends object>(row: R): R {
  const path = notFinite(row);
  if (path === null) return row;
  const { method, k, batch_size: batch } = row as Partial<Row>;
  const of = [method, k && `k=${k}`, batch && `batch ${batch}`].filter((part) => part).join(' ');
  throw new UserError(
    `${of || 'the answer'}: ${path} is no finite number, expected inputs nearer to what exists (see specsim list gpus, models, engines)`,
  );
}

/** Path of the first number that is none; null where all are. */
function notFinite(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner === 'number' && !Number.isFinite(inner)) return key;
    const path = notFinite(inner);
    if (path !== null) return `${key}.${path}`;
  }
  return null;
}

/** The answer without its groups, which JSON leaves out. */
export function resultOf<A extends Answer<object>>({ groups: _, ...result }: A): Omit<A, 'groups'> {
  return result;
}
