/**
 * Passes of the steps that serving mostly takes: all sequences draft as many tokens, in a row and with one model, or none.
 * What follows from the number of sequences is kept, so that a step costs its attention, and what chunks of prompts add. The
 * roofline prices any step, and these the same to the last bit.
 */
import { type DraftPasses, NO_PROMPTS } from './draft-passes.ts';
import type { EnginePasses } from './engine-passes.ts';
import { FiguresByCount, placeOf } from './figures-by-count.ts';
import type { ForwardPass } from './forward-pass.ts';
import type { Placement } from './placement.ts';
import type { PartSeconds, StepWork } from './work.ts';

/** Seconds that are kept of a number of sequences: of passes what tokens take alone, and the host's launches of layers. */
const KEPT = 8;
const LATER_PASS = 0;
const LATER_HOST = 1;
const DRAFT_LOGITS = 2;
const VERIFY = 3;
const VERIFY_HOST = 4;
const VERIFY_LOGITS = 5;

/** The same of a number of tokens in a first pass, where sequences do not matter: its tokens, launches, and what it has more. */
const KEPT_FIRST = 4;
const FIRST = 0;
const FIRST_HOST = 1;
const FIRST_MORE = 2;
/** Tokens below this are kept. */
const MOST_FIRST = 2 ** 13;

export class SteadySteps {
  readonly #passes: EnginePasses;
  readonly #drafting: DraftPasses;
  readonly #target: ForwardPass;
  readonly #draft: ForwardPass;
  readonly #possible: boolean;
  readonly #targetGapsS: number;
  readonly #draftGapsS: number;
  /** By draft length, `KEPT` seconds by sequences; not a number where they are not known yet. */
  readonly #keptOf: FiguresByCount[] = [];
  /** Tokens that the draft model catches up on, below which it does not matter of how many sequences they are. */
  readonly #firstAlone: number;
  /** By those tokens, `KEPT_FIRST` seconds; not a number where they are not known yet. */
  readonly #keptFirst = new FiguresByCount(KEPT_FIRST);

  constructor(
    passes: EnginePasses,
    drafting: DraftPasses,
    target: ForwardPass,
    drafts: readonly ForwardPass[],
    { drafting: { apart }, stages }: Placement,
  ) {
    this.#passes = passes;
    this.#drafting = drafting;
    this.#target = target;
    this.#targetGapsS = passes.gapsS(target);
    // Where nobody drafts, what is kept of drafting is of the target, and never asked for.
    this.#draft = drafts[0] ?? target;
    this.#draftGapsS = passes.gapsS(this.#draft);
    const inARow = drafts.every(
      ({ shape: { block, blanks, ahead, firstLayers, modules } }) =>
        !block && !blanks && !ahead && !firstLayers && modules === 1,
    );
    this.#firstAlone = passes.padsByTokens && this.#draft.shape.experts === null ? MOST_FIRST : 0;
    this.#possible = inARow && drafts.length <= 1 && !apart && stages.count === 1;
  }

