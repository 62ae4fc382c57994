/**
 * The default cost model: rooflines for every pass, plus what the engine profile says of launches, host
 * work and sampling. Within a step the parts follow one another: host, drafting passes, verification,
 * sampling. An engine that schedules asynchronously hides the host's work behind the GPU's, the launches of draft
 * passes included; not the look-up, which has to know the tokens of the step before. What is captured in graphs, how far
 * batches are padded, and from where on all-reduces take another path, the engine profile says. Stages of a pipeline
 * follow one another too: one batch is in it at a time.
 */
import { listOf } from '../columns.ts';
import type { HardwareProfile } from '../hardware/profile.ts';
import type { ForwardShape } from '../model/shape.ts';
import { DraftPasses, NO_PROMPTS } from './draft-passes.ts';
import { EnginePasses } from './engine-passes.ts';
import type { EngineProfile } from './engine-profile.ts';
import { type ForwardPass, forwardPass } from './forward-pass.ts';
import { type Placement, together, transferS } from './placement.ts';
import { type PricedEngine, pricedEngine } from './priced-engine.ts';
import { SteadySteps } from './steady-steps.ts';
import type { CostModel, DraftWork, PartSeconds, PassWork, StepWork } from './work.ts';

/** Query rows of a tile of masked attention kernels (FlashAttention and FlashInfer: 64 to 128). */
const MASKED_TILE_ROWS = 64;

/** Bytes of the id of a token. */
const TOKEN_BYTES = 4;

