/**
 * The price of a decode step in which all sequences are alike: what a policy weighs lengths with. It states what
 * the drafter would state, so that a policy needs to know no method. Of two parts both are taken to run, unless one is
 * named.
 */
import { type CostModel, noSeconds, StepWork, totalSeconds } from '../cost/work.ts';
import type { StepPrice } from '../policy/policy.ts';
import type { BasicMethod, Method } from './methods.ts';

/**
 * @param maxK the longest draft
 * @param only the one part that runs
 */
export function stepPrice({ parts }: Method, cost: CostModel, maxK: number, only?: number): StepPrice {
  const runs = (part: BasicMethod) => only === undefined || parts[only] === part;
  const models = parts.filter(({ model }) => model !== undefined);
  const searches = parts.some((part) => part.proposer === 'search' && runs(part));
  const work = new StepWork(models.length, maxK);
  const drafts = models.flatMap((part, slot) =>
    runs(part) ? { work: work.drafts[slot]!, whole: part.model!.drafting === 'block' } : [],
  );
  const price = noSeconds();
  return (sequences, contextTokens, asked, proposed, emitted) => {
    const context = contextTokens / sequences;
    work.clear();
    const { verify } = work;
    verify.sequences = sequences;
    verify.tokens = Math.round(sequences * (1 + proposed));
    verify.logitRows = verify.tokens;
    verify.contextTokens = contextTokens + sequences * proposed;
    verify.attentionPairs = sequences * (1 + proposed) * (context + proposed / 2);
    if (asked > 0) {
      if (searches) {
        work.searches = sequences;
        work.searchHits = (sequences * proposed) / asked;
      }
      for (const { work: draft, whole } of drafts) {
        draft.add(sequences, whole ? maxK : asked, context, emitted);
        draft.catchUpTokens = Math.round(draft.catchUpTokens);
      }
    }
    cost.priceStep(work, price);
    return totalSeconds(price);
  };
}
