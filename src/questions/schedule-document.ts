/** Schedules as plain JSON: what to draft with at every batch size, the method included, for engines other than vLLM. */
import { SCHEMA_VERSION, TOOL } from '../scenario/result.ts';
import { joined, rangesOf } from './schedule.ts';
import type { TuneRow, Tuning } from './tuning.ts';

/** Batch sizes `lo` to `hi`, both included: draft `k` tokens with `method`; `none` and 0 for no speculation. */
interface ScheduleEntry {
  readonly lo: number;
  readonly hi: number;
  readonly method: string;
  readonly k: number;
}

/** What a schedule says of requests whose context is at least this, up to the next such; null for any. */
interface ContextEntries {
  readonly context_tokens: number | null;
  readonly ranges: readonly ScheduleEntry[];
}

interface ScheduleDocument {
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly tool: string;
  readonly configHash: string;
  readonly schedules: readonly {
    readonly trace: string;
    /** The best method and k at each batch size. */
    readonly best: readonly ContextEntries[];
    /** The best k of one method, the best method first. */
    readonly methods: readonly {
      readonly method: string;
      readonly mean_speedup: number;
      readonly contexts: readonly ContextEntries[];
    }[];
  }[];
}

/** Every batch size from 1 to the largest evaluated is in exactly one range of each list. */
export function scheduleDocument({ configHash, groups }: Tuning): ScheduleDocument {
  return {
    schemaVersion: SCHEMA_VERSION,
    tool: TOOL,
    configHash,
    schedules: groups.map(({ rows, schedules }) => ({
      trace: rows[0]!.trace,
      best: bestOf(rows),
      methods: schedules.map(({ method, mean_speedup, contexts }) => ({
        method,
        mean_speedup,
        contexts: contexts.map(({ contextTokens, ranges }) => ({
          context_tokens: contextTokens,
          ranges: joined(ranges).map(({ lo, hi, k }) => ({ lo, hi, method: k === 0 ? 'none' : method, k })),
        })),
      })),
    })),
  };
}

function bestOf(rows: readonly TuneRow[]): ContextEntries[] {
  const contexts = [...new Set(rows.map(({ context_tokens }) => context_tokens))];
  return contexts.map((context) => {
    const own = rows.filter(({ context_tokens }) => context_tokens === context);
    const ranges: ScheduleEntry[] = [];
    rangesOf(own.map(({ batch_size: batch, k }) => ({ batch, k }))).forEach((range, i) => {
      const { method } = own[i]!;
      const last = ranges.at(-1);
      if (last !== undefined && last.method === method && last.k === range.k) {
        ranges[ranges.length - 1] = { ...last, hi: range.hi };
      } else ranges.push({ lo: range.lo, hi: range.hi, method, k: range.k });
    });
    return { context_tokens: context, ranges };
  });
}
