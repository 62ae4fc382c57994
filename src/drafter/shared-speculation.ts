/**
 * Speculation with one model whose drafts are verified as far as all rounds of the step together decide, by what the model
 * says of them. Rounds of a step may verify different numbers of drafts, which is stated: graphs may not hold that.
 */
import { lesser, wider } from '../columns.ts';
import type { StepWork } from '../cost/work.ts';
import { FixedLength } from '../policy/fixed-length.ts';
import type { SharedLengths } from '../policy/shared-lengths.ts';
import type { PositionLengths } from '../trace/trace.ts';
import type { DecodingRows } from './decoding-rows.ts';
import { Speculation } from './drafter.ts';
import type { ModelProposer } from './model-proposer.ts';

export class SharedSpeculation extends Speculation {
  readonly #model: ModelProposer;
  readonly #lengths: SharedLengths;
  /** By request: element of the lengths at which its output starts; and what rounds emit there at most. */
  readonly #offsets: Int32Array;
  readonly #emitted: Uint8Array;
  /** By round of a step: the element at which it starts. */
  #starts = new Int32Array(16);
  /** By drafts verified: sequences of a step, and their context. */
  readonly #sequencesOf: Int32Array;
  readonly #contextOf: Float64Array;
  readonly #readsAlong: boolean;
  #sequences = 1;
  #contextTokens = 0;

  /** @param model its replay drafts as many as it is asked for */
  constructor(
    model: ModelProposer,
    lengths: SharedLengths,
    { offsets, emitted }: PositionLengths,
    readsAlong: boolean,
  ) {
    super(model, new FixedLength(model.replay.longest));
    this.#readsAlong = readsAlong;
    this.#model = model;
    this.#lengths = lengths;
    this.#offsets = offsets;
    this.#emitted = emitted;
    this.#sequencesOf = new Int32Array(model.replay.longest + 1);
    this.#contextOf = new Float64Array(model.replay.longest + 1);
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
    const offsets = this.#offsets;
    const count = upTo - from;
    while (count > this.#starts.length) this.#starts = wider(this.#starts);
    const starts = this.#starts;
    for (let n = from; n < upTo; n++) starts[n - from] = offsets[rows.request(n)]! + rows.position(n);
    lengths.decide(starts, count, (this.#contextTokens * count) / this.#sequences);
    const { drafted } = lengths;
    if (drafted[0] === 0) {
      this.#withoutDrafts(rows, from, upTo, work);
      return;
    }
    const catchUpTokens = this.#play(rows, from, upTo);
    this.#state(catchUpTokens, work);
  }

  /** Plays rounds, adds them up by the drafts that they verify, and returns the tokens that the model catches up on. */
  #play(rows: DecodingRows, from: number, upTo: number): number {
    const lengths = this.#lengths;
    const model = this.#model;
    const { verified, drafted } = lengths;
    const starts = this.#starts;
    const emittedAt = this.#emitted;
    const sequences = this.#sequencesOf.fill(0);
    const contexts = this.#contextOf.fill(0);
    let catchUpTokens = 0;
    for (let n = from; n < upTo; n++) {
      const own = verified[n - from]!;
      const emitted = lesser(lesser(emittedAt[starts[n - from]!]!, own + 1), rows.left(n));
      rows.setEmitted(n, emitted);
      catchUpTokens += model.catchUp(rows.request(n), rows.position(n), drafted[own]!, emitted);
      sequences[own]!++;
      contexts[own]! += rows.context(n);
    }
    return catchUpTokens;
  }

  /** Adds the work of rounds, by the drafts that they verify. */
  #state(catchUpTokens: number, work: StepWork): void {
    const { drafted } = this.#lengths;
    const sequences = this.#sequencesOf;
    const contexts = this.#contextOf;
    let unread = catchUpTokens;
    let count = 0;
    let kinds = 0;
    for (let own = 0; own < sequences.length; own++) {
      const alike = sequences[own]!;
      if (alike === 0) continue;
      this.#model.draftAll(alike, drafted[own]!, contexts[own]!, unread, work);
      this.verified.chain(own);
      work.addRounds(alike, contexts[own]!, this.verified);
      unread = 0;
      count += alike;
      kinds++;
    }
    if (kinds > 1) work.ragged += count;
  }

  /** Rounds without drafts. */
  #withoutDrafts(rows: DecodingRows, from: number, upTo: number, work: StepWork): void {
    let contextTokens = 0;
    for (let n = from; n < upTo; n++) {
      const context = rows.context(n);
      rows.setEmitted(n, 1);
      this.#off(rows.request(n), rows.position(n), context, work);
      contextTokens += context;
    }
    this.verified.chain(0);
    work.addRounds(upTo - from, contextTokens, this.verified);
  }

  /** What the model does in a round without drafts. */
  #off(request: number, position: number, context: number, work: StepWork): void {
    if (this.#readsAlong) this.#model.readAlong(request, position, 1, context, work);
    else this.#model.see(request, position, 1, false);
  }

  /** A round of copies, which all get the same share. */
  override round(request: number, position: number, left: number, context: number, work: StepWork): void {
    const lengths = this.#lengths;
    const model = this.#model;
    this.#starts[0] = this.#offsets[request]! + position;
    lengths.decide(this.#starts, 1, context, this.#sequences);
    const verified = lengths.verified[0]!;
    const drafted = lengths.drafted[verified]!;
    this.emitted = model.replay.emittedBy(request, position, left, verified);
    this.verified.chain(verified);
    if (drafted === 0) this.#off(request, position, context, work);
    else model.draftAll(1, drafted, context, model.catchUp(request, position, drafted, this.emitted), work);
  }
}
