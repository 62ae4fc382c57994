/** The runs of one trace on one machine: as static batches of copies or as a served load, and what is measured of them. */
import type { CostModel } from '../cost/work.ts';
import type { EngineParts } from '../engine/engine.ts';
import { FinishedRecords } from '../engine/records.ts';
import { routerNamed } from '../engine/router.ts';
import {
  runStaticBatches,
  runStaticSteps,
  type StaticBatchParts,
  type StaticBatchRun,
} from '../engine/static-batch.ts';
import { UserError } from '../errors.ts';
import { entry, Memo } from '../memo.ts';
import { type LoadKind, type Measures, measure, stepMs } from '../metrics/measure.ts';
import { type ServingMeasures, servingMeasures } from '../metrics/serving.ts';
import type { AcceptanceTrace } from '../trace/trace.ts';
import { pickTurns, type Turns } from '../workload/turns.ts';
import { type PrefixHashes, selectHashes } from '../workload/workload.ts';
import type { Serving } from './conversing.ts';
import type { Inputs } from './inputs.ts';
import { movedBytes } from './kv-moved.ts';
import { gpusOf } from './placement.ts';
import {
  arrivalsOf,
  type Coming,
  type Kept,
  loadOf,
  SETTLED,
  type Served,
  serve,
  servedRun,
  unsettled,
} from './serving.ts';
import { acceptanceOf, type Setup, type Setups } from './setup.ts';

/** Measures of one run of a load with different requests. */
export interface ServedMeasures {
  readonly measured: Measures;
  readonly serving: ServingMeasures;
}

type Picked = Pick<Setup, 'promptTokens' | 'outputTokens' | 'acceptance' | 'tree'>;

/** Requests whose rounds are kept at once: those of a million would take gigabytes. */
const REPLAYED_AT_ONCE = 20_000;

/** Every run starts from nothing; the rounds of static batches are replayed once (setup.ts). */
export class Runs {
  readonly everyRequest: readonly number[];
  readonly #inputs: Inputs;
  readonly #trace: AcceptanceTrace;
  readonly #load: LoadKind;
  readonly #warnings: Set<string>;
  readonly #setups: Setups;
  /** Null where each request is one of its own. */
  readonly conversations: Turns | null;
  readonly #prefixHashes: PrefixHashes | null;
  /** Arrivals by their number, and what some of the requests are: runs at other prices have the same. */
  readonly #arrivals = new Map<number, Float64Array>();
  readonly #picked = new Memo<Picked>();
  /** Records of copies, of one run after the other. */
  readonly #finished = new FinishedRecords();

  constructor(
    inputs: Inputs,
    { trace, conversations, prefixHashes }: Serving,
    load: LoadKind,
    warnings: Set<string>,
    setups: Setups,
  ) {
    this.conversations = conversations;
    this.#prefixHashes = inputs.scenario.prefixCache === 'on' ? prefixHashes : null;
    this.#inputs = inputs;
    this.#trace = trace;
    this.#load = load;
    this.#warnings = warnings;
    this.#setups = setups;
    this.everyRequest = Array.from(trace.outputTokens, (_, r) => r);
  }

