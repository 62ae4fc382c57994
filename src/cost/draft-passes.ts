/** The passes of draft models, and the host's time to launch them. */
import type { EnginePasses } from './engine-passes.ts';
import type { ForwardPass } from './forward-pass.ts';
import type { PricedEngine } from './priced-engine.ts';
import { type DraftWork, PassWork } from './work.ts';

/** What chunks of prompts are to a model that reads none. */
export const NO_PROMPTS = new PassWork();

export class DraftPasses {
  readonly #engine: PricedEngine;
  readonly #passes: EnginePasses;

  constructor(engine: PricedEngine, passes: EnginePasses) {
    this.#engine = engine;
    this.#passes = passes;
  }

  /**
   * All passes of a draft model. The first takes the prompts' chunks along; where nobody drafts it takes them alone. The
   * branches of a tree are sequences of their own in its later passes, each of which reads the context (SGLang). Where
   * every pass has a module of its own, each is as the first.
   */
  draftS(pass: ForwardPass, work: DraftWork, chunks: PassWork): number {
    const { block, blanks, modules } = pass.shape;
    if (block) return this.#blockS(pass, work, chunks);
    if (blanks && work.longest > 0) return this.#blanksS(pass, work, chunks);
    const { longest, widths } = work;
    // Modules that nobody drafts with read their chunks all the same.
    const idle = chunks.tokens === 0 || (longest > 0 && modules === 1) ? 0 : modules - longest;
    const idleS = idle === 0 ? 0 : idle * (this.#engine.draftPassLaunchS + this.#passes.aloneS(pass, chunks));
    if (longest === 0) return idleS;
    const drafting = modules === 1 ? 0 : sequencesOf(work);
    let sequences = 0;
    let context = 0;
    let seconds = this.launchesS(pass, work) + idleS;
    for (let j = longest; j >= 1; j--) {
      sequences += work.sequencesOfLength[j]!;
      context += work.contextOfLength[j]!;
      const rows = sequences * (widths === null ? 1 : widths[j - 1]!);
      const seen = context + (j - 1) * sequences;
      if (j > 1 && modules === 1) {
        seconds += this.passS(pass, rows, sequences, rows, seen, rows);
      } else {
        const tokens = j === 1 ? work.catchUpTokens : Math.ceil((work.catchUpTokens * sequences) / drafting);
        seconds += this.passS(pass, tokens, sequences, sequences, seen, rows, chunks);
      }
    }
    return seconds + pass.firstPassS(this.#passes.padMixed(work.catchUpTokens + chunks.tokens));
  }

  /** The one pass of a model that drafts over blanks; guesses of several outcomes are as wide. */
  #blanksS(pass: ForwardPass, work: DraftWork, chunks: PassWork): number {
    const { longest, sequencesOfLength, contextOfLength, widths } = work;
    let context = 0;
    let drafts = 0;
    for (let length = 1; length <= longest; length++) {
      context += contextOfLength[length]!;
      drafts += sequencesOfLength[length]! * length;
    }
    const sequences = sequencesOf(work);
    const guesses = widths === null ? 1 : widths[0]!;
    const tokens = work.catchUpTokens + guesses * (drafts - sequences);
    return (
      this.launchesS(pass, work) +
      this.passS(pass, tokens, sequences, sequences, context, guesses * drafts, chunks) +
      pass.firstPassS(this.#passes.padMixed(tokens + chunks.tokens))
    );
  }

  /**
   * One pass of a model that drafts.
   *
   * @param branches whose context is read once each, however many of its tokens draft
   * @param seen tokens of KV cache of all sequences
   */
  passS(
    pass: ForwardPass,
    tokens: number,
    sequences: number,
    branches: number,
    seen: number,
    rows: number,
    chunks = NO_PROMPTS,
  ): number {
    const mixed = chunks.tokens > 0;
    const read = branches === sequences ? seen : seen * (branches / sequences);
    const pairs = tokens === branches ? read : (read * tokens) / branches;
    const rooflineS =
      this.#passes.tokensS(pass, this.#passes.pad(tokens, sequences), sequences) +
      pass.attentionS(branches, tokens, read, pairs) +
      (mixed ? this.#passes.addedS(pass, tokens, sequences, chunks) : 0);
    return (
      (mixed
        ? this.#passes.layersS(pass, 1, rooflineS)
        : this.#passes.decodeLayersS(pass, tokens, sequences, rooflineS)) + pass.logitsS(rows)
    );
  }

  /**
   * A block drafter: keys and values of the context it has not read, prompts' chunks included, then one pass over every
   * block, which is the last token and a blank for each draft. Every token of a block attends to all of it. A small head
   * may follow, over the drafts in turn.
   */
  #blockS(pass: ForwardPass, work: DraftWork, chunks: PassWork): number {
    const { longest, sequencesOfLength, contextOfLength } = work;
    if (longest === 0 && chunks.tokens === 0) return 0;
    const launchS = longest === 0 ? this.#engine.draftPassLaunchS : this.launchesS(pass, work);
    const contextS = launchS + pass.firstPassS(this.#passes.padMixed(work.catchUpTokens + chunks.tokens));
    if (longest === 0) return contextS;
    let sequences = 0;
    let drafts = 0;
    let seen = 0;
    let pairs = 0;
    for (let length = 1; length <= longest; length++) {
      const blocks = sequencesOfLength[length]!;
      const keys = contextOfLength[length]! + blocks * length;
      sequences += blocks;
      drafts += blocks * length;
      seen += keys;
      pairs += keys * (length + 1);
    }
    const tokens = sequences + drafts;
    const rooflineS =
      this.#passes.tokensS(pass, this.#passes.pad(tokens, sequences), sequences) +
      pass.attentionS(sequences, tokens, seen, pairs);
    const inTurnS = longest * pass.sequentialS(sequences);
    return (
      contextS +
      this.#passes.decodeLayersS(pass, tokens, sequences, rooflineS) +
      pass.logitsS(drafts) +
      inTurnS
    );
  }

  /** Host time of the passes of a model that drafts. */
  launchesS(pass: ForwardPass, work: DraftWork): number {
    const { draftPassLaunchS, draftSequenceS, draftsInOneGraph } = this.#engine;
    const launches =
      (pass.shape.block || pass.shape.blanks || draftsInOneGraph ? 1 : work.longest) * draftPassLaunchS;
    return draftSequenceS === 0 ? launches : launches + sequencesOf(work) * draftSequenceS;
  }
}

/** Those that draft. */
function sequencesOf({ longest, sequencesOfLength }: DraftWork): number {
  let sequences = 0;
  for (let length = 1; length <= longest; length++) sequences += sequencesOfLength[length]!;
  return sequences;
}
