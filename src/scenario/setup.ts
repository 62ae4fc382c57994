/** What a setting needs to run on a trace: acceptance, texts, prices, memory and rounds, each made once. */

import type { Machine } from '../cost/fields.ts';
import { costTraits } from '../cost/models.ts';
import { pipelined } from '../cost/pipelined.ts';
import { placedOn } from '../cost/placement.ts';
import { Roofline } from '../cost/roofline.ts';
import { routed } from '../cost/routing.ts';
import { shared } from '../cost/shared-experts.ts';
import { SpecDecodeBench } from '../cost/specdecode-bench.ts';
import { TableCost } from '../cost/table-cost.ts';
import type { CostModel, Verified } from '../cost/work.ts';
import { assembleDrafter, type Planted } from '../drafter/assemble.ts';
import type { Drafter } from '../drafter/drafter.ts';
import { isDiffusion, type Method, parseMethod, takesK } from '../drafter/methods.ts';
import { AS_RECORDED, type ReplayConventions } from '../drafter/replay.ts';
import type { NamedTree } from '../drafter/tree-spec.ts';
import { sequenceTokens } from '../engine/engine.ts';
import { plainRounds, type ReplayedRounds, replayRounds } from '../engine/replayed-rounds.ts';
import { UserError } from '../errors.ts';
import { entry, Memo } from '../memo.ts';
import { type ForwardShape, forwardShape } from '../model/shape.ts';
import {
  FIXED,
  isShared,
  lengthsOfSteps,
  type NamedPolicy,
  type PolicySpec,
  seesBatch,
} from '../policy/policies.ts';
import { ASSUMED_AUC, ASSUMED_AUC_ERROR } from '../trace/assumed-confidence.ts';
import { idsOf } from '../trace/request-ids.ts';
import { selectLengths } from '../trace/reshape.ts';
import type { AcceptanceTrace, PositionLengths, TraceKind } from '../trace/trace.ts';
import { Acceptances } from './acceptances.ts';
import { authorsConventions } from './authors-conventions.ts';
import { prefillsBothWays } from './canvas.ts';
import { mostDrafts } from './draft-cards.ts';
import { draftShapes } from './draft-shapes.ts';
import type { Inputs } from './inputs.ts';
import { type KvRoom, kvRoomOf, NO_BOUND } from './kv-blocks.ts';
import { targetLayout } from './layouts.ts';
import { planted, TREE_CONSTANTS, treeRemark } from './plant.ts';

/** A method and its draft length; null for methods that take none. */
export interface Setting {
  readonly method: Method;
  readonly k: number | null;
  /** What it drafts instead of k tokens in a row. */
  readonly tree?: NamedTree;
  /** Who decides how far to draft, k at most; k in every round unless said. */
  readonly policy?: NamedPolicy;
}

/** One setting, ready to run. */
export interface Setup extends KvRoom {
  readonly method: Method;
  readonly k: number | null;
  readonly policy: PolicySpec;
  readonly tree: Planted | null;
  /** The same with each constant of trees one standard error larger; none for a chain. */
  readonly shiftedTrees: () => readonly Planted[];
  /** No round exceeds it. */
  readonly most: Verified;
  readonly acceptance: readonly PositionLengths[];
  /** The price of its work on a machine, which may differ from the scenario's in a parameter. */
  readonly priceOn: (machine: Machine) => CostModel;
  /** Its rounds, for loads that run every request as if it were alone. */
  readonly rounds: (batch: number) => ReplayedRounds;
  readonly draftModels: number;
  readonly promptTokens: Int32Array;
  readonly outputTokens: Int32Array;
}

/** Plain decoding. */
export const PLAIN: Setting = { method: parseMethod('none'), k: null };

/** Rounds that depend on lengths, conventions, method and k alone: every machine that prices them finds them here. */
const ROUNDS = new Memo<ReplayedRounds>();

/** The setups of one trace. */
export class Setups {
  readonly #inputs: Inputs;
  readonly #trace: AcceptanceTrace;
  readonly #warnings: Set<string>;
  readonly #target: ForwardShape;
  /** The same, with prompts whose tokens see those behind them too. */
  readonly #seesAll: ForwardShape;
  readonly #conventions: ReplayConventions;
  readonly #acceptances: Acceptances;
  /** Prices on a machine, by the draft models that run beside the target. */
  readonly #prices = new Memo<CostModel>();
  readonly #setups = new Map<string, Setup>();
  readonly #plain = new Map<string, Setup>();
  readonly #plainOfTexts = new WeakMap<Int32Array, Setup>();
  /** Whose requests were seen to fit. */
  readonly #fits = new WeakSet<Setup>();

