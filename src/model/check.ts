/** What must hold between the fields of a card, whoever wrote it. */
import { UserError } from '../errors.ts';
import { type DraftHead, expertsOf, type Layers, type Mixer, type Transformer } from './architecture.ts';

/** Throws a UserError, prefixed with `where`, when heads, layers or experts do not add up. */
export function checkCard(card: Transformer | DraftHead, where: string): void {
  const { mixers, feedForwards, layers } = card;
  const fail = (problem: string): never => {
    throw new UserError(`${where}: ${problem}`);
  };
  for (const mixer of mixers) checkMixer(mixer, fail);
  const count = (of: readonly { readonly layers: number }[]) => of.reduce((sum, one) => sum + one.layers, 0);
  for (const [what, got] of [
    ['that mix tokens', count(mixers)],
    ['that feed forward', count(feedForwards)],
  ] as const) {
    if (got > layers) fail(`${got} layers ${what}, expected at most all ${layers}`);
  }
  if (card.kind === 'dflash' && !card.fusion.firstPassOnly) {
    fail('fusion.firstPassOnly is false, expected true: a dflash head fuses the states of the context, once');
  }
  if (feedForwards.filter(({ kind }) => kind === 'experts').length > 1) {
    fail('experts of more than one shape, expected one');
  }
  const experts = expertsOf(card);
  if (experts && experts.perToken > experts.count) {
    fail(`${experts.perToken} experts per token, expected at most all ${experts.count}`);
  }
}

function checkMixer(mixer: Layers<Mixer>, fail: (problem: string) => never): void {
  if (mixer.kind === 'gqa' && mixer.heads % mixer.kvHeads !== 0) {
    fail(
      `${mixer.heads} query heads on ${mixer.kvHeads} key-value heads, expected a whole number of queries for each`,
    );
  }
}
