/**
 * The default cost model: rooflines for every pass, plus what the engine profile says of launches, host
 * work and sampling. Within a step the parts follow one another: host, drafting passes, verification,
 * sampling. An engine that schedules asynchronously hides the host's work behind the GPU's, the launches of draft
 * passes included; not the look-up, which has to know the tokens of the step before. What is captured in graphs, how far
 * batches are padded, and from where on all-reduces take another path, the engine profile says. Stages of a pipeline
 * follow one another too: one batch is in it at a time.
 */
import type { HardwareProfile } from '../hardware/profile.ts';
import type { ForwardShape } from '../model/shape.ts';
import type { EngineProfile } from './engine-profile.ts';
import { type ForwardPass, forwardPass } from './forward-pass.ts';
import { type Placement, together, transferS } from './placement.ts';
import { type CostModel, type DraftWork, type PartSeconds, PassWork, type StepWork } from './work.ts';

/** Query rows of a tile of masked attention kernels (FlashAttention and FlashInfer: 64 to 128). */
const MASKED_TILE_ROWS = 64;

/** Bytes of the id of a token. */
const TOKEN_BYTES = 4;

/** What chunks of prompts are to a model that reads none. */
const NO_PROMPTS = new PassWork();

export class Roofline implements CostModel {
  readonly name = 'roofline';
  readonly #engine: EngineProfile;
  readonly #target: ForwardPass;
  readonly #drafts: readonly ForwardPass[];
  readonly #padded: Int32Array;
  readonly #placement: Placement;

