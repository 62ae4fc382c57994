/**
 * Which drafter, which k, when to switch off: the best setting at every batch size, what it gains, and the
 * schedule of draft lengths that follows. Settings are compared on the same requests.
 *
 * Left out: changing the method between batch sizes, which no engine does; the schedule is of one method.
 */
import { type Method, parseMethod, takesK, takesTree } from '../drafter/methods.ts';
import { UserError } from '../errors.ts';
import { Bench, type Ratio } from '../scenario/bench.ts';
import { answeredK } from '../scenario/draft-cards.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { type Answer, answerOf, type Group } from '../scenario/result.ts';
import { loadKind, type Progress } from '../scenario/run.ts';
import { PLAIN, type Setting } from '../scenario/setup.ts';
import { leastTrust } from '../scenario/trust.ts';
import { sha256 } from '../sha256.ts';
import type { AcceptanceTrace } from '../trace/trace.ts';
import { type ContextRow, contextRows } from './context-effect.ts';
import { type ContextSchedule, rangesOf } from './schedule.ts';
import { pricesSwitching, type SwitchingRow, switchingRows } from './switching.ts';
import { type Place, type TreeRow, type TriedChain, treeRows } from './tree-tuning.ts';

/** Settings this close to the best are as good, and the one with the smallest k is taken. */
export const TIE = 0.01;

/** The draft length that people take unasked; gains are told over it. */
const CUSTOMARY_K = 3;

export interface TuneRow {
  readonly gpu: string;
  readonly trace: string;
  /** Prompt length that replaced the trace's, in tokens; null for the trace's own. */
  readonly context_tokens: number | null;
  readonly batch_size: number;
  /** `none` where no speculation pays. */
  readonly method: string;
  /** 0 where no speculation pays. */
  readonly k: number;
  readonly throughput_tok_per_s: number;
  readonly over_none: Ratio;
  /** Over k = 3 of the same method, or of the schedule's where none pays; null when it cannot draft 3. */
  readonly over_k3: Ratio | null;
  /** How much faster the same method would be if it drafted exactly what is accepted (of two parts: by the better, both paid). */
  readonly oracle_over: Ratio;
  /** The best setting of another method, `none` included, and the gain over it; null with nothing to compare. */
  readonly runner_up: { readonly method: string; readonly k: number; readonly over: Ratio } | null;
}

/** The best k of one method by batch size, at every context. */
export interface MethodSchedule {
  readonly trace: string;
  readonly method: string;
  /** Geometric mean over batch sizes and contexts of the speedup over plain decoding. */
  readonly mean_speedup: number;
  readonly contexts: readonly ContextSchedule[];
  /** What one length for all of them comes to. */
  readonly single: SingleLength;
}

/** The best single draft length, at least 1, over all batch sizes and contexts. */
export interface SingleLength {
  readonly k: number;
  readonly mean_speedup: number;
  /**
   * At the smallest batch size, the chance of being accepted from which one draft more than k pays: its share of the
   * time of a step, times the tokens that a step emits. Null where k + 1 was not tried.
   */
  readonly pays_from: number | null;
  /** At the first context, by batch size: tokens that a step verifies, and its seconds. */
  readonly steps: readonly {
    readonly batch_size: number;
    readonly tokens: number;
    readonly seconds: number;
  }[];
}

/** The longest draft that is tried unless said otherwise. */
export const DEFAULT_MAX_K = 16;

/** The schedules of a trace, the best method first. */
export interface TuneGroup extends Group<TuneRow> {
  readonly schedules: readonly MethodSchedule[];
  /** Of the first method that drafts trees, where trees were asked for. */
  readonly trees: readonly TreeRow[];
  /** What changes of length make of the best method's schedule, where the engine prices them. */
  readonly switching: readonly SwitchingRow[];
  /** Of the best method's best single length at the smallest and the largest batch, where several contexts were asked for. */
  readonly contexts: readonly ContextRow[];
}

export interface Tuning extends Answer<TuneRow, TuneGroup> {
  /** The longest draft that was tried. */
  readonly maxK: number;
  /** Of all groups. */
  readonly schedules: readonly MethodSchedule[];
  readonly trees: readonly TreeRow[];
  /** Absent where changes of length are free. */
  readonly switching?: readonly SwitchingRow[];
  /** Absent for one context. */
  readonly contexts?: readonly ContextRow[];
}

/**
 * Finds the best setting for every trace, context and batch size.
 *
 * @param inputs of one scenario, one for each context, ascending
 * @param maxK the longest draft to try; methods whose recording ends earlier stop there
 * @throws UserError when no method is left that takes a draft length
 */
