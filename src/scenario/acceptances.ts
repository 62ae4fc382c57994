/**
 * What each drafter of a method has accepted on one trace: as recorded, or drawn from what was stated; under the
 * scenario's rule of acceptance, and along its curve of context.
 */
import type { BasicMethod } from '../drafter/methods.ts';
import { UserError } from '../errors.ts';
import { entry, Memo } from '../memo.ts';
import { sampleAcceptance, USUAL_MAX_K } from '../trace/acceptance-spec.ts';
import { alongContext } from '../trace/context-curve.ts';
import { MAX_K } from '../trace/conventions.ts';
import { beyondRecorded, inOtherContexts } from '../trace/recorded-context.ts';
import { type Relabelled, relabelled, ruleRemark } from '../trace/relabel.ts';
import type { RecordedContext } from '../trace/token-context.ts';
import type { AcceptanceTrace, PositionLengths } from '../trace/trace.ts';
import { mostDrafts } from './draft-cards.ts';
import type { Inputs } from './inputs.ts';

/** Lengths under rules of acceptance. */
const JUDGED = new Memo<Relabelled>();
/** Lengths along curves of context. */
const IN_CONTEXT = new Memo<PositionLengths>();

export class Acceptances {
  readonly #inputs: Inputs;
  readonly #trace: AcceptanceTrace;
  readonly #warnings: Set<string>;
  readonly #textsOf = new WeakMap<PositionLengths, Int32Array>();
  readonly #stated = new Map<string, PositionLengths>();

  constructor(inputs: Inputs, trace: AcceptanceTrace, warnings: Set<string>) {
    this.#inputs = inputs;
    this.#trace = trace;
    this.#warnings = warnings;
  }

  /**
   * @param shifted whether along a recorded curve of context one standard error higher
   * @throws UserError where the trace has no acceptance of the drafter and none is stated
   */
  of(drafter: BasicMethod, k: number | null, shifted = false): PositionLengths {
    return this.#inContext(drafter, this.#judged(drafter.name, this.#lengthsOf(drafter, k), k), shifted);
  }

  /** Lengths under the scenario's rule of acceptance. */
  #judged(name: string, recorded: PositionLengths, k: number | null): PositionLengths {
    const { acceptRule: rule, scenario } = this.#inputs;
    if (rule === null) return recorded;
    const of = JUDGED.get([recorded], `${name} ${rule.written} ${scenario.seed}`, () =>
      relabelled(recorded, rule, name, scenario.seed),
    );
    const remark = ruleRemark(rule, of, k ?? recorded.maxK);
    if (remark !== null) this.#warnings.add(`trace ${this.#trace.name}, ${name}: ${remark}`);
    return of.lengths;
  }

  /** Lengths of a model in the contexts that requests have. */
  #inContext({ name, model }: BasicMethod, lengths: PositionLengths, shifted: boolean): PositionLengths {
    const { contextCurve: curve, scenario } = this.#inputs;
    if (curve === null || model === undefined) return lengths;
    const { promptTokens } = this.#trace;
    const { acceptanceContext, seed } = scenario;
    const { recordedContext } = lengths;
    if (curve === 'recorded' && recordedContext !== undefined) {
      this.#checkRange(name, lengths, recordedContext);
      return IN_CONTEXT.get([lengths, promptTokens], `${name} ${seed} ${shifted}`, () =>
        inOtherContexts(lengths, recordedContext, promptTokens, name, seed, shifted),
      );
    }
    if (curve === 'recorded') return lengths;
    return IN_CONTEXT.get([lengths, promptTokens], `${name} ${acceptanceContext} ${seed}`, () =>
      alongContext(lengths, promptTokens, curve, name, seed),
    );
  }

  /** @throws UserError where most of the output is in contexts beyond those of a recorded curve; some of it is warned of */
  #checkRange(name: string, lengths: PositionLengths, recorded: RecordedContext): void {
    const { share, least, most } = beyondRecorded(lengths, recorded, this.#trace.promptTokens);
    if (share === 0) return;
    const { from, below } = recorded.of;
    const what = `--acceptance-context ${this.#inputs.scenario.acceptanceContext}: contexts of ${from} to ${below - 1} tokens are known of ${name}`;
    const asked = `${share < 0.01 ? 'under 1' : (100 * share).toFixed(0)}% of the outputs of ${this.#trace.name} are asked for, or were recorded, beyond (asked: ${least} to ${most})`;
    if (share > 0.5) {
      throw new UserError(`${what}, and ${asked}; expected prompts within, or a curve such as 4k:1,32k:0.7`);
    }
    this.#warnings.add(`${what}; ${asked}, and accept as many as at the nearest`);
  }

  #lengthsOf({ name, model }: BasicMethod, k: number | null): PositionLengths {
    const { rates, scenario, drafts } = this.#inputs;
    const trace = this.#trace;
    const stated = rates.get(name);
    if (stated !== undefined) {
      // A statement answers for any length; who draws from it further gives the same first drafts.
      const longest = Math.max(USUAL_MAX_K, stated.rates.length, stated.k ?? 0, ...scenario.k);
      const maxK = Math.min(longest, MAX_K, mostDrafts(name, drafts));
      const sampled = entry(this.#stated, name, () =>
        sampleAcceptance(stated.rates, trace.outputTokens, name, scenario.seed, {
          maxK,
          share: stated.share,
          drafted: maxK,
        }),
      );
      // Rates that are stated are those of whatever block is asked for.
      return model?.drafting === 'block' && k !== null && k < sampled.maxK
        ? { ...sampled, maxK: k }
        : sampled;
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

  /** Tokens of each output of the texts that lengths are of: the trace's own array where these are. */
  textsOf(acceptance: PositionLengths): Int32Array {
    return entry(this.#textsOf, acceptance, () => {
      const { offsets } = acceptance;
      const own = Int32Array.from({ length: offsets.length - 1 }, (_, r) => offsets[r + 1]! - offsets[r]!);
      // The same array, as most are, so that all machines share the rounds of plain decoding.
      const { outputTokens } = this.#trace;
      return own.every((tokens, r) => tokens === outputTokens[r]) ? outputTokens : own;
    });
  }
}
