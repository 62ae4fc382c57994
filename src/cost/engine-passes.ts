/**
 * What an engine makes of a forward pass: graphs that it is padded to, launches of layers, and all-reduces that take
 * another path from some size on.
 */
import type { ForwardPass } from './forward-pass.ts';
import type { PricedEngine } from './priced-engine.ts';
import type { PassWork } from './work.ts';

export class EnginePasses {
  readonly #engine: PricedEngine;
  readonly #padded: Int32Array;

  constructor(engine: PricedEngine) {
    this.#engine = engine;
    this.#padded = paddedCounts(engine.graphSizes);
  }

  /**
   * What chunks of prompts add to a pass over `tokens` other tokens. Their attention is added to the others':
   * kernels of mixed batches overlap little of the two (POD-Attention, arXiv 2410.18038).
   */
  addedS(pass: ForwardPass, tokens: number, sequences: number, chunks: PassWork): number {
    const padded = this.pad(tokens, sequences);
    const mixed = Math.max(padded, this.padMixed(tokens + chunks.tokens));
    return (
      this.tokensS(pass, mixed, sequences + chunks.sequences) -
      this.tokensS(pass, padded, sequences) +
      pass.promptAttentionS(chunks)
    );
  }

  /**
   * What chunks of prompts add to the target's pass over tokens that are verified.
   *
   * @param verifyS rooflines of the pass without them
   * @param layersS the same as the engine runs it
   */
  besideS(target: ForwardPass, verify: PassWork, chunks: PassWork, verifyS: number, layersS: number): number {
    return (
      this.layersS(target, 1, verifyS + this.addedS(target, verify.tokens, verify.sequences, chunks)) -
      layersS +
      target.logitsS(verify.logitRows + chunks.logitRows) -
      target.logitsS(verify.logitRows)
    );
  }

  /** A pass over prompts, or chunks of them, that nobody decodes beside. */
  aloneS(pass: ForwardPass, prompts: PassWork): number {
    const { sequences, tokens } = prompts;
    const padded = this.padMixed(tokens);
    const rooflineS = this.tokensS(pass, padded, sequences) + pass.promptAttentionS(prompts);
    return this.layersS(pass, 1, rooflineS) + pass.firstPassS(padded);
  }

  /** The layers of some passes: launch gaps beside their rooflines, and no faster than the host launches them. */
  layersS(pass: ForwardPass, passes: number, rooflineS: number): number {
    const layers = passes * pass.shape.layers;
    return Math.max(rooflineS + passes * this.gapsS(pass), layers * this.#engine.layerHostS);
  }

  /** The same of a pass that only decodes, which one graph may hold. */
  decodeLayersS(pass: ForwardPass, tokens: number, sequences: number, rooflineS: number): number {
    return Math.max(rooflineS + this.gapsS(pass), this.decodeHostS(pass, tokens, sequences));
  }

  /** The host's time to launch the layers of a pass that only decodes: none where one graph holds it. */
  decodeHostS({ shape: { layers } }: ForwardPass, tokens: number, sequences: number): number {
    const { fullGraphs, graphSizesBy, layerHostS } = this.#engine;
    const captured = fullGraphs && (graphSizesBy === 'tokens' ? tokens : sequences) < this.#padded.length;
    return captured ? 0 : layers * layerHostS;
  }

  /** What a pass takes beside its rooflines: launch gaps and small kernels of its layers and of products they have more. */
  gapsS({ shape: { layers, furtherProducts } }: ForwardPass): number {
    return layers * this.#engine.layerLaunchS + furtherProducts * this.#engine.productLaunchS;
  }

  /** What depends on the number of tokens alone, with what all-reduces of that size take longer. */
  tokensS(pass: ForwardPass, tokens: number, sequences: number): number {
    const { fromBytes, extraS } = this.#engine.allReduceSwitch;
    const { allReduces, allReduceBytesPerToken } = pass.shape;
    const extra = allReduces > 0 && tokens * allReduceBytesPerToken >= fromBytes ? allReduces * extraS : 0;
    return pass.tokensS(tokens, sequences) + extra;
  }

  /** Whether what a pass is padded to depends on its tokens alone. */
  get padsByTokens(): boolean {
    return this.#engine.graphSizesBy === 'tokens';
  }

  /** Tokens of a pass that only decodes, padded to the graph that holds it. */
  pad(tokens: number, sequences: number): number {
    if (this.#engine.graphSizesBy === 'tokens') return this.#graphOf(tokens) ?? tokens;
    const padded = this.#graphOf(sequences);
    return padded === undefined || sequences === 0 ? tokens : Math.ceil((padded * tokens) / sequences);
  }

  /** The same of a pass that takes chunks of prompts: graphs by sequences hold decode steps alone. */
  padMixed(tokens: number): number {
    return this.#engine.graphSizesBy === 'tokens' ? (this.#graphOf(tokens) ?? tokens) : tokens;
  }

  /** The captured size that holds so many, if any. Counts come as floats, with which compiled code cannot index: it would be thrown away. */
  #graphOf(count: number): number | undefined {
    const index = count | 0;
    return index === count ? this.#padded[index] : undefined;
  }
}

/** Element m: the smallest captured size that holds m tokens, or sequences. */
function paddedCounts(sizes: readonly number[]): Int32Array {
  const padded = new Int32Array((sizes.at(-1) ?? -1) + 1);
  let next = 0;
  for (let tokens = 1; tokens < padded.length; tokens++) {
    if (tokens > sizes[next]!) next++;
    padded[tokens] = sizes[next]!;
  }
  return padded;
}