export async function tuningOf(
  inputs: readonly Inputs[],
  maxK: number,
  progress: Progress = () => {},
): Promise<Tuning> {
  const [{ scenario, methods, traces }] = inputs as [Inputs, ...Inputs[]];
  const tuned = methods.filter(takesK);
  const other = methods.find((method) => method.kind !== 'none' && !takesK(method));
  if (other !== undefined) {
    throw new UserError(`--method ${other.name}: tune chooses draft lengths, expected methods that take a k`);
  }
  if (tuned.length === 0) {
    throw new UserError('--method none: tune needs a method that speculates, such as eagle3');
  }
  const batches = [...new Set(scenario.batch)].sort((a, b) => a - b);
  const warnings = new Set(inputs.flatMap((one) => one.warnings));
  let done = 0;
  const total = traces.length * inputs.length * batches.length;
  const groups = traces.map((trace, t): TuneGroup => {
    const cells = inputs.flatMap((one) => {
      const bench = new Bench(one, one.traces[t]!, loadKind(scenario), warnings);
      return batches.map((batch) => {
        progress(done++, total);
        return new Cell(one, t, bench, batch, tuned, maxK);
      });
    });
    const ranked = tuned
      .map((method, m): MethodSchedule & { readonly of: Method } => ({
        of: method,
        trace: trace.name,
        method: method.name,
        mean_speedup: Math.exp(
          cells.reduce((sum, cell) => sum + Math.log(cell.bestOf(m).speedup), 0) / cells.length,
        ),
        contexts: inputs.map((one, c) => ({
          contextTokens: one.scenario.promptLen,
          ranges: rangesOf(
            batches.map((batch, b) => ({ batch, k: cells[c * batches.length + b]!.bestOf(m).k })),
          ),
        })),
        single: singleLength(cells, batches.length, m),
      }))
      .sort((a, b) => b.mean_speedup - a.mean_speedup);
    const planted = inputs[0]!.trees.flatMap((tree) => tree ?? []);
    const m = tuned.findIndex(takesTree);
    return {
      trace: t,
      rows: cells.map((cell) => cell.row(ranked[0]!.of)),
      schedules: ranked.map(({ of: _, ...schedule }) => schedule),
      trees:
        planted.length === 0
          ? []
          : treeRows(
              tuned[m]!,
              planted,
              cells.map((cell) => cell.place(m)),
            ),
      contexts:
        inputs.length === 1
          ? []
          : contextRows(
              trace.name,
              ranked[0]!.of,
              ranked[0]!.single.k,
              [...new Set([batches[0]!, batches.at(-1)!])].flatMap((batch) =>
                inputs.map((one, c) => ({
                  context: one.scenario.promptLen!,
                  batch,
                  bench: cells[c * batches.length]!.place(0).bench,
                })),
              ),
            ),
      switching: inputs.flatMap((one, c) =>
        pricesSwitching(one.engine)
          ? (switchingRows(
              one,
              t,
              {
                method: ranked[0]!.of,
                ranges: ranked[0]!.contexts[c]!.ranges,
                single: ranked[0]!.single.k,
              },
              warnings,
            ) ?? [])
          : [],
      ),
    };
  });
  const switching = groups.flatMap((group) => group.switching);
  const trust = leastTrust(inputs.map((one) => one.trust));
  const configHash = await sha256([maxK, ...inputs.map((one) => one.configHash)].join());
  return {
    ...answerOf<TuneRow, TuneGroup>(scenario, { configHash, trust }, warnings, groups),
    maxK,
    schedules: groups.flatMap((group) => group.schedules),
    trees: groups.flatMap((group) => group.trees),
    ...(switching.length > 0 && { switching }),
    ...(inputs.length > 1 && { contexts: groups.flatMap((group) => group.contexts) }),
  };
}

/** @param batches how many of the cells are of the first context */
function singleLength(cells: readonly Cell[], batches: number, m: number): SingleLength {
  const tried = cells[0]!.triedOf(m).slice(1);
  const over = tried.map(({ setting, k }, i) => ({
    setting,
    k,
    speedup: Math.exp(
      cells.reduce((sum, cell) => sum + Math.log(cell.triedOf(m)[i + 1]!.speedup), 0) / cells.length,
    ),
  }));
  const { setting, k, speedup } = smallestOfBest(over);
  const longer = tried.find((one) => one.k === k + 1);
  const first = cells.slice(0, batches).map((cell) => cell.step(setting));
  const { seconds, emitted } = first[0]!;
  return {
    k,
    mean_speedup: speedup,
    pays_from:
      longer === undefined ? null : (emitted * (cells[0]!.step(longer.setting).seconds - seconds)) / seconds,
    steps: first.map(({ batch, tokens, seconds }) => ({ batch_size: batch, tokens, seconds })),
  };
}

/** One context and batch size: everything tried there. */
class Cell {
  readonly #inputs: Inputs;
  readonly #trace: number;
  readonly #bench: Bench;
  readonly #batch: number;
  /** By method, k ascending from 0. */
  readonly #tried: readonly (readonly TriedChain[])[];

