/** Names of requests. Millions of sampled ones go without: as text they would take more room than all else that is kept of them. */
import type { AcceptanceTrace } from './trace.ts';

/** What a source calls its requests; of one that has no names their numbers, from 0 on. */
export function idsOf({ ids, outputTokens }: AcceptanceTrace): readonly string[] {
  return ids ?? Array.from(outputTokens, (_, r) => String(r));
}
