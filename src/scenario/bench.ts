/**
 * One trace on one machine: prepares each setting, simulates it and its baseline, and makes the row. Baselines
 * are kept for the rows that share them.
 */
import { type Machine, PARAMETERS } from '../cost/parameters.ts';
import { Roofline } from '../cost/roofline.ts';
import { SpecDecodeBench } from '../cost/specdecode-bench.ts';
import type { CostModel } from '../cost/work.ts';
import { assembleDrafter } from '../drafter/assemble.ts';
import type { Drafter } from '../drafter/drafter.ts';
import { type Method, parseMethod, takesK } from '../drafter/methods.ts';
import { AS_RECORDED, type ReplayConventions } from '../drafter/replay.ts';
import { sequenceTokens } from '../engine/engine.ts';
import type { FinishedRecord, StepObserver } from '../engine/records.ts';
import { routerNamed } from '../engine/router.ts';
import { type Rounds, replayRounds, runStaticBatches, type StaticBatchRun } from '../engine/static-batch.ts';
import { UserError } from '../errors.ts';
import { Confidence, type Interval, type Run, type Shift } from '../metrics/confidence.ts';
import { type LoadKind, type Measures, measure } from '../metrics/measure.ts';
import { type Attainment, attainment, type ServingMeasures, servingMeasures } from '../metrics/serving.ts';
import type { Slo } from '../metrics/slo.ts';
import { type ForwardShape, forwardShape, headShape } from '../model/shape.ts';
import { sampleAcceptance } from '../trace/acceptance-spec.ts';
import { selectLengths } from '../trace/reshape.ts';
import type { AcceptanceTrace, PositionLengths } from '../trace/trace.ts';
import { selectHashes } from '../workload/workload.ts';
import { authorsConventions } from './authors-conventions.ts';
import type { Inputs } from './inputs.ts';
import type { Row, RowNames } from './result.ts';
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

/** A method and its draft length; null for methods that take none. */
export interface Setting {
  readonly method: Method;
  readonly k: number | null;
}

/** Measures of one run of a load with different requests. */
export interface ServedMeasures {
  readonly measured: Measures;
  readonly serving: ServingMeasures;
}

interface BenchRun extends Run {
  /** Null for clones, which never wait. */
  readonly serving: ServingMeasures | null;
}

/** One setting, ready to run. */
interface Setup {
  readonly method: Method;
  readonly k: number | null;
  readonly maxK: number;
  readonly acceptance: readonly PositionLengths[];
  /** The price of its work on a machine, which may differ from the scenario's in a parameter. */
  readonly priceOn: (machine: Machine) => CostModel;
  /** Its rounds, for loads that run every request as if it were alone. */
  readonly rounds: (batch: number) => Rounds;
  readonly draftModels: number;
  readonly promptTokens: Int32Array;
  readonly outputTokens: Int32Array;
  /** Of one replica. */
  readonly kvBlocks: number;
}

const NONE = parseMethod('none');

/** Requests whose rounds are kept at once: those of a million would take gigabytes. */
const REPLAYED_AT_ONCE = 20_000;

/** Requests on which the effect of a constant is measured; effects hardly differ between requests. */
const FEW_REQUESTS = 12;

/** One trace and the hardware: makes rows, and keeps each baseline for the rows that share it. */
export class Bench {
  readonly #inputs: Inputs;
  readonly #trace: AcceptanceTrace;
  readonly #load: LoadKind;
  readonly #warnings: Set<string>;
  readonly #target: ForwardShape;
  readonly #conventions: ReplayConventions;
  readonly #shapes = new Map<object, ForwardShape>();
  readonly #setups = new Map<string, Setup>();
  readonly #plain = new Map<string, Setup>();
  readonly #plainOfTexts = new WeakMap<Int32Array, Setup>();
  readonly #textsOf = new WeakMap<PositionLengths, Int32Array>();
  readonly #runs = new Map<Setup, Map<number, Run>>();
  readonly #baselines = new Map<Setup, Map<number | null, BenchRun>>();
  readonly #plainOn = new WeakMap<Machine, Map<Setup, Map<number, Measures>>>();
  readonly #stated = new Map<string, PositionLengths>();
  readonly #everyRequest: readonly number[];
  /** The machine with each uncertain constant one standard error larger. */
  readonly #shifted: readonly Machine[];
  readonly #confidence: Confidence;

