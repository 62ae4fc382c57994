/**
 * Medusa (arXiv 2401.10774): heads that each draft another token further on from the target's last hidden state alone.
 * A head is a square product with a residual and an output matrix of its own. Left out: more than one product a head,
 * and that output matrices may be reduced to frequent tokens.
 */
import type { DraftHead } from './architecture.ts';

interface Medusa {
  readonly name: string;
  /** The model that they were trained for. */
  readonly target: string;
  readonly heads: number;
  readonly hidden: number;
  readonly vocab: number;
  readonly source: string;
}

/** A draft head without layers. */
export function medusaHead({ name, target, heads, hidden, vocab, source }: Medusa): DraftHead {
  return {
    kind: 'medusa',
    name,
    target,
    heads,
    hidden,
    vocab,
    layers: 0,
    mixers: [],
    feedForwards: [],
    attentionInput: hidden,
    fusion: { input: hidden, firstPassOnly: false },
    sharesOutputMatrix: false,
    source,
  };
}
