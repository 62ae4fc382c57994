/** The draft head that a model trained to predict further tokens brings along. */
import { UserError } from '../errors.ts';
import { type DraftHead, expertsOf, type Mixer, type Transformer } from './architecture.ts';
import type { ForwardShape } from './shape.ts';

/**
 * The multi-token-prediction head of a model that was trained with one: a layer of the target's own shape (the
 * mixture of experts where there is one), behind a matrix that fuses embedding and hidden state in every pass.
 *
 * @throws UserError when `target` was trained without one
 */
export function mtpHead(target: Transformer): DraftHead {
  const { name, hidden, vocab, mixers, feedForwards } = target;
  if (target.mtpLayers === 0) {
    throw new UserError(`model ${name} has no multi-token-prediction layer, expected mtpLayers of 1 or more`);
  }
  const feedForward = expertsOf(target) ?? feedForwards[0]!;
  return {
    kind: 'mtp',
    name: `mtp-${name}`,
    target: name,
    layers: 1,
    hidden,
    vocab,
    mixers: [{ ...(mixers.find(seesAll) ?? mixers[0]!), layers: 1 }],
    feedForwards: [{ ...feedForward, layers: 1 }],
    attentionInput: hidden,
    fusion: { input: 2 * hidden, firstPassOnly: false },
    sharesOutputMatrix: true,
    ...(target.mtpLayers > 1 && { modules: target.mtpLayers }),
    source: `the target's config (num_nextn_predict_layers ${target.mtpLayers}); eh_proj as in vllm-project/vllm deepseek_mtp.py`,
  };
}

/**
 * A module of its own for each of so many depths, in place of one that runs again: the k-th drafts from what the one
 * before made of every token, so that each has read all of the context, on a KV cache of its own.
 */
export function modulesOf(shape: ForwardShape, modules: number): ForwardShape {
  if (modules <= 1) return shape;
  return {
    ...shape,
    modules,
    weightBytes: modules * shape.weightBytes,
    kvBytesPerToken: modules * shape.kvBytesPerToken,
  };
}

/** Of a model with several kinds of layer, the extra one is of the kind that attends to the whole context. */
function seesAll(mixer: Mixer): boolean {
  return mixer.kind === 'mla' || (mixer.kind === 'gqa' && mixer.window === undefined);
}
