/**
 * Passes of the steps that serving mostly takes: all sequences draft as many tokens, in a row and with one model, or none.
 * What follows from the number of sequences is kept, so that a step costs its attention, and what chunks of prompts add. The
 * roofline prices any step, and these the same to the last bit.
 */
import { type DraftPasses, NO_PROMPTS } from './draft-passes.ts';
import type { EnginePasses } from './engine-passes.ts';
import type { ForwardPass } from './forward-pass.ts';
import type { Placement } from './placement.ts';
import type { PartSeconds, StepWork } from './work.ts';

/** Seconds that are kept of a number of sequences. */
const KEPT = 4;
const LATER_PASS = 0;
const DRAFT_LOGITS = 1;
const VERIFY = 2;
const VERIFY_LOGITS = 3;

export class SteadySteps {
  readonly #passes: EnginePasses;
  readonly #drafting: DraftPasses;
  readonly #target: ForwardPass;
  readonly #drafts: readonly ForwardPass[];
  readonly #possible: boolean;
  /** By draft length, then `KEPT` seconds by sequences; not a number where they are not known yet. */
  readonly #keptOf: Float64Array[] = [];

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
    this.#drafts = drafts;
    const inARow = drafts.every(
      ({ shape: { block, blanks, ahead, firstLayers, modules } }) =>
        !block && !blanks && !ahead && !firstLayers && modules === 1,
    );
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
    const kept = this.#keep(sequences, length);
    const at = sequences * KEPT;
    cost.draftS =
      length === 0 ? 0 : this.#draftS(work, length, kept[at + LATER_PASS]!, kept[at + DRAFT_LOGITS]!);
    const verifyS =
      kept[at + VERIFY]! + this.#target.attentionS(sequences, tokens, contextTokens, attentionPairs, tokens);
    const layersS = this.#passes.decodeLayersS(this.#target, tokens, sequences, verifyS);
    cost.verifyS = layersS + kept[at + VERIFY_LOGITS]!;
    cost.prefillS =
      prefill.tokens === 0 ? 0 : this.#passes.besideS(this.#target, verify, prefill, verifyS, layersS);
    return true;
  }

  #draftS(
    { verify: { sequences }, drafts, prefill }: StepWork,
    length: number,
    laterS: number,
    logitsS: number,
  ): number {
    const passes = this.#passes;
    const pass = this.#drafts[0]!;
    const draft = drafts[0]!;
    const context = draft.contextOfLength[length]!;
    let seconds = this.#drafting.launchesS(pass, draft);
    for (let j = length; j > 1; j--) {
      const seen = context + (j - 1) * sequences;
      const rooflineS = laterS + pass.attentionS(sequences, sequences, seen, seen);
      seconds += passes.decodeLayersS(pass, sequences, sequences, rooflineS) + logitsS;
    }
    const tokens = draft.catchUpTokens;
    const chunks = pass.shape.lastTokenOnly ? NO_PROMPTS : prefill;
    seconds += this.#drafting.passS(pass, tokens, sequences, sequences, context, sequences, chunks);
    return seconds + pass.firstPassS(passes.padMixed(tokens + chunks.tokens));
  }

  /** What is known of drafts of a length, so many sequences among it. */
  #keep(sequences: number, length: number): Float64Array {
    const known = this.#keptOf[length];
    const at = sequences * KEPT;
    if (known !== undefined && known[at]! >= 0) return known;
    let kept = known ?? new Float64Array(0);
    if (at >= kept.length) {
      kept = new Float64Array(2 ** Math.ceil(Math.log2(at + KEPT))).fill(Number.NaN);
      this.#keptOf[length] = kept;
    }
    const passes = this.#passes;
    const tokensS = (pass: ForwardPass, tokens: number) =>
      passes.tokensS(pass, passes.pad(tokens, sequences), sequences);
    const tokens = sequences * (length + 1);
    const [pass] = this.#drafts;
    kept[at + LATER_PASS] = pass === undefined ? 0 : tokensS(pass, sequences);
    kept[at + DRAFT_LOGITS] = pass === undefined ? 0 : pass.logitsS(sequences);
    kept[at + VERIFY] = tokensS(this.#target, tokens);
    kept[at + VERIFY_LOGITS] = this.#target.logitsS(tokens);
    return kept;
  }
}
