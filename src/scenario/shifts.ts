/**
 * What one standard error of each uncertain constant does to a run: of the machine on a few requests, of trees, of an
 * assumed confidence and of a recorded curve of context on all. Intervals are made of it (src/metrics/confidence.ts).
 */
import { Compared } from '../cost/compared.ts';
import { correlationOf, type Machine, scaled } from '../cost/fields.ts';
import { costTraits } from '../cost/models.ts';
import { WeighedWork } from '../engine/static-batch.ts';
import { Confidence, type Doubt, type Shift } from '../metrics/confidence.ts';
import type { LoadKind, Measures } from '../metrics/measure.ts';
import type { SharedSpec } from '../policy/policies.ts';
import { ASSUMED_AUC, ASSUMED_AUC_ERROR } from '../trace/assumed-confidence.ts';
import type { AcceptanceTrace } from '../trace/trace.ts';
import { conversationOf } from '../workload/turns.ts';
import type { Inputs } from './inputs.ts';
import { TREE_CONSTANTS } from './plant.ts';
import type { Runs } from './runs.ts';
import { assumesConfidence, type Setup, type Setups } from './setup.ts';
import { usedFields } from './used-fields.ts';

/** What intervals are made of. */
interface Draws {
  /** The machine with each uncertain constant one standard error larger. */
  readonly shifted: readonly Machine[];
  /** Paths of the uncertain constants, those of trees behind those of the machine. */
  readonly constants: readonly string[];
  readonly confidence: Confidence;
}

/** Requests on which the effect of a constant is measured; effects hardly differ between requests. */
const FEW_REQUESTS = 12;

/** Of one trace on one machine. */
export class Shifts {
  readonly #inputs: Inputs;
  readonly #trace: AcceptanceTrace;
  readonly #load: LoadKind;
  readonly #setups: Setups;
  readonly #runs: Runs;
  readonly #hasTrees: boolean;
  #draws: Draws | undefined;

  constructor(inputs: Inputs, trace: AcceptanceTrace, load: LoadKind, setups: Setups, runs: Runs) {
    this.#inputs = inputs;
    this.#trace = trace;
    this.#load = load;
    this.#setups = setups;
    this.#runs = runs;
    this.#hasTrees = inputs.trees.some((tree) => tree !== null);
  }

  get confidence(): Confidence {
    return this.#drawn().confidence;
  }

  /** Paths of the uncertain constants, in the order of the shifts of a run. */
  get constants(): readonly string[] {
    return this.#drawn().constants;
  }

  /** Made where an interval is asked for: its draws take longer than many a row. */
  #drawn(): Draws {
    if (this.#draws === undefined) {
      const inputs = this.#inputs;
      const { cost, seed } = inputs.scenario;
      // Constants of no machine come without errors: only the choice of requests is uncertain there.
      const { machine } = costTraits(cost);
      const uncertain = machine ? usedFields(inputs).filter((field) => field.error(inputs) > 0) : [];
      const constants = [...uncertain, ...(this.#hasTrees ? TREE_CONSTANTS : [])].map(({ path }) => path);
      this.#draws = {
        shifted: uncertain.map((field) => scaled(field, inputs, 1 + field.error(inputs))),
        constants,
        confidence: new Confidence(this.#trace.outputTokens.length, constants, seed, (a, b) => {
          const [one, other] = [uncertain[a], uncertain[b]];
          if (one === undefined || other === undefined) return a === b ? 1 : 0;
          return correlationOf(one, other, inputs);
        }),
      };
    }
    return this.#draws;
  }

  /** @param asIs the measures of the run itself */
  of(setup: Setup, batch: number | null, asIs: Measures): Shift[] {
    return [...this.#ofMachine(setup, batch), ...this.ofTrees(setup, batch, asIs)];
  }

  /** What one standard error of an assumed confidence does, and of a recorded curve of context. */
  ofAcceptance(setup: Setup, batch: number | null, asIs: Measures): Doubt[] {
    const policy = { ...setup.policy, auc: ASSUMED_AUC + ASSUMED_AUC_ERROR } as SharedSpec;
    const others = {
      confidence: assumesConfidence(setup) ? { ...setup, policy } : null,
      'curve of context': this.#setups.withShiftedContext(setup),
    };
    const cost = setup.priceOn(this.#inputs);
    return Object.entries(others).flatMap(([name, other]): Doubt[] => {
      if (other === null) return [];
      const { throughput, tpot } = change(
        this.#runs.simulate(other, batch, this.#runs.everyRequest, cost),
        asIs,
      );
      return [{ name, part: 'acceptance', error: this.#load === 'open' ? -tpot! : throughput }];
    });
  }

  /** What one standard error of each constant of trees does; nothing to whoever drafts none. */
  ofTrees(setup: Setup, batch: number | null, asIs: Measures): Shift[] {
    if (!this.#hasTrees) return [];
    const trees = setup.shiftedTrees();
    if (trees.length === 0) return TREE_CONSTANTS.map(() => NO_SHIFT);
    const cost = setup.priceOn(this.#inputs);
    return trees.map((tree) => {
      if (tree === setup.tree) return NO_SHIFT;
      const other = this.#setups.withTree(setup, tree);
      return change(this.#runs.simulate(other, batch, this.#runs.everyRequest, cost), asIs);
    });
  }

  /** What one standard error of each uncertain constant does to a few requests. */
  #ofMachine(setup: Setup, batch: number | null): Shift[] {
    const { shifted } = this.#drawn();
    if (shifted.length === 0) return [];
    const cost = setup.priceOn(this.#inputs);
    const few = this.#fewRequests(batch);
    if (this.#load === 'clones') {
      const work = new WeighedWork(this.#runs.batchParts(setup, batch!, few, cost));
      const asIs = work.seconds(cost);
      return shifted.map((machine) => ({
        throughput: -Math.log(work.seconds(setup.priceOn(machine)) / asIs),
        tpot: null,
      }));
    }
    const prices = shifted.map((machine) => setup.priceOn(machine));
    const compared = new Compared(cost, prices);
    const asIs = this.#runs.simulate(setup, batch, few, compared);
    // Half of the constants are no part of any step of plain decoding.
    return prices.map((price) =>
      compared.differs(price) ? change(this.#runs.simulate(setup, batch, few, price), asIs) : NO_SHIFT,
    );
  }

  /** Requests, whole conversations of them, spread evenly over the trace: clones need few, other loads enough to fill the batch. */
  #fewRequests(batch: number | null): readonly number[] {
    const wanted = this.#load === 'clones' ? FEW_REQUESTS : Math.max(FEW_REQUESTS, 2 * (batch ?? 32));
    const every = Math.max(1, Math.floor(this.#runs.everyRequest.length / wanted));
    const { everyRequest, conversations } = this.#runs;
    const of = conversations === null ? everyRequest : conversationOf(conversations);
    return everyRequest.filter((r) => of[r]! % every === 0);
  }
}

export const NO_SHIFT: Shift = { throughput: 0, tpot: 0 };

function change(shifted: Measures, asIs: Measures): Shift {
  return {
    throughput: Math.log(shifted.throughput_tok_per_s / asIs.throughput_tok_per_s),
    tpot: asIs.mean_tpot_s === null ? 0 : Math.log(shifted.mean_tpot_s! / asIs.mean_tpot_s),
  };
}