  /** What is measured of some requests of a setting at a price. */
  simulate(setup: Setup, batch: number | null, requests: readonly number[], cost: CostModel): Measures {
    return this.#load === 'clones'
      ? this.#runClones(setup, batch!, requests, cost)
      : this.#measured(
          this.serve(setup, this.coming(batch, requests.length), requests, cost),
          requests.length,
        );
  }

  /** The `step_ms` of `simulate`, for a part of the time where copies run. */
  stepMs(setup: Setup, batch: number, requests: readonly number[], cost: CostModel): Measures['step_ms'] {
    return this.#load === 'clones'
      ? stepMs(runStaticSteps(this.batchParts(setup, batch, requests, cost)))
      : this.simulate(setup, batch, requests, cost).step_ms;
  }

  /** How so many requests come: `batch` at a time, or when the load says. */
  coming(batch: number | null, requests: number): Coming {
    if (batch === null) {
      return { arrivalS: entry(this.#arrivals, requests, () => arrivalsOf(this.#inputs, requests)) };
    }
    const drains = this.#inputs.scenario.load === 'drain';
    const [most, what] =
      this.conversations === null
        ? [this.everyRequest.length, 'requests']
        : [this.conversations.first.length, 'conversations'];
    if (drains && batch > most) {
      throw new UserError(
        `--batch ${batch}: trace ${this.#trace.name} has ${most} ${what}, and a drained batch starts that many together; expected at most that`,
      );
    }
    return { concurrency: batch, drains };
  }

  #runClones(setup: Setup, batch: number, requests: readonly number[], cost: CostModel): Measures {
    const { finished, totals, makespanS } = this.#clones(setup, batch, requests, cost);
    if (finished.length > requests.length) {
      this.#warnings.add(
        `batch ${batch}: the copies of some requests of ${this.#trace.name} do not fit in memory together; the rest wait for the first to end`,
      );
    }
    return measure('clones', finished, totals, makespanS);
  }

  /** Tokens per second when every request runs as so many copies of itself, one request after the other. */
  clonesThroughput(setup: Setup, copies: number): number {
    const cost = setup.priceOn(this.#inputs);
    const requests = this.everyRequest;
    let tokens = 0;
    let seconds = 0;
    for (let from = 0; from < requests.length; from += REPLAYED_AT_ONCE) {
      const some = requests.slice(from, from + REPLAYED_AT_ONCE);
      const part = some.length === requests.length ? setup : this.#setups.partOf(setup, some);
      const { finished, makespanS } = this.#clones(part, copies, [...some.keys()], cost);
      for (let i = 0; i < finished.length; i++) tokens += finished.copies[i]! * finished.tokens[i]!;
      seconds += makespanS;
    }
    return tokens / seconds;
  }

  /** Good until the next. */
  #clones(setup: Setup, batch: number, requests: readonly number[], cost: CostModel): StaticBatchRun {
    return runStaticBatches(this.batchParts(setup, batch, requests, cost), this.#finished);
  }

  /** Copies of some requests, one request after the other. */
  batchParts(setup: Setup, copies: number, requests: readonly number[], cost: CostModel): StaticBatchParts {
    const { engine } = this.#inputs;
    const { promptTokens, outputTokens } = setup;
    return {
      // Setups differ in shape, and V8 would compile what walks over requests for each.
      workload: { promptTokens, outputTokens },
      rounds: setup.rounds(copies),
      requests,
      copies,
      cost,
      kvBlocks: setup.kvBlocks,
      sequenceBlocks: setup.sequenceBlocks,
      blockTokens: engine.blockTokens,
      maxSequences: unlimited(setup) ? Number.POSITIVE_INFINITY : engine.maxSequences,
    };
  }

  /** Some requests of a setting as a served load, at a price. */
  serve(setup: Setup, coming: Coming, requests: readonly number[], cost: CostModel, kept: Kept = {}): Served {
    const { engine, scenario } = this.#inputs;
    const { conversations } = this;
    const prefixHashes = this.#prefixHashes;
    const whole = requests === this.everyRequest;
    const { promptTokens, outputTokens, acceptance, tree } = whole ? setup : this.#pick(setup, requests);
    const lengths = { promptTokens, outputTokens };
    return serve(
      {
        workload: {
          ...lengths,
          ...(prefixHashes !== null && {
            prefixHashes: whole ? prefixHashes : selectHashes(prefixHashes, requests),
          }),
        },
        load: loadOf(
          coming,
          requests.length,
          conversations && (whole ? conversations : pickTurns(conversations, requests)),
        ),
        drafter: this.#setups.drafter({ ...setup, ...lengths, acceptance, tree }, kept.remarks),
        cost,
        draftModels: setup.draftModels,
        limits: {
          ...(unlimited(setup) ? UNLIMITED : engine),
          kvBlocks: setup.kvBlocks,
          sequenceBlocks: setup.sequenceBlocks,
          blockTokens: engine.blockTokens,
        },
        replicas: scenario.replicas,
        router: routerNamed(scenario.router),
        ...this.#split(setup),
        // The effect of a constant is that on a few requests, which end.
        ...(whole && scenario.duration !== null && { horizonS: scenario.duration }),
      },
      kept,
    );
  }

  #pick(setup: Setup, requests: readonly number[]): Picked {
    const pick = (values: Int32Array) => Int32Array.from(requests, (r) => values[r]!);
    return this.#picked.get([setup, requests], null, () => ({
      promptTokens: pick(setup.promptTokens),
      outputTokens: pick(setup.outputTokens),
      ...acceptanceOf(setup, requests),
    }));
  }

  /** Replicas that prefill apart, and the price of what they hand over. */
  #split({ method }: Setup): Pick<EngineParts, 'split' | 'decodeRouter'> {
    const { scenario, placement } = this.#inputs;
    const { prefillReplicas, router } = scenario;
    if (prefillReplicas === null) return {};
    const { latencyS, bytesPerS } = placement.kv!;
    const bytes = movedBytes(this.#inputs, method);
    return {
      split: {
        prefillReplicas,
        latencyS,
        linkS: (tokens) => bytes(tokens) / bytesPerS,
      },
      decodeRouter: routerNamed(router),
    };
  }

  #measured({ engine, makespanS }: Served, requests: number): Measures {
    return measure(this.#load, engine.finished, engine.totals, makespanS, requests);
  }

  /** Every request of a setting, measured as a served load. */
  servedMeasures(setup: Setup, coming: Coming): ServedMeasures {
    const { hardware, placement, scenario, slo } = this.#inputs;
    this.#setups.checkFit(setup);
    const served = this.serve(setup, coming, this.everyRequest, setup.priceOn(this.#inputs), {
      gaps: true,
      remarks: true,
      longestGaps: slo?.limitsS.itl !== undefined,
    });
    const { finished, unfinished } = served.engine;
    if (finished.length === 0) {
      throw new UserError(
        `--duration ${scenario.duration}: no request of ${this.#trace.name} ended by then, expected a longer one`,
      );
    }
    const gpus = gpusOf(scenario, setup.method);
    const { replicas: decode, prefillReplicas: prefill } = scenario;
    const split = prefill === null ? null : { prefill, decode };
    const serving = servingMeasures(servedRun(served, setup.kvBlocks, split), {
      drained: 'drains' in coming && coming.drains ? coming.concurrency : null,
      open: 'arrivalS' in coming,
      slo,
      gpus: [
        { count: gpus.target, ...hardware.specification },
        { count: gpus.drafting, ...placement.drafting.hardware.specification },
      ].filter(({ count }) => count > 0),
    });
    if (unsettled(serving, finished.length + unfinished)) {
      this.#warnings.add(
        `trace ${this.#trace.name}: all ${finished.length + unfinished} requests arrive within ${SETTLED} times as long as one takes; the load hardly settles, and looks easier than it would if it lasted: ask for more ${this.#inputs.scenario.workload === null ? '--requests' : 'requests of a longer workload'}`,
      );
    }
    return { measured: this.#measured(served, this.everyRequest.length), serving };
  }
}

/** A cost model without memory: nothing bounds a step. */
const UNLIMITED = { maxBatchedTokens: Number.POSITIVE_INFINITY, maxSequences: Number.POSITIVE_INFINITY };

function unlimited({ kvBlocks }: Setup): boolean {
  return kvBlocks === Number.POSITIVE_INFINITY;
}
