/** Where the time of a token goes: milliseconds of a decode step over the tokens that it emits for a sequence. */
import type { Measures } from '../metrics/measure.ts';

/** The parts add up to `total`. */
export interface TokenTime {
  readonly total: number;
  /** Saved by drafting, up to k, exactly what is accepted: the same rounds without their rejected tokens. */
  readonly rejected_draft: number;
  readonly rejected_verify: number;
  /** The rest of drafting, of the host and of sampling, and of verification. */
  readonly draft: number;
  readonly overhead: number;
  readonly verify: number;
}

/**
 * @param now of a setting
 * @param known of the same rounds without rejected tokens
 */
export function tokenTime(now: Measures, known: Measures): TokenTime {
  const all = perToken(now);
  const kept = perToken(known);
  return {
    total: all.total,
    rejected_draft: all.draft - kept.draft,
    rejected_verify: all.verify - kept.verify + all.overhead - kept.overhead,
    draft: kept.draft,
    overhead: kept.overhead,
    verify: kept.verify,
  };
}

/** Milliseconds of the parts of a step for each token of a sequence. */
export function perToken({ step_ms, tokens_per_round }: Measures) {
  const { draft, verify, sampling, overhead } = step_ms!;
  const tokens = tokens_per_round!;
  return {
    draft: draft / tokens,
    verify: verify / tokens,
    overhead: (sampling + overhead) / tokens,
    total: (draft + verify + sampling + overhead) / tokens,
  };
}