  constructor(
    inputs: Inputs,
    trace: number,
    bench: Bench,
    batch: number,
    methods: readonly Method[],
    maxK: number,
  ) {
    this.#inputs = inputs;
    this.#trace = trace;
    this.#bench = bench;
    this.#batch = batch;
    this.#tried = methods.map((method) => {
      const tried: TriedChain[] = [{ setting: PLAIN, k: 0, speedup: 1 }];
      for (const k of lengthsToTry(method, inputs, inputs.traces[trace]!, maxK)) {
        const setting = { method, k };
        const plain = bench.plainMeasures(setting, batch).throughput_tok_per_s;
        tried.push({ setting, k, speedup: bench.measures(setting, batch).throughput_tok_per_s / plain });
      }
      return tried;
    });
  }

  /** Where a method's trees are compared with its chains. */
  place(m: number): Place {
    return { bench: this.#bench, batch: this.#batch, chains: this.#tried[m]! };
  }

  /** What was tried of method number m, k ascending from 0. */
  triedOf(m: number): readonly TriedChain[] {
    return this.#tried[m]!;
  }

  /** A step of a setting: tokens verified by all sequences, seconds, and tokens emitted by each. */
  step(setting: Setting): { batch: number; tokens: number; seconds: number; emitted: number } {
    const batch = this.#batch;
    const { verified_per_round, tokens_per_round, decode_tok_per_s } = this.#bench.measures(setting, batch);
    const emitted = tokens_per_round!;
    return {
      batch,
      tokens: Math.round(batch * verified_per_round!),
      seconds: (batch * emitted) / decode_tok_per_s!,
      emitted,
    };
  }

  /** The best k of method number m. */
  bestOf(m: number): TriedChain {
    return smallestOfBest(this.#tried[m]!);
  }

  /** @param scheduled the method to compare with where no speculation pays */
  row(scheduled: Method): TuneRow {
    const bench = this.#bench;
    const batch = this.#batch;
    const best = smallestOfBest(this.#tried.flat());
    const method = best.k === 0 ? scheduled : best.setting.method;
    const customary = this.#tried
      .flat()
      .find((one) => one.k === CUSTOMARY_K && one.setting.method.name === method.name);
    const oracle = { method: oracleOf(method), k: null };
    const others = this.#tried.flat().filter((one) => one.setting.method.name !== best.setting.method.name);
    const runnerUp = others.length === 0 ? null : smallestOfBest(others);
    const over = (setting: Setting) => bench.ratio(best.setting, setting, batch);
    return {
      gpu: this.#inputs.hardware.name,
      trace: this.#inputs.traces[this.#trace]!.name,
      context_tokens: this.#inputs.scenario.promptLen,
      batch_size: batch,
      method: best.setting.method.name,
      k: best.k,
      throughput_tok_per_s: bench.measures(best.setting, batch).throughput_tok_per_s,
      over_none: over(PLAIN),
      over_k3: customary === undefined ? null : over(customary.setting),
      oracle_over: bench.ratio(oracle, best.setting, batch),
      runner_up:
        runnerUp === null
          ? null
          : { method: runnerUp.setting.method.name, k: runnerUp.k, over: over(runnerUp.setting) },
    };
  }
}

/** Every chain that is tried on the first trace. */
export function chainsToTry(inputs: Inputs, maxK: number): Setting[] {
  return inputs.methods
    .filter(takesK)
    .flatMap((method) => lengthsToTry(method, inputs, inputs.traces[0]!, maxK).map((k) => ({ method, k })));
}

/** Every draft length up to the longest that a recording answers for; of a block drafter that of its blocks alone. */
function lengthsToTry(method: Method, inputs: Inputs, trace: AcceptanceTrace, maxK: number): number[] {
  const { drafters } = trace;
  const longest = Math.min(maxK, answeredK(method, inputs, trace));
  const recorded = method.parts.filter(({ name }) => !inputs.rates.has(name) && drafters.has(name));
  const block = recorded.find(({ model }) => model?.drafting === 'block');
  if (block === undefined) return Array.from({ length: longest }, (_, i) => i + 1);
  const { maxK: size } = drafters.get(block.name)!;
  if (size > longest) {
    throw new UserError(
      `--max-k ${maxK}: ${block.name} was recorded with blocks of ${size} drafts and answers for no other length, expected at least that`,
    );
  }
  return [size];
}

/** What bounds a method: exact draft lengths, of two parts those of the better. */
function oracleOf({ parts }: Method): Method {
  const names = parts.map(({ name }) => name).join('+');
  return parseMethod(`${parts.length === 1 ? 'oracle' : 'combined'}:${names}`);
}

/** Of those within a tie of the fastest the one with the smallest k, and of these the fastest. */
function smallestOfBest(tried: readonly TriedChain[]): TriedChain {
  const fastest = Math.max(...tried.map(({ speedup }) => speedup));
  return tried
    .filter(({ speedup }) => speedup >= (1 - TIE) * fastest)
    .reduce((best, one) => (one.k < best.k || (one.k === best.k && one.speedup > best.speedup) ? one : best));
}
