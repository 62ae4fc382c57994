/**
 * The price of a decode step in which all sequences are alike: what a policy weighs lengths with. It states what
 * the drafter would state, so that a policy needs to know no method. Of two parts both are taken to run, unless one is
 * named, and what is verified is what the first of those that run proposes.
 */
import { type CostModel, noSeconds, StepWork, totalSeconds, Verified } from '../cost/work.ts';
import type { StepPrice } from '../policy/policy.ts';
import type { Choice } from './choice.ts';
import { mostVerified } from './drafter.ts';

/** @param only the one part that runs */
export function stepPrice(choices: readonly Choice[], cost: CostModel, only?: number): StepPrice {
  const runs = (choice: Choice) => only === undefined || choices[only] === choice;
  const models = choices.filter(({ model }) => model !== null).length;
  const searches = choices.some((choice) => choice.part.proposer === 'search' && runs(choice));
  const work = new StepWork(models, mostVerified(choices.map(({ proposer }) => proposer)).drafted);
  const drafting = choices.filter(runs).flatMap(({ model }) => model ?? []);
  const { proposer } = choices[only ?? 0]!;
  const verified = new Verified();
  const price = noSeconds();
  return (sequences, contextTokens, asked, proposed, emitted, switches = 0) => {
    work.clear();
    work.lengthSwitches = switches;
    proposer.verify(proposed, verified);
    work.addRounds(sequences, contextTokens, verified);
    work.verify.tokens = Math.round(work.verify.tokens);
    work.verify.logitRows = work.verify.tokens;
    work.drafted = Math.round(work.drafted);
    if (asked > 0) {
      if (searches) {
        work.searches = sequences;
        work.searchHits = (sequences * proposed) / asked;
      }
      for (const model of drafting) {
        model.draftAll(sequences, asked, contextTokens, Math.round(sequences * emitted), work);
      }
    }
    cost.priceStep(work, price);
    return totalSeconds(price);
  };
}