  constructor(inputs: Inputs, trace: AcceptanceTrace, warnings: Set<string>) {
    const { target, scenario } = inputs;
    this.#inputs = inputs;
    this.#trace = trace;
    this.#warnings = warnings;
    this.#target = forwardShape(target, targetLayout(scenario));
    this.#seesAll = { ...this.#target, bidirectional: true };
    this.#acceptances = new Acceptances(inputs, trace, warnings);
    this.#conventions =
      costTraits(scenario.cost).conventions === 'as recorded'
        ? AS_RECORDED
        : authorsConventions(inputs, trace);
  }

  /**
   * A setting's, made when it is first asked for.
   *
   * @param batch decides which tree is the best; null under open loads, which have none
   */
  of(setting: Setting, batch: number | null): Setup {
    const { method, k, tree, policy = FIXED } = setting;
    const size = tree?.spec.kind === 'best' ? ` ${batch}` : '';
    return entry(this.#setups, `${method.name} ${k} ${tree?.name}${size} ${policy.name}`, () =>
      this.#prepare(setting, batch),
    );
  }

  /** Plain decoding of the same requests and lengths. */
  plainOf({ outputTokens }: Setup): Setup {
    return entry(this.#plainOfTexts, outputTokens, () =>
      entry(this.#plain, outputTokens.join(), () => this.#prepare(PLAIN, null, outputTokens)),
    );
  }

  /**
   * A drafter with no memory of earlier runs.
   *
   * @param remarks whether it warns of what its policy was not made for
   */
  drafter(
    setup: Pick<
      Setup,
      'method' | 'k' | 'policy' | 'tree' | 'acceptance' | 'priceOn' | 'promptTokens' | 'outputTokens'
    >,
    remarks = false,
  ): Drafter {
    const { writing, scenario } = this.#inputs;
    const deciding = {
      policy: setup.policy,
      cost: setup.priceOn(this.#inputs),
      seed: scenario.seed,
      changes: this.#inputs.engine,
      ahead: this.#inputs.ahead,
      canvas: writing && { ...writing, ...setup },
      ...(remarks && { remark: (what: string) => this.#warnings.add(what) }),
    };
    return assembleDrafter(setup.method, setup.k, setup.acceptance, this.#conventions, deciding, setup.tree);
  }

  /** @throws UserError for a request whose KV cache does not fit beside the weights */
  checkFit(setup: Setup): void {
    if (this.#fits.has(setup)) return;
    const { target, hardware, engine, scenario } = this.#inputs;
    const { promptTokens } = this.#trace;
    const context = scenario.ignoreContextLimit ? undefined : target.maxContext;
    const limits = [
      { most: engine.maxModelTokens, of: `a sequence that engine ${engine.name} allows (maxModelTokens)` },
      { most: context, of: `the context of ${target.name} (--ignore-context-limit for a what-if)` },
    ].flatMap(({ most, of }) => (typeof most === 'number' ? [{ most, of }] : []));
    const longest = Math.min(...limits.map(({ most }) => most));
    const { kvBlocks, sequenceBlocks, outputTokens, most } = setup;
    for (let r = 0; r < promptTokens.length; r++) {
      const prompt = promptTokens[r]!;
      const output = outputTokens[r]!;
      const tokens = sequenceTokens(prompt, output, most);
      const fits = Math.ceil(tokens / engine.blockTokens) + sequenceBlocks <= kvBlocks;
      if (fits && prompt + output <= longest) continue;
      const exceeded = limits.find(({ most }) => prompt + output > most);
      const room = Math.max(0, kvBlocks - sequenceBlocks) * engine.blockTokens;
      throw new UserError(
        `trace ${this.#trace.name}, request ${idsOf(this.#trace)[r]}: ${
          exceeded === undefined
            ? `one sequence of ${tokens} tokens does not fit beside ${target.name}, expected at most the ${room} tokens of KV memory that engine ${engine.name} leaves on ${hardware.name}`
            : `${prompt} tokens of prompt and ${output} of output, expected at most the ${exceeded.most} of ${exceeded.of}`
        }`,
      );
    }
    this.#fits.add(setup);
  }

  /** `recording` where every acceptance that it uses was recorded. */
  kindOf(setup: Setup): TraceKind {
    if (
      this.#inputs.contextCurve !== null ||
      setup.tree?.assumed ||
      isDiffusion(setup.method) ||
      assumesConfidence(setup)
    )
      return 'fitted';
    const used = setup.acceptance.length > 0 ? setup.acceptance : [...this.#trace.drafters.values()];
    const kinds = used.map((lengths) => lengths.kind);
    return kinds.every((kind) => kind === 'recording') ? 'recording' : 'fitted';
  }

  /** A setting with another tree on the same recording. */
  withTree(setup: Setup, tree: Planted): Setup {
    const other = { ...setup, tree };
    return { ...other, rounds: this.#rounds(other) };
  }

  /** A setting along a recorded curve of context one standard error higher; null without one. */
  withShiftedContext(setup: Setup): Setup | null {
    if (this.#inputs.contextCurve !== 'recorded' || setup.acceptance.length === 0) return null;
    const { method, k } = setup;
    const other = { ...setup, acceptance: method.parts.map((part) => this.#acceptances.of(part, k, true)) };
    return { ...other, rounds: this.#rounds(other) };
  }

  /** A setting of some of the requests alone. */
  partOf(setup: Setup, requests: readonly number[]): Setup {
    const pick = (values: Int32Array) => Int32Array.from(requests, (r) => values[r]!);
    const part = {
      ...setup,
      promptTokens: pick(setup.promptTokens),
      outputTokens: pick(setup.outputTokens),
      ...acceptanceOf(setup, requests),
    };
    return { ...part, rounds: (batch) => this.#replay(part, batch) };
  }

  /** @param texts tokens of each output, for a method whose acceptance does not say them */
  #prepare(
    { method, k, tree: namedTree, policy: named = FIXED }: Setting,
    batch: number | null,
    texts = this.#trace.outputTokens,
  ): Setup {
    const { scenario, drafts } = this.#inputs;
    const trace = this.#trace;
    const acceptance = method.parts.map((part) => this.#acceptances.of(part, k));
    const models = method.parts.flatMap(({ name, model }) => (model === undefined ? [] : [name]));
    const deepest = Math.min(...models.map((name) => mostDrafts(name, drafts)));
    const ofModels = acceptance.filter((_, i) => method.parts[i]!.model !== undefined);
    const asked = k ?? (namedTree === undefined ? Math.max(0, ...ofModels.map(({ maxK }) => maxK)) : 0);
    const shapes = draftShapes(method, asked, k, this.#inputs);
    const [first, second] = acceptance;
    let outputTokens = texts;
    if (first !== undefined) outputTokens = this.#acceptances.textsOf(first);
    if (second !== undefined) {
      const other = this.#acceptances.textsOf(second);
      if (other.some((tokens, r) => tokens !== outputTokens[r])) {
        this.#warnings.add(
          `method ${method.name} on ${trace.name}: the two acceptances are of different texts of the same prompts; the shorter length is used`,
        );
        outputTokens = outputTokens.map((tokens, r) => Math.min(tokens, other[r]!));
      }
    }
    const room = costTraits(scenario.cost).memory
      ? kvRoomOf(this.#inputs, this.#target, shapes, {
          longest: trace.promptTokens.reduce(
            (most, tokens, r) => Math.max(most, tokens + outputTokens[r]!),
            0,
          ),
          drafted: asked,
          furtherLengths: lengthsOfSteps(named.spec, asked, this.#inputs.engine.lengthFloor) - 1,
        })
      : NO_BOUND;
    const price = ({ hardware, engine, routing }: Machine): CostModel => {
      if (scenario.cost === 'specdecode-bench') return new SpecDecodeBench();
      const placement = placedOn(this.#inputs.placement, hardware);
      const copy = new Roofline(routed(target, routing), shapes, hardware, engine, scenario.tp, placement);
      const { batches = 1, ...stages } = placement.stages;
      const bytesPerToken = this.#target.allReduceBytesPerToken;
      const roofline = pipelined(shared(copy, scenario.dpAttention), { ...stages, batches, bytesPerToken });
      const { stepTable } = this.#inputs;
      return stepTable === null
        ? roofline
        : new TableCost(stepTable, roofline, scenario.beyondTable, scenario.cost.slice('table:'.length));
    };
    const { promptTokens } = trace;
    const policy = named.spec;
    const target = prefillsBothWays(scenario, method) ? this.#seesAll : this.#target;
    const shapesKey = `${models.join()} ${shapes.map(({ modules = 1 }) => modules)} ${target.bidirectional}`;
    const priceOn = (machine: Machine) => this.#prices.get([machine], shapesKey, () => price(machine));
    const ground = {
      inputs: this.#inputs,
      trace,
      method,
      lengths: acceptance[0]!,
      deepest,
      cost: priceOn(this.#inputs),
      batch,
    };
    const tree = namedTree === undefined ? null : planted(namedTree, ground);
    const remark = tree && treeRemark(tree, ground);
    if (remark !== null) this.#warnings.add(remark);
    if (assumesConfidence({ policy, acceptance })) {
      this.#warnings.add(
        `trace ${trace.name}, confidence of ${method.name}: assumed calibrated, with an AUC of ${ASSUMED_AUC} (${2 * ASSUMED_AUC_ERROR} more or less is in the intervals); --confidence states another`,
      );
    }
    const replayable = {
      method,
      k,
      policy,
      tree,
      shiftedTrees: () =>
        namedTree === undefined
          ? []
          : TREE_CONSTANTS.map(({ shifted }) => planted(namedTree, ground, shifted)),
      acceptance,
      priceOn,
      draftModels: shapes.length,
      promptTokens,
      outputTokens,
      ...room,
    };
    return {
      ...replayable,
      // Whoever decides how far to draft goes no further than k.
      most: this.drafter({ ...replayable, policy: FIXED.spec }).most,
      rounds: this.#rounds(replayable),
    };
  }

  /** Replayed once for all batch sizes and machines, or for all batch sizes, unless something adapts to them. */
  #rounds(setup: Omit<Setup, 'rounds' | 'most'>): Setup['rounds'] {
    const { method, k, policy, tree, acceptance, promptTokens, outputTokens } = setup;
    const adapts = method.kind === 'best' || method.kind === 'bandit';
    if (adapts || (takesK(method) && policy.kind !== 'fixed')) {
      const replayed = new Map<number, ReplayedRounds>();
      const perBatch = adapts || seesBatch(policy);
      return (batch) => entry(replayed, perBatch ? batch : 1, () => this.#replay(setup, batch));
    }
    // Plain decoding has no acceptance, only texts.
    const lengths = acceptance.length === 0 ? [outputTokens] : acceptance;
    const of = [promptTokens, this.#conventions, ...lengths, ...(tree === null ? [] : [tree])];
    const { ahead, writing, scenario } = this.#inputs;
    const key = JSON.stringify([method.name, k, ahead, ahead && scenario.seed, writing]);
    return () => ROUNDS.get(of, key, () => this.#replay(setup, 1));
  }

  #replay(setup: Omit<Setup, 'rounds' | 'most'>, batch: number): ReplayedRounds {
    return setup.method.kind === 'none'
      ? plainRounds(setup)
      : replayRounds(setup, this.drafter(setup, true), setup.draftModels, batch);
  }
}

/** Whether it goes by a confidence that nobody recorded or stated. */
export function assumesConfidence({
  policy,
  acceptance: [lengths],
}: Pick<Setup, 'policy' | 'acceptance'>): boolean {
  return isShared(policy) && policy.auc === null && lengths?.confidence === undefined;
}

/** What a setup accepts of some of the requests alone. */
export function acceptanceOf(
  { acceptance, tree }: Pick<Setup, 'acceptance' | 'tree'>,
  requests: readonly number[],
): Pick<Setup, 'acceptance' | 'tree'> {
  const pick = (values: Int32Array) => Int32Array.from(requests, (r) => values[r]!);
  return {
    acceptance: acceptance.map((lengths) => selectLengths(lengths, requests)),
    tree: tree && { ...tree, texts: { starts: pick(tree.texts.starts), ends: pick(tree.texts.ends) } },
  };
}