  /**
   * @param target work of one target pass on one GPU
   * @param drafts the same for each draft model, in the order of `StepWork.drafts`
   * @param gpus size of the tensor-parallel group
   * @param placement of draft models and stages; all on one group unless said
   */
  constructor(
    target: ForwardShape,
    drafts: readonly ForwardShape[],
    hardware: HardwareProfile,
    engine: EngineProfile,
    gpus: number,
    placement = together(hardware, gpus),
  ) {
    this.#engine = engine;
    this.#placement = placement;
    this.#target = forwardPass(target, hardware, gpus, engine.kernels);
    const { drafting } = placement;
    this.#drafts = drafts.map((shape) =>
      forwardPass(shape, drafting.hardware, drafting.gpus, engine.kernels),
    );
    this.#padded = paddedCounts(engine.graphSizes);
  }

  priceStep(work: StepWork, cost: PartSeconds): void {
    const engine = this.#engine;
    const { verify, prefill, drafted } = work;
    const outside = work.ragged > 0 && !engine.raggedGraphs;
    const rows = verify.logitRows + prefill.logitRows;
    const sampling = drafted > 0 ? engine.rejectionSampling : engine.plainSampling;
    cost.draftS = this.#hostDraftingS(work);
    let aheadS = 0;
    for (let d = 0; d < work.drafts.length; d++) {
      const pass = this.#drafts[d]!;
      const seconds = this.#draftS(pass, work.drafts[d]!, pass.shape.lastTokenOnly ? NO_PROMPTS : prefill);
      if (pass.shape.ahead) aheadS += seconds;
      else cost.draftS += seconds;
    }
    const verifyS =
      this.#tokensS(
        this.#target,
        outside ? this.#padMixed(verify.tokens) : this.#pad(verify.tokens, verify.sequences),
        verify.sequences,
      ) + this.#verifyAttentionS(work);
    const layersS = outside
      ? this.#layersS(this.#target, 1, verifyS)
      : this.#decodeLayersS(this.#target, verify, verifyS);
    cost.verifyS = layersS + this.#target.logitsS(verify.logitRows) + this.#stagesS(1, verify.tokens);
    cost.prefillS =
      prefill.tokens === 0
        ? 0
        : this.#layersS(this.#target, 1, verifyS + this.#addedS(this.#target, verify, prefill)) -
          layersS +
          this.#target.logitsS(rows) -
          this.#target.logitsS(verify.logitRows) +
          this.#stagesS(0, prefill.tokens);
    // What is drafted while the target verifies takes only the time that it takes longer.
    cost.draftS += Math.max(0, aheadS - cost.verifyS) + this.#exchangeS(work);
    cost.samplingS = sampling.fixedS + rows * sampling.eachS;
    cost.overheadS =
      engine.stepOverhead.fixedS + (verify.sequences + prefill.sequences) * engine.stepOverhead.eachS;
    if (drafted > 0) {
      cost.overheadS += engine.speculationOverhead.fixedS + drafted * engine.speculationOverhead.eachS;
    }
    if (work.ragged > 0) {
      cost.overheadS += engine.raggedOverhead.fixedS + work.ragged * engine.raggedOverhead.eachS;
    }
    if (work.lengthSwitches > 0) cost.overheadS += engine.lengthSwitchS;
    if (work.trees > 0) cost.overheadS += engine.treeOverhead.fixedS + drafted * engine.treeOverhead.eachS;
    this.#hideHost(
      cost,
      this.#launchesS(work),
      drafted > 0 ? engine.asyncSpeculation : engine.asyncScheduling,
    );
  }

  /** Activations of so many tokens from stage to stage, in so many passes. */
  #stagesS(passes: number, tokens: number): number {
    const { count, link } = this.#placement.stages;
    return transferS(
      link,
      (count - 1) * passes,
      (count - 1) * tokens * this.#target.shape.allReduceBytesPerToken,
    );
  }

  /**
   * Between the target's GPUs and those of draft models that have their own, both ways once a step: the ids of drafts, and
   * of what was emitted whatever a draft model reads, states of the target or ids.
   */
  #exchangeS({ drafts, drafted, prefill }: StepWork): number {
    const { apart, link } = this.#placement.drafting;
    if (!apart) return 0;
    let bytes = 0;
    let exchanges = 0;
    for (let d = 0; d < drafts.length; d++) {
      const { longest, catchUpTokens } = drafts[d]!;
      const { lastTokenOnly, readBytesPerToken } = this.#drafts[d]!.shape;
      const prompts = lastTokenOnly ? 0 : prefill.tokens;
      if (longest === 0 && prompts === 0) continue;
      exchanges = 2;
      bytes += (catchUpTokens + prompts) * readBytesPerToken;
    }
    return transferS(link, exchanges, bytes + (exchanges > 0 ? drafted * TOKEN_BYTES : 0));
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
    const sequences = Math.ceil(prompts.sequences / Math.max(1, passes));
    const passesS = (pass: ForwardPass): number =>
      this.#layersS(
        pass,
        passes,
        fullPasses * this.#tokensS(pass, maxBatchedTokens, sequences) +
          (rest > 0 ? this.#tokensS(pass, rest, sequences) : 0) +
          pass.attentionS(prompts.sequences, prompts.tokens, prompts.contextTokens, prompts.attentionPairs),
      );
    cost.prefillS =
      passesS(this.#target) + this.#target.logitsS(prompts.logitRows) + this.#stagesS(passes, prompts.tokens);
    cost.draftS = 0;
    const { apart, link } = this.#placement.drafting;
    const reading = this.#drafts.filter(({ shape }) => !shape.lastTokenOnly);
    for (const draft of reading) {
      const layersS = draft.shape.block ? 0 : passesS(draft);
      cost.draftS += layersS + passes * this.#engine.draftPassLaunchS + draft.firstPassS(prompts.tokens);
      if (apart) cost.draftS += transferS(link, passes, prompts.tokens * draft.shape.readBytesPerToken);
    }
    cost.verifyS = 0;
    cost.samplingS = passes * plainSampling.fixedS + prompts.logitRows * plainSampling.eachS;
    cost.overheadS = passes * stepOverhead.fixedS + prompts.sequences * stepOverhead.eachS;
    const { asyncScheduling, asyncSpeculation, draftPassLaunchS } = this.#engine;
    const asynchronous = this.#drafts.length > 0 ? asyncSpeculation : asyncScheduling;
    this.#hideHost(cost, reading.length * passes * draftPassLaunchS, asynchronous);
  }

  /**
   * With asynchronous scheduling the host prepares and launches a step while the GPU runs one: the longer of the two
   * counts, and what the host takes longer is overhead.
   *
   * @param launchesS of draft passes, so far part of drafting
   * @param asynchronous whether this step is scheduled so
   */
  #hideHost(cost: PartSeconds, launchesS: number, asynchronous: boolean): void {
    if (!asynchronous) return;
    cost.draftS -= launchesS;
    const deviceS = cost.draftS + cost.verifyS + cost.samplingS + cost.prefillS;
    cost.overheadS = Math.max(0, cost.overheadS + launchesS - deviceS);
  }

  /** Host time of all draft passes of a step: those that draft, or the one that takes chunks alone. */
  #launchesS({ drafts, prefill }: StepWork): number {
    let seconds = 0;
    for (const [d, work] of drafts.entries()) {
      const pass = this.#drafts[d]!;
      if (pass.shape.ahead) continue;
      const alone = pass.shape.lastTokenOnly ? 0 : Math.min(prefill.tokens, 1);
      seconds +=
        work.longest === 0 ? alone * this.#engine.draftPassLaunchS : this.#draftLaunchesS(pass, work);
    }
    return seconds;
  }

  /** Host time of the passes of a model that drafts. */
  #draftLaunchesS(pass: ForwardPass, { longest, sequencesOfLength }: DraftWork): number {
    const { draftPassLaunchS, draftSequenceS, draftsInOneGraph } = this.#engine;
    const launches = (pass.shape.block || draftsInOneGraph ? 1 : longest) * draftPassLaunchS;
    if (draftSequenceS === 0) return launches;
    let sequences = 0;
    for (let length = 1; length <= longest; length++) sequences += sequencesOfLength[length]!;
    return launches + sequences * draftSequenceS;
  }

  /**
   * What chunks of prompts add to a pass over `tokens` other tokens. Their attention is added to the others':
   * kernels of mixed batches overlap little of the two (POD-Attention, arXiv 2410.18038).
   */
  #addedS(pass: ForwardPass, { tokens, sequences }: Tokens, chunks: PassWork): number {
    const padded = this.#pad(tokens, sequences);
    const mixed = Math.max(padded, this.#padMixed(tokens + chunks.tokens));
    return (
      this.#tokensS(pass, mixed, sequences + chunks.sequences) -
      this.#tokensS(pass, padded, sequences) +
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
    if (longest === 0) {
      return chunks.tokens === 0 ? 0 : this.#engine.draftPassLaunchS + this.#aloneS(pass, chunks);
    }
    let sequences = 0;
    let context = 0;
    let seconds = this.#draftLaunchesS(pass, work);
    for (let j = longest; j >= 1; j--) {
      sequences += work.sequencesOfLength[j]!;
      context += work.contextOfLength[j]!;
      const rows = sequences * (widths === null ? 1 : widths[j - 1]!);
      const tokens = j === 1 ? work.catchUpTokens : rows;
      // The first pass of a sequence reads its context once, however many of its tokens draft.
      const branches = j === 1 ? sequences : rows;
      const seen = (context + (j - 1) * sequences) * (branches / sequences);
      const batch = { tokens, sequences };
      const mixed = j === 1 && chunks.tokens > 0;
      const rooflineS =
        this.#tokensS(pass, this.#pad(tokens, sequences), sequences) +
        pass.attentionS(branches, tokens, seen, (seen * tokens) / branches) +
        (mixed ? this.#addedS(pass, batch, chunks) : 0);
      seconds +=
        (mixed ? this.#layersS(pass, 1, rooflineS) : this.#decodeLayersS(pass, batch, rooflineS)) +
        pass.logitsS(rows);
    }
    return seconds + pass.firstPassS(this.#padMixed(work.catchUpTokens + chunks.tokens));
  }

  /**
   * A block drafter: keys and values of the context it has not read, prompts' chunks included, then one pass over every
   * block, which is the last token and a blank for each draft. Every token of a block attends to all of it. A small head
   * may follow, over the drafts in turn.
   */
  #blockS(pass: ForwardPass, work: DraftWork, chunks: PassWork): number {
    const { longest, sequencesOfLength, contextOfLength } = work;
    if (longest === 0 && chunks.tokens === 0) return 0;
    const launchS = longest === 0 ? this.#engine.draftPassLaunchS : this.#draftLaunchesS(pass, work);
    const contextS = launchS + pass.firstPassS(this.#padMixed(work.catchUpTokens + chunks.tokens));
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
    const rooflineS =
      this.#tokensS(pass, this.#pad(tokens, sequences), sequences) +
      pass.attentionS(sequences, tokens, seen, pairs);
    const inTurnS = longest * pass.sequentialS(sequences);
    return (
      contextS + this.#decodeLayersS(pass, { tokens, sequences }, rooflineS) + pass.logitsS(drafts) + inTurnS
    );
  }

  #aloneS(pass: ForwardPass, { sequences, tokens, contextTokens, attentionPairs }: PassWork): number {
    const padded = this.#padMixed(tokens);
    const rooflineS =
      this.#tokensS(pass, padded, sequences) +
      pass.attentionS(sequences, tokens, contextTokens, attentionPairs);
    return this.#layersS(pass, 1, rooflineS) + pass.firstPassS(padded);
  }

  /** The layers of some passes: launch gaps beside their rooflines, and no faster than the host launches them. */
  #layersS(pass: ForwardPass, passes: number, rooflineS: number): number {
    const layers = passes * pass.shape.layers;
    return Math.max(rooflineS + layers * this.#engine.layerLaunchS, layers * this.#engine.layerHostS);
  }

  /** The same of a pass that only decodes, which one graph may hold. */
  #decodeLayersS(pass: ForwardPass, batch: Tokens, rooflineS: number): number {
    const { fullGraphs, graphSizesBy, layerLaunchS } = this.#engine;
    const captured = fullGraphs && batch[graphSizesBy] < this.#padded.length;
    return captured ? rooflineS + pass.shape.layers * layerLaunchS : this.#layersS(pass, 1, rooflineS);
  }

  /** What depends on the number of tokens alone, with what all-reduces of that size take longer. */
  #tokensS(pass: ForwardPass, tokens: number, sequences: number): number {
    const { fromBytes, extraS } = this.#engine.allReduceSwitch;
    const { allReduces, allReduceBytesPerToken } = pass.shape;
    const extra = allReduces > 0 && tokens * allReduceBytesPerToken >= fromBytes ? allReduces * extraS : 0;
    return pass.tokensS(tokens, sequences) + extra;
  }

  /** Tokens of a pass that only decodes, padded to the graph that holds it. */
  #pad(tokens: number, sequences: number): number {
    if (this.#engine.graphSizesBy === 'tokens') return this.#padded[tokens] ?? tokens;
    const padded = this.#padded[sequences];
    return padded === undefined || sequences === 0 ? tokens : Math.ceil((padded * tokens) / sequences);
  }

  /** The same of a pass that takes chunks of prompts: graphs by sequences hold decode steps alone. */
  #padMixed(tokens: number): number {
    return this.#engine.graphSizesBy === 'tokens' ? (this.#padded[tokens] ?? tokens) : tokens;
  }
}

/** What a graph is chosen by. */
type Tokens = Pick<PassWork, 'tokens' | 'sequences'>;

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
