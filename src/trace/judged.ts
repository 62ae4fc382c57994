/** Drafts that the target judged, of whatever form they were recorded in. */
import type { Steps } from './record.ts';
import type { PositionLengths } from './trace.ts';

/** Drafts that were judged, round by round: of a request, of the round that starts there. */
export interface Judged {
  readonly requests: number;
  /** Tokens of prompt, and of output. */
  readonly promptTokens: ArrayLike<number>;
  readonly outputTokens: ArrayLike<number>;
  each(visit: (request: number, position: number, accepted: number, tried: number) => void): void;
}

/** Of lengths by position: every position starts a round. */
export function judgedAt(lengths: PositionLengths, promptTokens: Int32Array): Judged {
  const { offsets, emitted, proposed, maxK } = lengths;
  const requests = offsets.length - 1;
  return {
    requests,
    promptTokens,
    outputTokens: Int32Array.from({ length: requests }, (_, r) => offsets[r + 1]! - offsets[r]!),
    each(visit) {
      for (let r = 0; r < requests; r++) {
        const end = offsets[r + 1]!;
        for (let at = offsets[r]! + 1; at < end; at++) {
          const drafted = Math.min(proposed instanceof Uint8Array ? proposed[at]! : maxK, end - at);
          const accepted = Math.min(emitted[at]! - 1, drafted);
          visit(r, at - offsets[r]!, accepted, Math.min(accepted + 1, drafted));
        }
      }
    },
  };
}

/** Of rounds that ran. */
export function judgedIn(steps: Steps, promptTokens: Int32Array): Judged {
  const { offsets, emitted, proposed, maxK, outputTokens } = steps;
  const requests = offsets.length - 1;
  return {
    requests,
    promptTokens,
    outputTokens,
    each(visit) {
      for (let r = 0; r < requests; r++) {
        let position = 1;
        for (let i = offsets[r]!; i < offsets[r + 1]!; i++) {
          const drafted = Math.min(proposed?.[i] ?? maxK, Math.max(outputTokens[r]! - position, 0));
          const accepted = Math.min(emitted[i]! - 1, drafted);
          visit(r, position, accepted, Math.min(accepted + 1, drafted));
          position += emitted[i]!;
        }
      }
    },
  };
}