  constructor(inputs: Inputs, trace: AcceptanceTrace, load: LoadKind, warnings: Set<string>) {
    const { target, scenario } = inputs;
    this.#inputs = inputs;
    this.#trace = trace;
    this.#load = load;
    this.#warnings = warnings;
    this.#target = forwardShape(target, { tp: scenario.tp, dtype: scenario.dtype });
    this.#conventions =
      scenario.cost === 'specdecode-bench' ? authorsConventions(inputs, trace) : AS_RECORDED;
    this.#everyRequest = trace.ids.map((_, r) => r);
    // The authors' constants come without errors, so only the choice of requests is uncertain there.
    const uncertain =
      scenario.cost === 'specdecode-bench'
        ? []
        : PARAMETERS.filter((parameter) => parameter.relativeError(inputs) > 0);
    this.#shifted = uncertain.map((parameter) =>
      parameter.scaled(inputs, 1 + parameter.relativeError(inputs)),
    );
    this.#confidence = new Confidence(
      trace.ids.length,
      uncertain.map((parameter) => parameter.name),
      scenario.seed,
    );
  }

  row(method: Method, k: number | null, batch: number | null): Row {
    const setup = this.#setup(method, k);
    const baseline = this.#baseline(setup, batch);
    const run = method.kind === 'none' ? baseline : this.#run(setup, batch);
    const { measured } = run;
    const by = this.#load === 'open' ? 'tpot' : 'throughput';
    const speedup =
      by === 'tpot'
        ? ratio(baseline.measured.mean_tpot_s, measured.mean_tpot_s)
        : measured.throughput_tok_per_s / baseline.measured.throughput_tok_per_s;
    const throughputInterval = this.#confidence.throughput(run);
    // The baseline against itself is 1, whatever is uncertain.
    const speedupInterval =
      run === baseline
        ? { lo: 1, hi: 1 }
        : speedup === null
          ? null
          : this.#confidence.speedup(speedup, run, baseline, by);
    return {
      ...this.names({ method, k }),
      batch_size: batch,
      requests: measured.requests,
      throughput_tok_per_s: measured.throughput_tok_per_s,
      throughput_lo_tok_per_s: throughputInterval.lo,
      throughput_hi_tok_per_s: throughputInterval.hi,
      baseline_throughput_tok_per_s: baseline.measured.throughput_tok_per_s,
      speedup,
      speedup_lo: speedupInterval?.lo ?? null,
      speedup_hi: speedupInterval?.hi ?? null,
      decode_speedup: ratio(measured.decode_tok_per_s, baseline.measured.decode_tok_per_s),
      tokens_per_step: measured.tokens_per_step,
      drafted_per_step: measured.drafted_per_step,
      acceptance_rate: measured.acceptance_rate,
      wasted_verify_share: measured.wasted_verify_share,
      time_share: measured.time_share,
      step_ms: measured.step_ms,
      ...run.serving,
      ...(this.#load === 'closed' && { clones_throughput_tok_per_s: this.#clonesThroughput(setup, batch!) }),
    };
  }

  /** What a row of a setting is called. */
  names({ method, k }: Setting): RowNames {
    const { scenario, hardware, target, drafts } = this.#inputs;
    const cards = method.parts.flatMap((part) => drafts.get(part.name)?.name ?? []);
    return {
      gpu: hardware.name,
      tp: scenario.tp,
      target: target.name,
      draft: cards.length === 0 ? null : cards.join('+'),
      method: method.name,
      k,
      trace: this.#trace.name,
      trace_kind: this.#kindOf(this.#setup(method, k)),
    };
  }

  /**
   * How many times as fast one setting is as another, with the 95 % interval of the ratio: both face the same
   * requests and the same errors of the constants.
   */
  ratio(a: Setting, b: Setting, batch: number): Interval & { readonly ratio: number } {
    const over = this.#settingRun(a, b, batch);
    const under = this.#settingRun(b, a, batch);
    if (over === under) return { ratio: 1, lo: 1, hi: 1 };
    const value = over.measured.throughput_tok_per_s / under.measured.throughput_tok_per_s;
    return { ratio: value, ...this.#confidence.speedup(value, over, under, 'throughput') };
  }

  /** A setting's run; plain decoding is that of the other setting's texts. */
  #settingRun({ method, k }: Setting, other: Setting, batch: number): Run {
    if (method.kind === 'none') return this.#baseline(this.#setup(other.method, other.k), batch);
    const setup = this.#setup(method, k);
    return entry(
      entry(this.#runs, setup, () => new Map<number, Run>()),
      batch,
      () => this.#run(setup, batch),
    );
  }

  /** The measures behind a row, without intervals, on a machine that differs from the scenario's in prices alone. */
  measures({ method, k }: Setting, batch: number, machine: Machine = this.#inputs): Measures {
    if (method.kind === 'none') return this.plainMeasures({ method, k }, batch, machine);
    return this.#price(this.#setup(method, k), batch, machine);
  }

  /** The same of plain decoding of the setting's requests and lengths. */
  plainMeasures({ method, k }: Setting, batch: number, machine: Machine = this.#inputs): Measures {
    const plain = this.#plainOf(this.#setup(method, k));
    const known = entry(this.#plainOn, machine, () => new Map<Setup, Map<number, Measures>>());
    return entry(
      entry(known, plain, () => new Map<number, Measures>()),
      batch,
      () => this.#price(plain, batch, machine),
    );
  }

  #price(setup: Setup, batch: number, machine: Machine): Measures {
    this.#checkFit(setup);
    return this.#simulate(setup, batch, this.#everyRequest, setup.priceOn(machine));
  }

  /** Plain decoding of the same requests and lengths. */
  #baseline(setup: Setup, batch: number | null): BenchRun {
    const plain = this.#plainOf(setup);
    return entry(
      entry(this.#baselines, plain, () => new Map<number | null, BenchRun>()),
      batch,
      () => this.#run(plain, batch),
    );
  }

  #plainOf({ outputTokens }: Setup): Setup {
    return entry(this.#plainOfTexts, outputTokens, () =>
      entry(this.#plain, outputTokens.join(), () => this.#prepare(NONE, null, outputTokens)),
    );
  }

  /** All requests, and what one standard error of each uncertain constant does to a few of them. */
  #run(setup: Setup, batch: number | null): BenchRun {
    this.#checkFit(setup);
    const cost = setup.priceOn(this.#inputs);
    const requests = this.#everyRequest;
    const { measured, serving } =
      this.#load === 'clones'
        ? { measured: this.#simulate(setup, batch, requests, cost), serving: null }
        : this.#servedMeasures(setup, this.#coming(batch, requests.length));
    if (this.#shifted.length === 0) return { measured, serving, shifts: [] };
    const few = this.#fewRequests(batch);
    const asIs = this.#simulate(setup, batch, few, cost);
    const shifts = this.#shifted.map((machine): Shift => {
      const shifted = this.#simulate(setup, batch, few, setup.priceOn(machine));
      return {
        throughput: Math.log(shifted.throughput_tok_per_s / asIs.throughput_tok_per_s),
        tpot: asIs.mean_tpot_s === null ? 0 : Math.log(shifted.mean_tpot_s! / asIs.mean_tpot_s),
      };
    });
    return { measured, serving, shifts };
  }

  /** Requests spread evenly over the trace: clones need few, other loads enough to fill the batch. */
  #fewRequests(batch: number | null): readonly number[] {
    const wanted = this.#load === 'clones' ? FEW_REQUESTS : Math.max(FEW_REQUESTS, 2 * (batch ?? 32));
    const every = Math.max(1, Math.floor(this.#everyRequest.length / wanted));
    return this.#everyRequest.filter((r) => r % every === 0);
  }

  #simulate(setup: Setup, batch: number | null, requests: readonly number[], cost: CostModel): Measures {
    return this.#load === 'clones'
      ? this.#runClones(setup, batch!, requests, cost)
      : this.#measured(this.#serve(setup, this.#coming(batch, requests.length), requests, cost));
  }

  #runClones(setup: Setup, batch: number, requests: readonly number[], cost: CostModel): Measures {
    const { finished, totals, makespanS } = this.#clones(setup, batch, requests, cost);
    if (finished.some((wave) => wave.copies < batch)) {
      this.#warnings.add(
        `batch ${batch}: the copies of some requests of ${this.#trace.name} do not fit in memory together; the rest wait for the first to end`,
      );
    }
    return measure('clones', finished, totals, makespanS);
  }

  /** Tokens per second when every request runs as so many copies of itself, one request after the other. */
  #clonesThroughput(setup: Setup, copies: number): number {
    const cost = setup.priceOn(this.#inputs);
    const requests = this.#everyRequest;
    let tokens = 0;
    let seconds = 0;
    for (let from = 0; from < requests.length; from += REPLAYED_AT_ONCE) {
      const some = requests.slice(from, from + REPLAYED_AT_ONCE);
      const part = some.length === requests.length ? setup : this.#partOf(setup, some);
      const { finished, makespanS } = this.#clones(part, copies, [...some.keys()], cost);
      tokens += finished.reduce((sum, wave) => sum + wave.copies * wave.tokens, 0);
      seconds += makespanS;
    }
    return tokens / seconds;
  }

  /** A setting of some of the requests alone. */
  #partOf(setup: Setup, requests: readonly number[]): Setup {
    const pick = (values: Int32Array) => Int32Array.from(requests, (r) => values[r]!);
    const part = {
      ...setup,
      promptTokens: pick(setup.promptTokens),
      outputTokens: pick(setup.outputTokens),
      acceptance: setup.acceptance.map((lengths) => selectLengths(lengths, requests)),
    };
    const { draftModels, maxK } = part;
    return { ...part, rounds: (batch) => replayRounds(part, this.#drafter(part), draftModels, maxK, batch) };
  }

  #clones(setup: Setup, batch: number, requests: readonly number[], cost: CostModel): StaticBatchRun {
    const { engine } = this.#inputs;
    return runStaticBatches({
      ...setup,
      workload: setup,
      rounds: setup.rounds(batch),
      requests,
      copies: batch,
      cost,
      blockTokens: engine.blockTokens,
      maxSequences: unlimited(setup) ? Number.POSITIVE_INFINITY : engine.maxSequences,
    });
  }

  #serve(
    setup: Setup,
    coming: Coming,
    requests: readonly number[],
    cost: CostModel,
    kept: Kept = {},
  ): Served {
    const { engine, scenario, prefixHashes } = this.#inputs;
    const whole = requests === this.#everyRequest;
    const pick = (values: Int32Array) => (whole ? values : Int32Array.from(requests, (r) => values[r]!));
    const acceptance = whole
      ? setup.acceptance
      : setup.acceptance.map((lengths) => selectLengths(lengths, requests));
    return serve(
      {
        workload: {
          promptTokens: pick(this.#trace.promptTokens),
          outputTokens: pick(setup.outputTokens),
          ...(prefixHashes !== null && {
            prefixHashes: whole ? prefixHashes : selectHashes(prefixHashes, requests),
          }),
        },
        load: loadOf(coming, requests.length),
        drafter: this.#drafter({ ...setup, acceptance }),
        cost,
        draftModels: setup.draftModels,
        maxK: setup.maxK,
        limits: {
          ...(unlimited(setup) ? UNLIMITED : engine),
          kvBlocks: setup.kvBlocks,
          blockTokens: engine.blockTokens,
        },
        replicas: scenario.replicas,
        router: routerNamed(scenario.router),
      },
      kept,
    );
  }

  #drafter(setup: Pick<Setup, 'method' | 'k' | 'acceptance' | 'priceOn'>): Drafter {
    const { policy, scenario } = this.#inputs;
    return assembleDrafter(setup.method, setup.k, setup.acceptance, this.#conventions, {
      policy,
      cost: setup.priceOn(this.#inputs),
      seed: scenario.seed,
    });
  }

  #measured({ engine, makespanS }: Served): Measures {
    return measure(this.#load, engine.finished, engine.totals, makespanS);
  }

  #coming(batch: number | null, requests: number): Coming {
    return batch === null ? { arrivalS: arrivalsOf(this.#inputs, requests) } : { concurrency: batch };
  }

  /** Every request of a setting, measured as a served load. */
  #servedMeasures(setup: Setup, coming: Coming): ServedMeasures {
    const { hardware, scenario, slo } = this.#inputs;
    this.#checkFit(setup);
    const served = this.#serve(setup, coming, this.#everyRequest, setup.priceOn(this.#inputs), {
      gaps: true,
      longestGaps: slo?.limitsS.itl !== undefined,
    });
    const { powerW, priceUsdPerH } = hardware.specification;
    const serving = servingMeasures(servedRun(served, setup.kvBlocks), {
      open: 'arrivalS' in coming,
      slo,
      gpus: scenario.tp * scenario.replicas,
      powerW,
      priceUsdPerH,
    });
    if (unsettled(serving, this.#everyRequest.length)) {
      this.#warnings.add(
        `trace ${this.#trace.name}: all ${this.#everyRequest.length} requests arrive within ${SETTLED} times as long as one takes; the load hardly settles, and looks easier than it would if it lasted: ask for more --requests`,
      );
    }
    return { measured: this.#measured(served), serving };
  }

  /** A setting's run when its requests arrive at given times. */
  served({ method, k }: Setting, arrivalS: Float64Array): ServedMeasures {
    return this.#servedMeasures(this.#setup(method, k), { arrivalS });
  }

  /** How a setting, or plain decoding of its requests, stands to an objective when they arrive at given times. */
  attainment({ method, k }: Setting, plain: boolean, arrivalS: Float64Array, slo: Slo): Attainment {
    const own = this.#setup(method, k);
    const setup = plain ? this.#plainOf(own) : own;
    this.#checkFit(setup);
    const { engine, longestGapOf } = this.#serve(
      setup,
      { arrivalS },
      this.#everyRequest,
      setup.priceOn(this.#inputs),
      { longestGaps: slo.limitsS.itl !== undefined },
    );
    return attainment({ finished: engine.finished, longestGapOf }, slo);
  }

  /** Runs a setting once more, under an observer, and returns the requests that ended. */
  watched({ method, k }: Setting, batch: number | null, observer: StepObserver): FinishedRecord[] {
    const setup = this.#setup(method, k);
    this.#checkFit(setup);
    const requests = this.#everyRequest;
    const coming = this.#coming(batch, requests.length);
    return [
      ...this.#serve(setup, coming, requests, setup.priceOn(this.#inputs), { observer }).engine.finished,
    ];
  }

  #setup(method: Method, k: number | null): Setup {
    return entry(this.#setups, `${method.name} ${k}`, () => this.#prepare(method, k));
  }

  /** @param texts tokens of each output, for a method whose acceptance does not say them */
  #prepare(method: Method, k: number | null, texts = this.#trace.outputTokens): Setup {
    const { scenario, hardware, engine, target, drafts } = this.#inputs;
    const trace = this.#trace;
    const acceptance = method.parts.map((part) => this.#acceptance(part.name));
    const cards = method.parts.flatMap((part) => drafts.get(part.name) ?? []);
    const shapes = cards.map((card) =>
      entry(this.#shapes, card, () =>
        card.kind === 'transformer'
          ? forwardShape(card, { tp: scenario.tp, dtype: 'bf16' })
          : headShape(card, target, { tp: scenario.tp }),
      ),
    );
    const [first, second] = acceptance;
    let outputTokens = texts;
    if (first !== undefined) outputTokens = this.#lengthsOf(first);
    if (second !== undefined) {
      const other = this.#lengthsOf(second);
      if (other.some((tokens, r) => tokens !== outputTokens[r])) {
        this.#warnings.add(
          `method ${method.name} on ${trace.name}: the two acceptances are of different texts of the same prompts; the shorter length is used`,
        );
        outputTokens = outputTokens.map((tokens, r) => Math.min(tokens, other[r]!));
      }
    }
    const authors = scenario.cost === 'specdecode-bench';
    const used = [this.#target, ...shapes];
    const memory = hardware.specification.memoryCapacityBytes * engine.memoryShare;
    const weights = used.reduce((sum, shape) => sum + shape.weightBytes, 0);
    const perToken = used.reduce((sum, shape) => sum + shape.kvBytesPerToken, 0);
    if (!authors && weights >= memory) {
      throw new UserError(
        `${target.name} in ${scenario.dtype}: weights take ${gigabytes(weights)} per GPU, expected less than the ${gigabytes(memory)} that engine ${engine.name} uses of ${hardware.name}; more GPUs (--tp) or a smaller --dtype may do`,
      );
    }
    const maxK = method.kind === 'none' ? 0 : (k ?? Math.max(...acceptance.map((lengths) => lengths.maxK)));
    const prices = new WeakMap<Machine, CostModel>();
    const price = ({ hardware, engine }: Machine) =>
      authors ? new SpecDecodeBench() : new Roofline(this.#target, shapes, hardware, engine, scenario.tp);
    const replayed = new Map<number, Rounds>();
    const { promptTokens } = trace;
    const adapts = method.kind === 'best' || (takesK(method) && this.#inputs.policy.kind !== 'fixed');
    const priceOn = (machine: Machine) => entry(prices, machine, () => price(machine));
    return {
      method,
      k,
      maxK,
      acceptance,
      priceOn,
      rounds: (batch) =>
        entry(replayed, adapts ? batch : 0, () =>
          replayRounds(
            { promptTokens, outputTokens },
            this.#drafter({ method, k, acceptance, priceOn }),
            shapes.length,
            maxK,
            batch,
          ),
        ),
      draftModels: shapes.length,
      promptTokens,
      outputTokens,
      kvBlocks: authors
        ? Number.POSITIVE_INFINITY
        : (engine.kvBlocks ?? Math.floor((memory - weights) / perToken / engine.blockTokens)),
    };
  }

  #acceptance(name: string): PositionLengths {
    const { rates, scenario } = this.#inputs;
    const trace = this.#trace;
    const stated = rates.get(name);
    if (stated !== undefined) {
      let sampled = this.#stated.get(name);
      if (sampled === undefined) {
        sampled = sampleAcceptance(stated, trace.outputTokens, name, scenario.seed);
        this.#stated.set(name, sampled);
      }
      return sampled;
    }
    const recorded = trace.drafters.get(name);
    if (recorded === undefined) {
      throw new UserError(
        `method ${name}: trace ${trace.name} has no acceptance of it (it has ${[...trace.drafters.keys()].join(', ')}); state one with --acceptance ${name}=RATE`,
      );
    }
    if (recorded.proposed === 'unknown') {
      this.#warnings.add(
        `trace ${trace.name}: nobody recorded when ${name} proposed; k tokens are taken as proposed in every round`,
      );
    }
    return recorded;
  }

  #lengthsOf(acceptance: PositionLengths): Int32Array {
    return entry(this.#textsOf, acceptance, () => {
      const { offsets } = acceptance;
      return Int32Array.from({ length: offsets.length - 1 }, (_, r) => offsets[r + 1]! - offsets[r]!);
    });
  }

  #checkFit(setup: Setup): void {
    const { target, hardware, engine } = this.#inputs;
    const { promptTokens, ids } = this.#trace;
    const most = engine.maxModelTokens ?? Number.POSITIVE_INFINITY;
    for (let r = 0; r < ids.length; r++) {
      const length = promptTokens[r]! + setup.outputTokens[r]!;
      if (length > most) {
        throw new UserError(
          `trace ${this.#trace.name}, request ${ids[r]}: ${promptTokens[r]} tokens of prompt and ${setup.outputTokens[r]} of output, expected at most the ${most} of a sequence that engine ${engine.name} allows (maxModelTokens)`,
        );
      }
      const tokens = sequenceTokens(promptTokens[r]!, setup.outputTokens[r]!, setup.maxK);
      if (Math.ceil(tokens / engine.blockTokens) > setup.kvBlocks) {
        throw new UserError(
          `trace ${this.#trace.name}, request ${ids[r]}: one sequence of ${tokens} tokens does not fit beside ${target.name}, expected at most the ${setup.kvBlocks * engine.blockTokens} tokens of KV memory that engine ${engine.name} leaves on ${hardware.name}`,
        );
      }
    }
  }

  #kindOf(setup: Setup): Row['trace_kind'] {
    const used = setup.acceptance.length > 0 ? setup.acceptance : [...this.#trace.drafters.values()];
    const kinds = used.map((lengths) => lengths.kind);
    return kinds.every((kind) => kind === 'recording') ? 'recording' : 'fitted';
  }
}

/** A cost model without memory: nothing bounds a step. */
const UNLIMITED = { maxBatchedTokens: Number.POSITIVE_INFINITY, maxSequences: Number.POSITIVE_INFINITY };

function unlimited({ kvBlocks }: Setup): boolean {
  return kvBlocks === Number.POSITIVE_INFINITY;
}

/** What a map holds for a key, made when it is first asked for. */
function entry<K, V>(
  map: { get(key: K): V | undefined; set(key: K, value: V): unknown },
  key: K,
  make: () => V,
): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

function ratio(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a / b;
}
