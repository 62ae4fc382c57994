/**
 * One trace on one machine: has settings (setup.ts) and their baselines run (runs.ts), and makes the rows. Baselines are
 * kept for the rows that share them.
 */
import type { Machine } from '../cost/fields.ts';
import type { CostModel } from '../cost/work.ts';
import { chanceOf } from '../drafter/grow-tree.ts';
import { draftsInOnePass, takesK } from '../drafter/methods.ts';
import { weighedPrefixes } from '../drafter/run-tree.ts';
import type { TreePath } from '../drafter/tree.ts';
import type { FinishedRecord, StepObserver } from '../engine/records.ts';
import { Memo } from '../memo.ts';
import { type Attainment, Judge } from '../metrics/attainment.ts';
import type { Interval, Run, Uncertainty } from '../metrics/confidence.ts';
import type { LoadKind, Measures } from '../metrics/measure.ts';
import type { ServingMeasures } from '../metrics/serving.ts';
import type { Slo } from '../metrics/slo.ts';
import { FIXED } from '../policy/policies.ts';
import type { AcceptanceTrace } from '../trace/trace.ts';
import { conversing } from './conversing.ts';
import type { Inputs } from './inputs.ts';
import { gpusOf } from './placement.ts';
import { meanContext, TREE_CONSTANTS } from './plant.ts';
import type { Row, RowNames } from './result.ts';
import { Runs, type ServedMeasures } from './runs.ts';
import { type Setting, type Setup, Setups } from './setup.ts';
import { Shifts } from './shifts.ts';
import { doubtsOf } from './trust.ts';

/** A ratio of two throughputs with its 95 % interval. */
export interface Ratio extends Interval {
  readonly ratio: number;
}

export interface TreeByDrafts {
  readonly paths: readonly TreePath[];
  readonly chances: readonly number[];
  /** Expected tokens of a round and seconds of a step, by how many drafts, from 0 on. */
  readonly prefixes: readonly { readonly length: number; readonly stepS: number }[];
}

interface BenchRun extends Run {
  /** Null for clones, which never wait. */
  readonly serving: ServingMeasures | null;
}

/** One trace and the hardware: makes rows, and keeps each baseline for the rows that share it. */
export class Bench {
  readonly #inputs: Inputs;
  readonly #trace: AcceptanceTrace;
  readonly #load: LoadKind;
  readonly #setups: Setups;
  readonly #runs: Runs;
  /** Runs and measures by batch size. */
  readonly #known = new Memo<BenchRun>();
  readonly #plain = new Memo<Measures>();
  readonly #recent = new Memo<Measures>(2);
  readonly #steps = new Memo<Measures['step_ms']>(2);
  /** Whether rows say what is drafted instead of chains. */
  readonly #hasTrees: boolean;
  readonly #shifts: Shifts;

  constructor(inputs: Inputs, trace: AcceptanceTrace, load: LoadKind, warnings: Set<string>) {
    const serving = conversing(inputs, trace);
    const { trace: served } = serving;
    this.#inputs = inputs;
    this.#trace = served;
    this.#load = load;
    this.#setups = new Setups(inputs, served, warnings);
    this.#runs = new Runs(inputs, serving, load, warnings, this.#setups);
    this.#hasTrees = inputs.trees.some((tree) => tree !== null);
    this.#shifts = new Shifts(inputs, served, load, this.#setups, this.#runs);
  }

  /** A row without intervals, for a fraction of its time; of copies of requests alone. */
  point(setting: Setting, batch: number): Row {
    return this.#rowOf(setting, batch, this.measures(setting, batch), this.plainMeasures(setting, batch));
  }

