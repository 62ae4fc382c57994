/**
 * The default cost model: rooflines for every pass, plus what the engine profile says of launches, host
 * work and sampling. Within a step the parts follow one another: host, drafting passes, verification,
 * sampling. An engine that schedules asynchronously hides the host's work behind the GPU's, the launches of draft
 * passes included; not the look-up, which has to know the tokens of the step before.
 */
import type { HardwareProfile } from '../hardware/profile.ts';
import type { ForwardShape } from '../model/shape.ts';
import type { EngineProfile } from './engine-profile.ts';
import { type ForwardPass, forwardPass } from './forward-pass.ts';
import type { CostModel, DraftWork, PartSeconds, PassWork, StepWork } from './work.ts';

/** Query rows of a tile of masked attention kernels (FlashAttention and FlashInfer: 64 to 128). */
const MASKED_TILE_ROWS = 64;

export class Roofline implements CostModel {
  readonly name = 'roofline';
  readonly #engine: EngineProfile;
  readonly #target: ForwardPass;
  readonly #drafts: readonly ForwardPass[];
  readonly #padded: Int32Array;

  /**
   * @param target work of one target pass on one GPU
   * @param drafts the same for each draft model, in the order of `StepWork.drafts`
   * @param gpus size of the tensor-parallel group
   */
  constructor(
    target: ForwardShape,
    drafts: readonly ForwardShape[],
    hardware: HardwareProfile,
    engine: EngineProfile,
    gpus: number,
  ) {
    this.#engine = engine;
    this.#target = forwardPass(target, hardware, gpus);
    this.#drafts = drafts.map((shape) => forwardPass(shape, hardware, gpus));
    this.#padded = paddedCounts(engine.graphSizes);
  }

  priceStep(work: StepWork, cost: PartSeconds): void {
    const engine = this.#engine;
    const { verify, prefill, drafted } = work;
    const rows = verify.logitRows + prefill.logitRows;
    const sampling = drafted > 0 ? engine.rejectionSampling : engine.plainSampling;
    cost.draftS = this.#hostDraftingS(work);
    for (let d = 0; d < work.drafts.length; d++) {
      cost.draftS += this.#draftS(this.#drafts[d]!, work.drafts[d]!, prefill);
    }
    const verifyS = this.#target.tokensS(this.#pad(verify.tokens)) + this.#verifyAttentionS(work);
    const layersS = this.#layersS(this.#target, 1, verifyS);
    cost.verifyS = layersS + this.#target.logitsS(verify.logitRows);
    cost.prefillS =
      prefill.tokens === 0
        ? 0
        : this.#layersS(this.#target, 1, verifyS + this.#addedS(this.#target, verify.tokens, prefill)) -
          layersS +
          this.#target.logitsS(rows) -
          this.#target.logitsS(verify.logitRows);
    cost.samplingS = sampling.fixedS + rows * sampling.eachS;
    cost.overheadS =
      engine.stepOverhead.fixedS + (verify.sequences + prefill.sequences) * engine.stepOverhead.eachS;
    if (drafted > 0) {
      cost.overheadS += engine.speculationOverhead.fixedS + drafted * engine.speculationOverhead.eachS;
    }
    if (work.trees > 0) cost.overheadS += engine.treeOverhead.fixedS + drafted * engine.treeOverhead.eachS;
    this.#hideHost(cost, this.#launchesS(work));
  }

