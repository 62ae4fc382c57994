/** Of a shape what its passes are priced with, the same properties in the same order for models and heads (see priced-engine.ts). */
import type { ForwardShape } from '../model/shape.ts';

export type PricedShape = ReturnType<typeof pricedShape>;

export function pricedShape(shape: ForwardShape) {
  return {
    layers: shape.layers,
    gemms: shape.gemms,
    furtherProducts: shape.furtherProducts,
    block: shape.block,
    lastTokenOnly: shape.lastTokenOnly ?? false,
    modules: shape.modules ?? 1,
    blanks: shape.blanks ?? false,
    firstLayers: shape.firstLayers ?? false,
    ahead: shape.ahead ?? false,
    readBytesPerToken: shape.readBytesPerToken,
    firstPassGemms: shape.firstPassGemms,
    sequential: shape.sequential ?? [],
    lmHead: shape.lmHead,
    experts: shape.experts,
    bidirectional: shape.bidirectional ?? false,
    reads: shape.reads,
    queriesPerKey: shape.queriesPerKey,
    stateBytes: shape.stateBytes,
    stateFlopsPerToken: shape.stateFlopsPerToken,
    activationBytesPerToken: shape.activationBytesPerToken,
    copies: shape.copies,
    exchanges: shape.exchanges,
    allReduces: shape.allReduces,
    allReduceBytesPerToken: shape.allReduceBytesPerToken,
  };
}
