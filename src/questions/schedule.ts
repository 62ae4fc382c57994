/**
 * Schedules of draft lengths: which k at which batch size (and context), as vLLM reads them
 * (`num_speculative_tokens_per_batch_size`: entries `[batch from, batch to, k]`, both ends included; sizes in a
 * gap and above the last entry take the k of the entry before).
 */

/** Batch sizes `lo` to `hi`: draft `k` tokens, 0 for none. */
export interface Range {
  readonly lo: number;
  readonly hi: number;
  readonly k: number;
}

/** What a schedule says of requests whose context is at least this, up to the next such. */
export interface ContextSchedule {
  readonly contextTokens: number | null;
  readonly ranges: readonly Range[];
}

/** The upper end that vLLM gives the last range of contexts. */
const LONGEST_CONTEXT = 2 ** 31 - 1;

/**
 * Covers every batch size from the smallest to the largest evaluated exactly once: an evaluated size decides from itself
 * up to the next one.
 *
 * @param evaluated by batch size, ascending
 */
export function rangesOf(evaluated: readonly { readonly batch: number; readonly k: number }[]): Range[] {
  return evaluated.map(({ batch, k }, i) => ({
    lo: batch,
    hi: evaluated[i + 1] === undefined ? batch : evaluated[i + 1]!.batch - 1,
    k,
  }));
}

/** Joins neighbours of the same k. */
export function joined(ranges: readonly Range[]): Range[] {
  const result: Range[] = [];
  for (const range of ranges) {
    const last = result.at(-1);
    if (last !== undefined && last.k === range.k) result[result.length - 1] = { ...last, hi: range.hi };
    else result.push(range);
  }
  return result;
}

/** Entries by batch size alone. */
export function byBatch(ranges: readonly Range[]): number[][] {
  return joined(ranges).map(({ lo, hi, k }) => [lo, hi, k]);
}

/** Entries `[batch from, batch to, context from, context to, k]`, a rectangular grid as the format demands. */
export function byBatchAndContext(schedules: readonly ContextSchedule[]): number[][] {
  return schedules[0]!.ranges.flatMap((_, b) =>
    schedules.map(({ ranges }, c) => {
      const { lo, hi, k } = ranges[b]!;
      const from = c === 0 ? 1 : schedules[c]!.contextTokens!;
      const next = schedules[c + 1]?.contextTokens;
      return [lo, hi, from, next == null ? LONGEST_CONTEXT : next - 1, k];
    }),
  );
}

/** A schedule in a form of an engine, and the longest draft in it. */
export interface ScheduleEntries {
  readonly longest: number;
  readonly entries: readonly (readonly number[])[];
}
