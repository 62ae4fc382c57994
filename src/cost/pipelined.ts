/**
 * Several batches in the stages of a pipeline at a time: the replica's sequences are spread over them, and each does a
 * round while the others do theirs. What takes longest decides how long all of their rounds take: one batch's way through
 * all stages, or the busiest of stages, links and host, once for each batch.
 *
 * Layers are taken to be cut so that stages take equally long; drafting and sampling are the last stage's. Left out: batches
 * that differ, so that a stage waits between them.
 */
import { type Link, transferS } from './placement.ts';
import { Portions } from './portions.ts';
import type { CostModel, PartSeconds, PassWork, StepWork } from './work.ts';

/** Stages, what moves between them, and batches in them. */
export interface Pipeline {
  readonly count: number;
  readonly link: Link;
  /** Bytes of activations that a token moves from stage to stage. */
  readonly bytesPerToken: number;
  readonly batches: number;
}

/** The price of a replica with so many batches in flight, by that of one at a time. */
export function pipelined(one: CostModel, pipeline: Pipeline): CostModel {
  return pipeline.batches === 1 ? one : new Pipelined(one, pipeline);
}

class Pipelined implements CostModel {
  readonly name = 'roofline';
  readonly #one: CostModel;
  readonly #pipeline: Pipeline;
  readonly #portions = new Portions();

  constructor(one: CostModel, pipeline: Pipeline) {
    this.#one = one;
    this.#pipeline = pipeline;
  }

  priceStep(work: StepWork, cost: PartSeconds): void {
    const batches = Math.min(this.#pipeline.batches, Math.max(1, work.verify.sequences));
    const step = this.#portions.step(work, batches);
    this.#one.priceStep(step, cost);
    this.#overlap(cost, batches, step.verify.tokens + step.prefill.tokens);
  }

  pricePrefill(prompts: PassWork, cost: PartSeconds): void {
    const batches = Math.min(this.#pipeline.batches, Math.max(1, prompts.sequences));
    const portion = this.#portions.prompts(prompts, batches);
    this.#one.pricePrefill(portion, cost);
    this.#overlap(cost, batches, portion.tokens);
  }

  /** Makes the price of one batch that of all, part by part alike. */
  #overlap(cost: PartSeconds, batches: number, tokens: number): void {
    const { count, link, bytesPerToken } = this.#pipeline;
    const bytes = tokens * bytesPerToken;
    const aloneS = cost.draftS + cost.verifyS + cost.samplingS + cost.overheadS + cost.prefillS;
    const layersS = cost.verifyS + cost.prefillS - transferS(link, count - 1, (count - 1) * bytes);
    const lastStageS = Math.max(0, layersS) / count + cost.draftS + cost.samplingS;
    const busiestS = Math.max(lastStageS, cost.overheadS, bytes / link.bytesPerS);
    const longer = Math.max(1, (batches * busiestS) / aloneS);
    cost.draftS *= longer;
    cost.verifyS *= longer;
    cost.samplingS *= longer;
    cost.overheadS *= longer;
    cost.prefillS *= longer;
  }
}
