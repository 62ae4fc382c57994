/** What must hold between the fields of a card, whoever wrote it. */
import { UserError } from '../errors.ts';
import type { DraftHead, Transformer } from './architecture.ts';

/** Throws a UserError, prefixed with `where`, when heads, layers or experts do not add up. */
export function checkCard(card: Transformer | DraftHead, where: string): void {
  const { attention, experts, layers } = card;
  const fail = (problem: string): never => {
    throw new UserError(`${where}: ${problem}`);
  };
  if (attention.kind === 'gqa') {
    const { heads, kvHeads, slidingWindow } = attention;
    if (heads % kvHeads !== 0) {
      fail(`${heads} query heads on ${kvHeads} key-value heads, expected a whole number of queries for each`);
    }
    if (slidingWindow && slidingWindow.layers > layers) {
      fail(`${slidingWindow.layers} layers with a sliding window, expected at most all ${layers}`);
    }
  }
  if (card.kind === 'dflash' && !card.fusion.firstPassOnly) {
    fail('fusion.firstPassOnly is false, expected true: a dflash head fuses the states of the context, once');
  }
  if (experts && experts.perToken > experts.count) {
    fail(`${experts.perToken} experts per token, expected at most all ${experts.count}`);
  }
  if (experts && experts.denseLayers > layers) {
    fail(`${experts.denseLayers} dense layers, expected at most all ${layers}`);
  }
}
