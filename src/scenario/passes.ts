/**
 * The price of one pass: of the target by the tokens in it, and of the passes of a scenario's methods, with the bytes
 * and FLOPs that each asks for. Passes are priced as in a step (captured sizes, launch gaps, output rows) on no context.
 *
 * Left out: attention, which grows with the context; `run` prices it.
 */
import { bytesMachine, flopsMachine } from '../cost/demand.ts';
import type { Machine } from '../cost/fields.ts';
import { placedOn } from '../cost/placement.ts';
import { Roofline } from '../cost/roofline.ts';
import { shared } from '../cost/shared-experts.ts';
import { type CostModel, noSeconds, type PartSeconds, PassWork, StepWork, Verified } from '../cost/work.ts';
import { takesK } from '../drafter/methods.ts';
import { forwardShape } from '../model/shape.ts';
import { draftShape } from './draft-shapes.ts';
import type { Inputs } from './inputs.ts';
import { targetLayout } from './layouts.ts';
import { checkHardwareQuestion } from './options.ts';
import type { Answer, Row } from './result.ts';
import { runScenario } from './run.ts';

/** Points of the curve between a number of tokens and its double. */
const PER_DOUBLING = 8;
/** The curve goes as far at least. */
const LEAST_TOKENS = 1024;

export interface PassRow {
  /** Such as `plain decoding`, `verify k=3`, `draft eagle3`, `prefill`. */
  readonly pass: string;
  readonly batch_size: number;
  /** Query tokens in the pass. */
  readonly tokens: number;
  readonly ms: number;
  readonly flops: number;
  readonly bytes: number;
}

/** A run's rows, and the passes behind them; of one GPU of a tensor-parallel group. */
export interface Passes extends Answer<Row> {
  readonly curve: readonly { readonly tokens: number; readonly ms: number }[];
  readonly passes: readonly PassRow[];
  /** As the data sheet has it. */
  readonly roof: { readonly flops_per_s: number; readonly bytes_per_s: number };
}

/**
 * @param result of a run of the scenario, where there is one
 * @throws UserError for an open load, or a cost model without parts
 */
export function passesOf(inputs: Inputs, result: Answer<Row> = runScenario(inputs)): Passes {
  const { scenario, hardware, engine } = inputs;
  checkHardwareQuestion('passes', scenario);
  const machine: Machine = { hardware, engine };
  const target = new Pricer(inputs, null);
  const most = Math.max(LEAST_TOKENS, ...scenario.batch.map((b) => b * (1 + Math.max(...scenario.k))));
  const curve = tokenCounts(most).map((tokens) => ({
    tokens,
    ms: 1e3 * target.decoding(machine, tokens, 0),
  }));
  const { denseFlopsPerS, memoryBandwidthBytesPerS } = hardware.specification;
  const fp8 = scenario.dtype === 'fp8' ? denseFlopsPerS.fp8 : undefined;
  return {
    ...result,
    curve,
    passes: scenario.batch.flatMap((batch) => passesAt(inputs, target, batch)),
    roof: { flops_per_s: fp8 ?? denseFlopsPerS.bf16, bytes_per_s: memoryBandwidthBytesPerS },
  };
}

function tokenCounts(most: number): number[] {
  const steps = Math.ceil(PER_DOUBLING * Math.log2(most));
  return [...new Set(Array.from({ length: steps + 1 }, (_, i) => Math.round(2 ** (i / PER_DOUBLING))))];
}

function passesAt(inputs: Inputs, target: Pricer, batch: number): PassRow[] {
  const { scenario, methods, drafts, hardware, engine, traces } = inputs;
  const machine = { hardware, engine };
  const row = (pass: string, tokens: number, secondsOn: (machine: Machine) => number): PassRow => ({
    pass,
    batch_size: batch,
    tokens,
    ms: 1e3 * secondsOn(machine),
    flops: secondsOn(flopsMachine(machine)),
    bytes: secondsOn(bytesMachine(machine)),
  });
  const lengths = methods.some(takesK) ? scenario.k : [];
  const prompt = traces[0]!.promptTokens;
  const tokens = batch * Math.round(prompt.reduce((sum, one) => sum + one, 0) / prompt.length);
  return [
    row('plain decoding', batch, (on) => target.decoding(on, batch, 0)),
    ...lengths.map((k) => row(`verify k=${k}`, batch * (k + 1), (on) => target.decoding(on, batch, k))),
    ...[...drafts].map(([name]) => {
      const pricer = new Pricer(inputs, name);
      return row(`draft ${name}`, batch, (on) => pricer.drafting(on, batch));
    }),
    row('prefill', tokens, (on) => target.prefill(on, batch, tokens)),
  ];
}

/** Prices passes of the target, and of one draft model beside it. */
class Pricer {
  readonly #inputs: Inputs;
  readonly #draft: string | null;

  constructor(inputs: Inputs, draft: string | null) {
    this.#inputs = inputs;
    this.#draft = draft;
  }

  /** Seconds of the target's pass in which each sequence verifies `k` drafts. */
  decoding(machine: Machine, sequences: number, k: number): number {
    const work = new StepWork(0, 0);
    const verified = new Verified();
    verified.chain(k);
    work.addRounds(sequences, 0, verified);
    // Attention is left out, to the drafts too.
    work.verify.contextTokens = 0;
    work.verify.attentionPairs = 0;
    return this.#step(machine, work).verifyS;
  }

  /** Seconds of one pass of the draft model. */
  drafting(machine: Machine, sequences: number): number {
    const work = new StepWork(1, 1);
    work.drafts[0]!.add(sequences, 1, 0, 1);
    return this.#step(machine, work).draftS;
  }

  prefill(machine: Machine, sequences: number, tokens: number): number {
    const prompts = new PassWork();
    prompts.sequences = sequences;
    prompts.tokens = tokens;
    prompts.logitRows = sequences;
    const price = noSeconds();
    this.#cost(machine).pricePrefill(prompts, price);
    return price.prefillS;
  }

  #step(machine: Machine, work: StepWork): PartSeconds {
    const price = noSeconds();
    this.#cost(machine).priceStep(work, price);
    return price;
  }

  #cost({ hardware, engine }: Machine): CostModel {
    const { scenario, target, drafts, placement } = this.#inputs;
    const name = this.#draft;
    const shapes = name === null ? [] : [draftShape(name, drafts.get(name)!, this.#inputs)];
    const placed = placedOn(placement, hardware);
    return shared(
      new Roofline(
        forwardShape(target, targetLayout(scenario)),
        shapes,
        hardware,
        engine,
        scenario.tp,
        placed,
      ),
      scenario.dpAttention,
    );
  }
}
