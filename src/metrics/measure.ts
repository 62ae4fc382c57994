/** From what a run left behind to the measures of one row; docs/metrics.md defines each from symbols. */
import { totalSeconds } from '../cost/work.ts';
import type { FinishedRecord, Totals } from '../engine/records.ts';

/** How requests were put to the engine, as far as throughput is concerned. */
export type LoadKind = 'clones' | 'closed' | 'poisson';

export interface Measures {
  readonly requests: number;
  readonly throughput_tok_per_s: number;
  /** Decode tokens over decode seconds, totals; null when nothing was decoded. */
  readonly decode_tok_per_s: number | null;
  /** Mean over requests of the time per output token after the first; null when none has a second. */
  readonly mean_tpot_s: number | null;
  readonly tokens_per_step: number | null;
  readonly drafted_per_step: number | null;
  readonly acceptance_rate: number | null;
  readonly wasted_verify_share: number | null;
  readonly time_share: {
    readonly draft: number;
    readonly verify: number;
    readonly sampling: number;
    readonly overhead: number;
    readonly prefill: number;
  };
  readonly step_ms: {
    readonly draft: number;
    readonly verify: number;
    readonly sampling: number;
    readonly overhead: number;
  } | null;
}

/** @param makespanS virtual time at the end of the run */
export function measure(
  load: LoadKind,
  finished: readonly FinishedRecord[],
  totals: Totals,
  makespanS: number,
): Measures {
  const { all, decode, rounds, emitted, drafted, accepted, decodeSteps: steps } = totals;
  const wall = totalSeconds(all);
  const decodeWall = totalSeconds(decode);
  const ratio = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null);
  return {
    requests: new Set(finished.map((record) => record.request)).size,
    throughput_tok_per_s:
      load === 'clones' ? meanBatchThroughput(finished) : outputTokens(finished) / makespanS,
    decode_tok_per_s: ratio(emitted, decodeWall),
    mean_tpot_s: meanTpot(finished),
    tokens_per_step: ratio(emitted, rounds),
    drafted_per_step: ratio(drafted, rounds),
    acceptance_rate: ratio(accepted, drafted),
    wasted_verify_share: ratio(drafted - accepted, drafted + rounds),
    time_share: {
      draft: all.draftS / wall,
      verify: all.verifyS / wall,
      sampling: all.samplingS / wall,
      overhead: all.overheadS / wall,
      prefill: all.prefillS / wall,
    },
    step_ms:
      steps === 0
        ? null
        : {
            draft: (1000 * decode.draftS) / steps,
            verify: (1000 * decode.verifyS) / steps,
            sampling: (1000 * decode.samplingS) / steps,
            overhead: (1000 * decode.overheadS) / steps,
          },
  };
}

/** Mean over requests of the output tokens of a request's batch over the batch's wall time. */
function meanBatchThroughput(finished: readonly FinishedRecord[]): number {
  const batches = new Map<number, { tokens: number; startS: number; endS: number }>();
  for (const { request, copies, tokens, arrivalS, endS } of finished) {
    const batch = batches.get(request);
    if (batch === undefined) batches.set(request, { tokens: copies * tokens, startS: arrivalS, endS });
    else {
      batch.tokens += copies * tokens;
      batch.endS = Math.max(batch.endS, endS);
    }
  }
  let sum = 0;
  for (const { tokens, startS, endS } of batches.values()) sum += tokens / (endS - startS);
  return sum / batches.size;
}

function outputTokens(finished: readonly FinishedRecord[]): number {
  return finished.reduce((sum, { copies, tokens }) => sum + copies * tokens, 0);
}

function meanTpot(finished: readonly FinishedRecord[]): number | null {
  let sum = 0;
  let count = 0;
  for (const { copies, tokens, firstTokenS, endS } of finished) {
    if (tokens < 2) continue;
    sum += (copies * (endS - firstTokenS)) / (tokens - 1);
    count += copies;
  }
  return count === 0 ? null : sum / count;
}
