/**
 * Speculation with one model whose drafts are verified as far as all rounds of the step together decide, by what the model
 * says of them. Rounds of a step may verify different numbers of drafts, which is stated: graphs may not hold that.
 */
import { wider } from '../columns.ts';
import type { StepWork } from '../cost/work.ts';
import { FixedLength } from '../policy/fixed-length.ts';
import type { SharedLengths } from '../policy/shared-lengths.ts';
import type { DecodingRows } from './decoding-rows.ts';
import { Speculation } from './drafter.ts';
import type { ModelProposer } from './model-proposer.ts';

export class SharedSpeculation extends Speculation {
  readonly #model: ModelProposer;
  readonly #lengths: SharedLengths;
  /** By request: element of the lengths at which its output starts. */
  readonly #starts: Int32Array;
  /** By round of a step: the element at which it starts. */
  #at = new Int32Array(16);
  /** By drafts made: sequences of a step, and their context. */
  readonly #ofLength: Float64Array;
  readonly #contextOfLength: Float64Array;
  readonly #readsAlong: boolean;
  #sequences = 1;
  #contextTokens = 0;

  /** @param model its replay drafts as many as it is asked for */
  constructor(model: ModelProposer, lengths: SharedLengths, starts: Int32Array, readsAlong: boolean) {
    super(model, new FixedLength(model.replay.longest));
    this.#readsAlong = readsAlong;
    this.#model = model;
    this.#lengths = lengths;
    this.#starts = starts;
    this.#ofLength = new Float64Array(model.replay.longest + 1);
    this.#contextOfLength = new Float64Array(model.replay.longest + 1);
  }

  override stepBegins(sequences: number, contextTokens: number): void {
    this.#sequences = sequences;
    this.#contextTokens = contextTokens;
  }

  override get stepLength(): number | undefined {
    return this.#lengths.stepLength;
  }

  rounds(rows: DecodingRows, from: number, upTo: number, work: StepWork): void {
    const lengths = this.#lengths;
    const starts = this.#starts;
    const count = upTo - from;
    while (count > this.#at.length) this.#at = wider(this.#at);
    const at = this.#at;
    for (let n = from; n < upTo; n++) at[n - from] = starts[rows.request(n)]! + rows.position(n);
    lengths.decide(at, count, (this.#contextTokens * count) / this.#sequences);
    const { verified, drafted } = lengths;
    const model = this.#model;
    const { replay } = model;
    const sequences = this.#ofLength.fill(0);
    const contexts = this.#contextOfLength.fill(0);
    let catchUpTokens = 0;
    let drafts = 0;
    let contextTokens = 0;
    let pairs = 0;
    let ragged = 0;
    for (let n = from; n < upTo; n++) {
      const own = verified[n - from]!;
      const made = drafted[n - from]!;
      const context = rows.context(n);
      const request = rows.request(n);
      const position = rows.position(n);
      const emitted = replay.emittedBy(request, position, rows.left(n), own);
      rows.setEmitted(n, emitted);
      if (made === 0) this.#off(request, position, emitted, context, work);
      else catchUpTokens += model.catchUp(request, position, made, emitted);
      sequences[made]!++;
      contexts[made]! += context;
      drafts += own;
      contextTokens += context;
      pairs += (own + 1) * context + (own * (own + 1)) / 2;
      ragged |= own ^ verified[0]!;
    }
    for (let made = 1; made < sequences.length; made++) {
      if (sequences[made] === 0) continue;
      model.draftAll(sequences[made]!, made, contexts[made]!, catchUpTokens, work);
      catchUpTokens = 0;
    }
    work.addVerified(count, drafts, count + drafts, contextTokens + drafts, pairs);
    if (ragged !== 0) work.ragged += count;
  }

  /** What the model does in a round without drafts. */
  #off(request: number, position: number, emitted: number, context: number, work: StepWork): void {
    if (this.#readsAlong) this.#model.readAlong(request, position, emitted, context, work);
    else this.#model.see(request, position, emitted, false);
  }

  /** A round of copies, which all get the same share. */
  override round(request: number, position: number, left: number, context: number, work: StepWork): void {
    const lengths = this.#lengths;
    const model = this.#model;
    this.#at[0] = this.#starts[request]! + position;
    lengths.decide(this.#at, 1, context, this.#sequences);
    const verified = lengths.verified[0]!;
    const drafted = lengths.drafted[0]!;
    this.emitted = model.replay.emittedBy(request, position, left, verified);
    this.verified.chain(verified);
    if (drafted === 0) this.#off(request, position, this.emitted, context, work);
    else model.draftAll(1, drafted, context, model.catchUp(request, position, drafted, this.emitted), work);
  }
}