  /** Sets the passes of `cost` to those of a step; false, and nothing happens, where it is of another kind. */
  price(work: StepWork, cost: PartSeconds): boolean {
    const { verify, prefill, drafts } = work;
    if (!this.#possible || work.ragged > 0 || work.trees > 0 || work.searches + work.switches > 0)
      return false;
    const { sequences, tokens, contextTokens, attentionPairs } = verify;
    const length = drafts.length === 0 ? 0 : drafts[0]!.lengthOfAll(sequences);
    if (length < 0 || tokens !== sequences * (length + 1) || verify.logitRows !== tokens) return false;
    while (this.#keptOf.length <= length) this.#keptOf.push(new FiguresByCount(KEPT));
    const at = placeOf(sequences, KEPT);
    let kept = this.#keptOf[length]!.of(sequences);
    if (!(kept[at]! >= 0)) kept = this.#keep(sequences, length);
    cost.draftS = length === 0 ? 0 : this.#draftS(work, length, kept, at);
    const verifyS =
      kept[at + VERIFY]! + this.#target.attentionS(sequences, tokens, contextTokens, attentionPairs, tokens);
    const layersS = Math.max(verifyS + this.#targetGapsS, kept[at + VERIFY_HOST]!);
    cost.verifyS = layersS + kept[at + VERIFY_LOGITS]!;
    cost.prefillS =
      prefill.tokens === 0 ? 0 : this.#passes.besideS(this.#target, verify, prefill, verifyS, layersS);
    return true;
  }

  #draftS(
    { verify: { sequences }, drafts, prefill }: StepWork,
    length: number,
    kept: Float64Array,
    at: number,
  ): number {
    const passes = this.#passes;
    const laterS = kept[at + LATER_PASS]!;
    const hostS = kept[at + LATER_HOST]!;
    const logitsS = kept[at + DRAFT_LOGITS]!;
    const gapsS = this.#draftGapsS;
    const pass = this.#draft;
    const draft = drafts[0]!;
    const context = draft.contextOfLength[length]!;
    let seconds = this.#drafting.launchesS(pass, draft);
    for (let j = length; j > 1; j--) {
      const seen = context + (j - 1) * sequences;
      const rooflineS = laterS + pass.attentionS(sequences, sequences, seen, seen);
      seconds += Math.max(rooflineS + gapsS, hostS) + logitsS;
    }
    const tokens = draft.catchUpTokens;
    const chunks = pass.shape.lastTokenOnly ? NO_PROMPTS : prefill;
    const whole = tokens | 0;
    if (chunks.tokens > 0 || whole !== tokens || whole >= this.#firstAlone) {
      seconds += this.#drafting.passS(pass, tokens, sequences, sequences, context, sequences, chunks);
      return seconds + pass.firstPassS(passes.padMixed(tokens + chunks.tokens));
    }
    const place = placeOf(whole, KEPT_FIRST);
    let first = this.#keptFirst.of(whole);
    if (!(first[place]! >= 0)) first = this.#keepFirst(whole);
    const pairs = tokens === sequences ? context : (context * tokens) / sequences;
    const rooflineS = first[place + FIRST]! + pass.attentionS(sequences, tokens, context, pairs);
    seconds += Math.max(rooflineS + gapsS, first[place + FIRST_HOST]!) + logitsS;
    return seconds + first[place + FIRST_MORE]!;
  }

  /** Finds what is kept of so many tokens. */
  #keepFirst(tokens: number): Float64Array {
    const passes = this.#passes;
    const pass = this.#draft;
    const at = placeOf(tokens, KEPT_FIRST);
    const kept = this.#keptFirst.toSet(tokens);
    kept[at + FIRST] = passes.tokensS(pass, passes.pad(tokens, tokens), tokens);
    kept[at + FIRST_HOST] = passes.decodeHostS(pass, tokens, tokens);
    kept[at + FIRST_MORE] = pass.firstPassS(passes.padMixed(tokens));
    return kept;
  }

  /** Finds what is kept of so many sequences that draft a length. */
  #keep(sequences: number, length: number): Float64Array {
    const at = placeOf(sequences, KEPT);
    const kept = this.#keptOf[length]!.toSet(sequences);
    const passes = this.#passes;
    const tokensS = (pass: ForwardPass, tokens: number) =>
      passes.tokensS(pass, passes.pad(tokens, sequences), sequences);
    const tokens = sequences * (length + 1);
    const pass = this.#draft;
    kept[at + LATER_PASS] = tokensS(pass, sequences);
    kept[at + LATER_HOST] = passes.decodeHostS(pass, sequences, sequences);
    kept[at + DRAFT_LOGITS] = pass.logitsS(sequences);
    kept[at + VERIFY] = tokensS(this.#target, tokens);
    kept[at + VERIFY_HOST] = passes.decodeHostS(this.#target, tokens, sequences);
    kept[at + VERIFY_LOGITS] = this.#target.logitsS(tokens);
    return kept;
  }
}
