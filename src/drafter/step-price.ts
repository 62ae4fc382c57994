/**
 * The price of a decode step in which all sequences are alike: what a policy weighs lengths with. It states what
 * the drafter would state, so that a policy needs to know no method. Of a hybrid both parts are taken to run.
 */
import { type CostModel, noSeconds, StepWork, totalSeconds } from '../cost/work.ts';
import type { StepPrice } from '../policy/policy.ts';
import type { Method } from './methods.ts';

/** @param maxK the longest draft */
export function stepPrice({ parts }: Method, cost: CostModel, maxK: number): StepPrice {
  const models = parts.flatMap(({ model }) => model ?? []);
  const searches = parts.some(({ proposer }) => proposer === 'search');
  const work = new StepWork(models.length, maxK);
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
      for (const [d, draft] of work.drafts.entries()) {
        draft.add(sequences, models[d]!.drafting === 'block' ? maxK : asked, context, emitted);
        draft.catchUpTokens = Math.round(draft.catchUpTokens);
      }
    }
    cost.priceStep(work, price);
    return totalSeconds(price);
  };
}