  row(setting: Setting, batch: number | null): Row {
    const { method } = setting;
    const setup = this.#setups.of(setting, batch);
    const baseline = this.#baseline(setup, batch);
    // A run of a million requests takes much memory: it is kept where it is compared with later.
    const compared = this.#inputs.policies.length > 1;
    const own = () => (compared ? this.#kept(setup, batch) : this.#run(setup, batch));
    const run = method.kind === 'none' ? baseline : own();
    const { measured } = run;
    const throughputInterval = this.#shifts.confidence.throughput(run);
    const over = this.#over(run, baseline);
    const [speedup, tpot] = this.#load === 'open' ? [null, over] : [over, null];
    return {
      ...this.#rowOf(setting, batch, measured, baseline.measured),
      throughput_lo_tok_per_s: throughputInterval.lo,
      throughput_hi_tok_per_s: throughputInterval.hi,
      speedup: speedup?.ratio ?? null,
      speedup_lo: speedup?.lo ?? null,
      speedup_hi: speedup?.hi ?? null,
      uncertainty: this.#uncertainty(run, baseline),
      ...run.serving,
      ...(this.#load === 'open' && {
        tpot_ratio: tpot?.ratio ?? null,
        tpot_ratio_lo: tpot?.lo ?? null,
        tpot_ratio_hi: tpot?.hi ?? null,
      }),
      ...(this.#load === 'closed' &&
        this.#inputs.scenario.turns === null &&
        this.#inputs.scenario.load === 'closed' && {
          clones_throughput_tok_per_s: this.#runs.clonesThroughput(setup, batch!),
        }),
    };
  }

  /** A row without intervals, in the order of its columns. */
  #rowOf(setting: Setting, batch: number | null, measured: Measures, baseline: Measures): Row {
    const gpus = this.gpusApart(setting);
    return {
      ...this.names(setting, batch),
      batch_size: batch,
      requests: measured.requests,
      throughput_tok_per_s: measured.throughput_tok_per_s,
      throughput_lo_tok_per_s: null,
      throughput_hi_tok_per_s: null,
      ...(gpus !== null && {
        throughput_per_gpu_tok_per_s: measured.throughput_tok_per_s / gpus,
      }),
      baseline_throughput_tok_per_s: baseline.throughput_tok_per_s,
      speedup: ratio(measured.throughput_tok_per_s, baseline.throughput_tok_per_s),
      speedup_lo: null,
      speedup_hi: null,
      uncertainty: null,
      decode_speedup: ratio(measured.decode_tok_per_s, baseline.decode_tok_per_s),
      tokens_per_round: measured.tokens_per_round,
      drafted_per_round: measured.drafted_per_round,
      ...(this.#hasTrees && { verified_per_round: measured.verified_per_round }),
      acceptance_rate: measured.acceptance_rate,
      wasted_verify_share: measured.wasted_verify_share,
      time_share: measured.time_share,
      step_ms: measured.step_ms,
    };
  }

  /** GPUs that a row takes, where some do a part of the work alone: draft, or prefill; null where all do the same. */
  gpusApart({ method }: Setting): number | null {
    const { scenario, placement } = this.#inputs;
    if (!placement.drafting.apart && placement.kv === null) return null;
    const { target, drafting } = gpusOf(scenario, method);
    return target + drafting;
  }

  /** What a row of a setting is called. */
  names(setting: Setting, batch: number | null): RowNames {
    const { method, k, policy } = setting;
    const setup = this.#setups.of(setting, batch);
    const { scenario, hardware, target, drafts } = this.#inputs;
    const cards = method.parts.flatMap((part) => drafts.get(part.name)?.name ?? []);
    return {
      gpu: hardware.name,
      tp: scenario.tp,
      target: target.name,
      draft: cards.length === 0 ? null : cards.join('+'),
      method: method.name,
      k,
      ...(this.#hasTrees && { tree: setup.tree?.plan.label ?? null }),
      policy: takesK(method) ? (policy ?? FIXED).name : null,
      trace: this.#trace.name,
      trace_kind: this.#setups.kindOf(setup),
    };
  }

  /**
   * How many times as fast one setting is as another, with the 95 % interval of the ratio: both face the same
   * requests and the same errors of the constants. Under an open load, whose arrivals fix the throughput, the time per
   * output token is compared.
   *
   * @returns null where that is asked and no request has a second token
   */
  ratioIfAny(a: Setting, b: Setting, batch: number | null): Ratio | null {
    const run = (setting: Setting, other: Setting) =>
      setting.method.kind === 'none'
        ? this.#baseline(this.#setups.of(other, batch), batch)
        : this.#kept(this.#setups.of(setting, batch), batch);
    return this.#over(run(a, b), run(b, a));
  }

  /** A setting's run, and what constant each of its shifts is of. */
  uncertainRun(setting: Setting, batch: number | null): { run: Run; constants: readonly string[] } {
    const setup = this.#setups.of(setting, batch);
    const run = setting.method.kind === 'none' ? this.#baseline(setup, batch) : this.#kept(setup, batch);
    return { run, constants: this.#shifts.constants };
  }

  /** The same under a load that has batch sizes, where there always is one. */
  ratio(a: Setting, b: Setting, batch: number): Ratio {
    return this.ratioIfAny(a, b, batch)!;
  }

  /** Null where an open load has no time per output token. A run against itself is 1, whatever is uncertain. */
  #over(run: Run, other: Run): Ratio | null {
    if (run === other) return { ratio: 1, lo: 1, hi: 1 };
    const by = this.#load === 'open' ? 'tpot' : 'throughput';
    const value =
      by === 'tpot'
        ? ratio(other.measured.mean_tpot_s, run.measured.mean_tpot_s)
        : run.measured.throughput_tok_per_s / other.measured.throughput_tok_per_s;
    return value === null
      ? null
      : { ratio: value, ...this.#shifts.confidence.speedup(value, run, other, by) };
  }

  /** Of a row's speedup, of plain decoding's throughput. */
  #uncertainty(run: Run, baseline: Run): Uncertainty {
    const by = this.#load === 'open' && run !== baseline ? 'tpot' : 'throughput';
    return this.#shifts.confidence.uncertainty(run, run === baseline ? null : baseline, by);
  }

  /** A setting's run, kept for those that are compared with it. */
  #kept(setup: Setup, batch: number | null): BenchRun {
    return this.#known.get([setup], batch, () => this.#run(setup, batch));
  }

  /** Prompt length that replaced the trace's; null for the trace's own. */
  get promptLen(): number | null {
    return this.#inputs.scenario.promptLen;
  }

  /** The tree of a setting as an engine's flags can name one that is as deep, as wide and as large, where they can. */
  flagsOf(setting: Setting, batch: number): string {
    const { best } = this.#setups.of(setting, batch).tree!.plan;
    const topk = Math.max(...best.paths.map((path) => path.at(-1)!));
    const offered = topk + (best.depth - 1) * topk ** 2;
    return `${best.depth}x${topk}x${Math.min(best.drafts, offered) + 1}`;
  }

  /**
   * The tree that a setting drafts at one batch size, priced at another: its first n drafts are element n.
   *
   * @returns ways to its drafts and the chance that each is right, and what its first drafts emit and take
   */
  treeByDrafts(setting: Setting, planted: number, batch: number): TreeByDrafts {
    const setup = this.#setups.of(setting, planted);
    const { plan, chances: ofRanks } = setup.tree!;
    const { paths } = plan.best;
    const chances = paths.map((path) => chanceOf(path, ofRanks));
    const contextTokens = Math.round(batch * meanContext(this.#trace));
    const onePass = draftsInOnePass(setting.method);
    const terms = { onePass, sequences: batch, contextTokens, cost: setup.priceOn(this.#inputs) };
    return { paths, chances, prefixes: [...weighedPrefixes(paths, chances, terms)] };
  }

  /** How throughput follows each constant of trees that it depends on, d ln y / d ln p. */
  treeElasticities(
    setting: Setting,
    batch: number,
  ): { readonly path: string; readonly throughput: number }[] {
    const setup = this.#setups.of(setting, batch);
    if (setup.tree === null) return [];
    const shifts = this.#shifts.ofTrees(setup, batch, this.measures(setting, batch));
    const others = setup.shiftedTrees();
    return TREE_CONSTANTS.map(({ path, error }, c) => ({
      path,
      throughput: shifts[c]!.throughput / Math.log(1 + error),
    })).filter((_, c) => others[c] !== setup.tree);
  }

  /** The measures behind a row, without intervals, on a machine that differs from the scenario's in prices alone. */
  measures(setting: Setting, batch: number, machine: Machine = this.#inputs): Measures {
    if (setting.method.kind === 'none') return this.plainMeasures(setting, batch, machine);
    return this.#priced(this.#setups.of(setting, batch), batch, machine);
  }

  /** Of these the time of a step by part, which is less to find. */
  stepMs(setting: Setting, batch: number, machine: Machine): Measures['step_ms'] {
    const setup = this.#setups.of(setting, batch);
    return this.#steps.get([setup, machine], batch, () =>
      this.#runs.stepMs(setup, batch, this.#runs.everyRequest, setup.priceOn(machine)),
    );
  }

  /** The same where its steps are priced otherwise. */
  measuresAt(setting: Setting, batch: number, priced: (cost: CostModel) => CostModel): Measures {
    const setup = this.#setups.of(setting, batch);
    return this.#runs.simulate(setup, batch, this.#runs.everyRequest, priced(setup.priceOn(this.#inputs)));
  }

  /** The same of plain decoding of the setting's requests and lengths. */
  plainMeasures(setting: Setting, batch: number, machine: Machine = this.#inputs): Measures {
    const plain = this.#setups.plainOf(this.#setups.of(setting, batch));
    return this.#priced(plain, batch, machine);
  }

  /** Questions come back to the same batch size while they are at it, and to plain decoding from every setting. */
  #priced(setup: Setup, batch: number, machine: Machine): Measures {
    const known = setup.method.kind === 'none' ? this.#plain : this.#recent;
    return known.get([setup, machine], batch, () => this.#price(setup, batch, machine));
  }

  #price(setup: Setup, batch: number, machine: Machine): Measures {
    this.#setups.checkFit(setup);
    return this.#runs.simulate(setup, batch, this.#runs.everyRequest, setup.priceOn(machine));
  }

  /** Plain decoding of the same requests and lengths. */
  #baseline(setup: Setup, batch: number | null): BenchRun {
    return this.#kept(this.#setups.plainOf(setup), batch);
  }

  #run(setup: Setup, batch: number | null): BenchRun {
    this.#setups.checkFit(setup);
    const { measured, serving } =
      this.#load === 'clones'
        ? { measured: this.#priced(setup, batch!, this.#inputs), serving: null }
        : this.#runs.servedMeasures(setup, this.#runs.coming(batch, this.#runs.everyRequest.length));
    return {
      measured,
      serving,
      shifts: this.#shifts.of(setup, batch, measured),
      doubts: [
        ...doubtsOf(this.#inputs, setup, this.#trace, batch),
        ...this.#shifts.ofAcceptance(setup, batch, measured),
      ],
      drafters: setup.method.kind === 'none' ? null : setup.method.parts.map(({ name }) => name).join(),
    };
  }

  /** A setting's run when its requests arrive at given times. */
  served(setting: Setting, arrivalS: Float64Array): ServedMeasures {
    return this.#runs.servedMeasures(this.#setups.of(setting, null), { arrivalS });
  }

  /** How a setting, or plain decoding of its requests, stands to an objective when they arrive at given times. */
  attainment(setting: Setting, plain: boolean, arrivalS: Float64Array, slo: Slo): Attainment {
    const setup = plain ? this.plainSetup(setting) : this.#setups.of(setting, null);
    this.#setups.checkFit(setup);
    const { everyRequest } = this.#runs;
    const judge = new Judge(slo, everyRequest.length);
    // Turns come when those before them end: nobody knows ahead which requests are measured.
    const known = this.#runs.conversations === null;
    const served = this.#runs.serve(setup, { arrivalS }, everyRequest, setup.priceOn(this.#inputs), {
      longestGaps: slo.limitsS.itl !== undefined,
      ...(known && {
        until(finished, longestGapOf) {
          judge.see(finished, longestGapOf);
          return judge.complete;
        },
      }),
    });
    if (!known) judge.seeWhole(served.engine.finished, served.longestGapOf);
    return judge.attainment;
  }

  /** Plain decoding of a setting's requests and lengths: the same object where these are. */
  plainSetup(setting: Setting): Setup {
    return this.#setups.plainOf(this.#setups.of(setting, null));
  }

  /** The rounds of a request that runs as so many copies of itself, in order. */
  roundsOf(setting: Setting, batch: number, request: number): { drafted: number; accepted: number }[] {
    const { promptTokens, outputTokens, rounds } = this.#setups.of(setting, batch);
    const { firstRound, kind, kinds, context } = rounds(batch);
    const end = firstRound[request + 1]!;
    const done = promptTokens[request]! + outputTokens[request]!;
    return Array.from(kind.subarray(firstRound[request], end), (of, i) => {
      const at = firstRound[request]! + i;
      const next = at + 1 < end ? context[at + 1]! : done;
      return { drafted: kinds.drafted(of), accepted: next - context[at]! - 1 };
    });
  }

  /** Runs a setting once more, under an observer, and returns the requests that ended. */
  watched(setting: Setting, batch: number | null, observer: StepObserver): FinishedRecord[] {
    const setup = this.#setups.of(setting, batch);
    this.#setups.checkFit(setup);
    const requests = this.#runs.everyRequest;
    const coming = this.#runs.coming(batch, requests.length);
    return [
      ...this.#runs.serve(setup, coming, requests, setup.priceOn(this.#inputs), { observer }).engine.finished,
    ];
  }
}

function ratio(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a / b;
}