export class Roofline implements CostModel {
  readonly name = 'roofline';
  readonly #engine: PricedEngine;
  readonly #target: ForwardPass;
  readonly #drafts: readonly ForwardPass[];
  readonly #passes: EnginePasses;
  readonly #drafting: DraftPasses;
  readonly #draftingOn: Pick<Placement['drafting'], 'apart' | 'link'>;
  readonly #stages: Pick<Placement['stages'], 'count' | 'link'>;
  readonly #steady: SteadySteps;

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
    profile: EngineProfile,
    gpus: number,
    placement = together(hardware, gpus),
  ) {
    const engine = pricedEngine(profile);
    this.#engine = engine;
    const { drafting, stages } = placement;
    this.#draftingOn = { apart: drafting.apart, link: drafting.link };
    this.#stages = { count: stages.count, link: stages.link };
    this.#target = forwardPass(target, hardware, gpus, engine.kernels);
    this.#drafts = listOf(drafts.length, (d) =>
      forwardPass(drafts[d]!, drafting.hardware, drafting.gpus, engine.kernels),
    );
    this.#passes = new EnginePasses(engine);
    this.#drafting = new DraftPasses(engine, this.#passes);
    this.#steady = new SteadySteps(this.#passes, this.#drafting, this.#target, this.#drafts, placement);
  }

  priceStep(work: StepWork, cost: PartSeconds): void {
    const engine = this.#engine;
    const { verify, prefill, drafted } = work;
    if (!this.#steady.price(work, cost)) this.#passesS(work, cost);
    const rows = verify.logitRows + prefill.logitRows;
    const sampling = drafted > 0 ? engine.rejectionSampling : engine.plainSampling;
    cost.samplingS = sampling.fixedS + rows * sampling.eachS;
    cost.overheadS =
      engine.stepOverhead.fixedS + (verify.sequences + prefill.sequences) * engine.stepOverhead.eachS;
    if (drafted > 0) {
      cost.overheadS += engine.speculationOverhead.fixedS + drafted * engine.speculationOverhead.eachS;
    }
    if (work.ragged > 0) {
      cost.overheadS += engine.raggedOverhead.fixedS + work.ragged * engine.raggedOverhead.eachS;
    }
    cost.overheadS += work.lengthSwitches * engine.lengthSwitchS;
    if (work.trees > 0) cost.overheadS += engine.treeOverhead.fixedS + drafted * engine.treeOverhead.eachS;
    if (drafted > 0 ? engine.asyncSpeculation : engine.asyncScheduling) {
      this.#hideHost(cost, this.#launchesS(work));
    }
  }

  /** Drafting, verification and prefill of any step. */
  #passesS(work: StepWork, cost: PartSeconds): void {
    const { verify, prefill } = work;
    const outside = work.ragged > 0 && !this.#engine.raggedGraphs;
    cost.draftS = this.#hostDraftingS(work);
    let aheadS = 0;
    for (let d = 0; d < work.drafts.length; d++) {
      const pass = this.#drafts[d]!;
      const seconds = this.#drafting.draftS(
        pass,
        work.drafts[d]!,
        pass.shape.lastTokenOnly ? NO_PROMPTS : prefill,
      );
      if (pass.shape.ahead) aheadS += seconds;
      else cost.draftS += seconds;
    }
    const padded = outside
      ? this.#passes.padMixed(verify.tokens)
      : this.#passes.pad(verify.tokens, verify.sequences);
    const verifyS =
      this.#passes.tokensS(this.#target, padded, verify.sequences) +
      this.#verifyAttentionS(work) -
      this.#keptS(work, padded);
    const layersS = outside
      ? this.#passes.layersS(this.#target, 1, verifyS)
      : this.#passes.decodeLayersS(this.#target, verify.tokens, verify.sequences, verifyS);
    cost.verifyS = layersS + this.#target.logitsS(verify.logitRows) + this.#stagesS(1, verify.tokens);
    cost.prefillS =
      prefill.tokens === 0
        ? 0
        : this.#passes.besideS(this.#target, verify, prefill, verifyS, layersS) +
          this.#stagesS(0, prefill.tokens);
    // What is drafted while the target verifies takes only the time that it takes longer.
    cost.draftS += Math.max(0, aheadS - cost.verifyS) + this.#exchangeS(work);
  }

  /** Activations of so many tokens from stage to stage, in so many passes. */
  #stagesS(passes: number, tokens: number): number {
    const { count, link } = this.#stages;
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
    const { apart, link } = this.#draftingOn;
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

  /**
   * What verification is spared where drafts came from the target's own first layers (LayerSkip): these layers, over all
   * tokens but the last draft of each sequence. Weights and KV cache are read for that one.
   */
  #keptS({ verify, drafts }: StepWork, padded: number): number {
    let seconds = 0;
    for (let d = 0; d < drafts.length; d++) {
      const pass = this.#drafts[d]!;
      if (!pass.shape.firstLayers || drafts[d]!.longest === 0) continue;
      const { sequences, tokens, contextTokens, attentionPairs } = verify;
      const rest = tokens - tokensDrafted(drafts[d]!);
      const layersS = (run: number, over: number) =>
        this.#passes.tokensS(pass, over, sequences) +
        pass.attentionS(sequences, run, contextTokens, (attentionPairs * run) / tokens, run);
      seconds += layersS(tokens, padded) - layersS(rest, this.#passes.pad(rest, sequences));
    }
    return seconds;
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
      this.#passes.layersS(
        pass,
        passes,
        fullPasses * this.#passes.tokensS(pass, maxBatchedTokens, sequences) +
          (rest > 0 ? this.#passes.tokensS(pass, rest, sequences) : 0) +
          pass.promptAttentionS(prompts),
      );
    cost.prefillS =
      passesS(this.#target) + this.#target.logitsS(prompts.logitRows) + this.#stagesS(passes, prompts.tokens);
    cost.draftS = 0;
    const { apart, link } = this.#draftingOn;
    let launchesS = 0;
    for (const draft of this.#drafts) {
      const { block, lastTokenOnly, modules } = draft.shape;
      if (lastTokenOnly) continue;
      launchesS += modules * passes * this.#engine.draftPassLaunchS;
      cost.draftS += (block ? 0 : modules * passesS(draft)) + draft.firstPassS(prompts.tokens);
      if (apart) cost.draftS += transferS(link, passes, prompts.tokens * draft.shape.readBytesPerToken);
    }
    cost.draftS += launchesS;
    cost.verifyS = 0;
    cost.samplingS = passes * plainSampling.fixedS + prompts.logitRows * plainSampling.eachS;
    cost.overheadS = passes * stepOverhead.fixedS + prompts.sequences * stepOverhead.eachS;
    const { asyncScheduling, asyncSpeculation } = this.#engine;
    if (this.#drafts.length > 0 ? asyncSpeculation : asyncScheduling) this.#hideHost(cost, launchesS);
  }

  /**
   * With asynchronous scheduling the host prepares and launches a step while the GPU runs one: the longer of the two
   * counts, and what the host takes longer is overhead.
   *
   * @param launchesS of draft passes, so far part of drafting
   */
  #hideHost(cost: PartSeconds, launchesS: number): void {
    cost.draftS -= launchesS;
    const deviceS = cost.draftS + cost.verifyS + cost.samplingS + cost.prefillS;
    cost.overheadS = Math.max(0, cost.overheadS + launchesS - deviceS);
  }

  /** Host time of all draft passes of a step: those that draft, or the one that takes chunks alone. */
  #launchesS({ drafts, prefill }: StepWork): number {
    let seconds = 0;
    for (let d = 0; d < drafts.length; d++) {
      const pass = this.#drafts[d]!;
      const work = drafts[d]!;
      if (pass.shape.ahead) continue;
      const alone = pass.shape.lastTokenOnly ? 0 : Math.min(prefill.tokens, 1);
      seconds +=
        work.longest === 0
          ? alone * pass.shape.modules * this.#engine.draftPassLaunchS
          : this.#drafting.launchesS(pass, work);
    }
    return seconds;
  }

  /** Look-up, and changes of drafter: work of the host that nothing hides, since it needs the last step's tokens. */
  #hostDraftingS({ searches, switches }: StepWork): number {
    const { search, drafterSwitch } = this.#engine;
    let seconds = 0;
    if (searches > 0) seconds += search.fixedS + searches * search.eachS;
    if (switches > 0) seconds += drafterSwitch.fixedS + switches * drafterSwitch.eachS;
    return seconds;
  }
}

/** Tokens that a model drafts, over all sequences: as many as it drafted from. */
function tokensDrafted({ longest, sequencesOfLength }: DraftWork): number {
  let tokens = 0;
  for (let length = 1; length <= longest; length++) tokens += length * sequencesOfLength[length]!;
  return tokens;
}