  /** A kernel with a mask reads the KV cache once for every tile of query rows; a chain's rows fit one tile. */
  #verifyAttentionS({ verify, trees }: StepWork): number {
    const { sequences, tokens, contextTokens, attentionPairs } = verify;
    const rows = (tokens / sequences) * this.#target.shape.queriesPerKey;
    const tiles = trees > 0 ? Math.ceil(rows / MASKED_TILE_ROWS) : 1;
    return this.#target.attentionS(sequences, tokens, contextTokens, attentionPairs, tokens, tiles);
  }

  /** Prompts are prefilled in passes of at most the engine's token budget, each a step of its own. */
  pricePrefill(prompts: PassWork, cost: PartSeconds): void {
    const { maxBatchedTokens, stepOverhead, plainSampling } = this.#engine;
    const fullPasses = Math.floor(prompts.tokens / maxBatchedTokens);
    const rest = prompts.tokens - fullPasses * maxBatchedTokens;
    const passes = fullPasses + (rest > 0 ? 1 : 0);
    const passesS = (pass: ForwardPass): number =>
      this.#layersS(
        pass,
        passes,
        fullPasses * pass.tokensS(maxBatchedTokens) +
          (rest > 0 ? pass.tokensS(rest) : 0) +
          pass.attentionS(prompts.sequences, prompts.tokens, prompts.contextTokens, prompts.attentionPairs),
      );
    cost.prefillS = passesS(this.#target) + this.#target.logitsS(prompts.logitRows);
    cost.draftS = 0;
    for (const draft of this.#drafts) {
      const layersS = draft.shape.block ? 0 : passesS(draft);
      cost.draftS += layersS + passes * this.#engine.draftPassLaunchS + draft.firstPassS(prompts.tokens);
    }
    cost.verifyS = 0;
    cost.samplingS = passes * plainSampling.fixedS + prompts.logitRows * plainSampling.eachS;
    cost.overheadS = passes * stepOverhead.fixedS + prompts.sequences * stepOverhead.eachS;
    this.#hideHost(cost, this.#drafts.length * passes * this.#engine.draftPassLaunchS);
  }

  /**
   * With asynchronous scheduling the host prepares and launches a step while the GPU runs one: the longer of the two
   * counts, and what the host takes longer is overhead.
   *
   * @param launchesS of draft passes, so far part of drafting
   */
  #hideHost(cost: PartSeconds, launchesS: number): void {
    if (!this.#engine.asyncScheduling) return;
    cost.draftS -= launchesS;
    const deviceS = cost.draftS + cost.verifyS + cost.samplingS + cost.prefillS;
    cost.overheadS = Math.max(0, cost.overheadS + launchesS - deviceS);
  }

  /** Host time of all draft passes of a step: those that draft, or the one that takes chunks alone. */
  #launchesS({ drafts, prefill }: StepWork): number {
    let passes = 0;
    for (const [d, { longest }] of drafts.entries()) {
      const { block } = this.#drafts[d]!.shape;
      passes += longest === 0 ? Math.min(prefill.tokens, 1) : block ? 1 : longest;
    }
    return passes * this.#engine.draftPassLaunchS;
  }

  /**
   * What chunks of prompts add to a pass over `tokens` other tokens. Their attention is added to the others':
   * kernels of mixed batches overlap little of the two (POD-Attention, arXiv 2410.18038).
   */
  #addedS(pass: ForwardPass, tokens: number, chunks: PassWork): number {
    return (
      pass.tokensS(this.#pad(tokens + chunks.tokens)) -
      pass.tokensS(this.#pad(tokens)) +
      pass.attentionS(chunks.sequences, chunks.tokens, chunks.contextTokens, chunks.attentionPairs)
    );
  }

  /** Look-up, and changes of drafter: work of the host that nothing hides, since it needs the last step's tokens. */
  #hostDraftingS({ searches, switches }: StepWork): number {
    const { search, drafterSwitch } = this.#engine;
    let seconds = 0;
    if (searches > 0) seconds += search.fixedS + searches * search.eachS;
    if (switches > 0) seconds += drafterSwitch.fixedS + switches * drafterSwitch.eachS;
    return seconds;
  }

  /**
   * All passes of a draft model. The first takes the prompts' chunks along; where nobody drafts it takes them alone. The
   * branches of a tree are sequences of their own in its later passes, each of which reads the context (SGLang).
   */
  #draftS(pass: ForwardPass, work: DraftWork, chunks: PassWork): number {
    if (pass.shape.block) return this.#blockS(pass, work, chunks);
    const { longest, widths } = work;
    const launchS = this.#engine.draftPassLaunchS;
    if (longest === 0) return chunks.tokens === 0 ? 0 : launchS + this.#aloneS(pass, chunks);
    let sequences = 0;
    let context = 0;
    let seconds = longest * launchS;
    for (let j = longest; j >= 1; j--) {
      sequences += work.sequencesOfLength[j]!;
      context += work.contextOfLength[j]!;
      const rows = sequences * (widths === null ? 1 : widths[j - 1]!);
      const tokens = j === 1 ? work.catchUpTokens : rows;
      const seen = (context + (j - 1) * sequences) * (rows / sequences);
      const added = j === 1 && chunks.tokens > 0 ? this.#addedS(pass, tokens, chunks) : 0;
      const rooflineS =
        pass.tokensS(this.#pad(tokens)) + pass.attentionS(rows, tokens, seen, (seen * tokens) / rows) + added;
      seconds += this.#layersS(pass, 1, rooflineS) + pass.logitsS(rows);
    }
    return seconds + pass.firstPassS(this.#pad(work.catchUpTokens + chunks.tokens));
  }

  /**
   * A block drafter: keys and values of the context it has not read, prompts' chunks included, then one pass over every
   * block, which is the last token and a blank for each draft. Every token of a block attends to all of it.
   */
  #blockS(pass: ForwardPass, work: DraftWork, chunks: PassWork): number {
    const { longest, sequencesOfLength, contextOfLength } = work;
    if (longest === 0 && chunks.tokens === 0) return 0;
    const contextS =
      this.#engine.draftPassLaunchS + pass.firstPassS(this.#pad(work.catchUpTokens + chunks.tokens));
    if (longest === 0) return contextS;
    let sequences = 0;
    let drafts = 0;
    let seen = 0;
    let pairs = 0;
    for (let length = 1; length <= longest; length++) {
      const blocks = sequencesOfLength[length]!;
      const keys = contextOfLength[length]! + blocks * length;
      sequences += blocks;
      drafts += blocks * length;
      seen += keys;
      pairs += keys * (length + 1);
    }
    const tokens = sequences + drafts;
    const rooflineS = pass.tokensS(this.#pad(tokens)) + pass.attentionS(sequences, tokens, seen, pairs);
    return contextS + this.#layersS(pass, 1, rooflineS) + pass.logitsS(drafts);
  }

  #aloneS(pass: ForwardPass, { sequences, tokens, contextTokens, attentionPairs }: PassWork): number {
    const padded = this.#pad(tokens);
    const rooflineS =
      pass.tokensS(padded) + pass.attentionS(sequences, tokens, contextTokens, attentionPairs);
    return this.#layersS(pass, 1, rooflineS) + pass.firstPassS(padded);
  }

  /** The layers of some passes: launch gaps beside their rooflines, and no faster than the host launches them. */
  #layersS(pass: ForwardPass, passes: number, rooflineS: number): number {
    const layers = passes * pass.shape.layers;
    return Math.max(rooflineS + layers * this.#engine.layerLaunchS, layers * this.#engine.layerHostS);
  }

  #pad(tokens: number): number {
    return this.#padded[tokens] ?? tokens;
  }
}

/** Element m: the smallest captured size that holds m tokens. */
function paddedCounts(sizes: readonly number[]): Int32Array {
  const padded = new Int32Array((sizes.at(-1) ?? -1) + 1);
  let next = 0;
  for (let tokens = 1; tokens < padded.length; tokens++) {
    if (tokens > sizes[next]!) next++;
    padded[tokens] = sizes[next]!;
  }
  return padded;
}
