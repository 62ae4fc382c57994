/**
 * Proposers that run a model: once per drafted token (EAGLE, EAGLE-3 and MTP heads, whole draft models), once for every
 * depth of a tree, or once for a whole block (DFlash) or tree of heads (Medusa). A round also takes the tokens that the model has not read yet. A head has read nothing of
 * what the last round emitted, since it needs the target's hidden states; a draft model has read all of its own
 * accepted drafts but the last one it drew.
 */
import type { StepWork, Verified } from '../cost/work.ts';
import type { DraftForm } from './draft-form.ts';
import type { TellingProposer } from './drafter.ts';
import type { CatchUp } from './methods.ts';
import type { RoundReplay } from './replay.ts';

export class ModelProposer implements TellingProposer {
  readonly replay: RoundReplay;
  readonly #readsOwnDrafts: boolean;
  readonly #readsLastOnly: boolean;
  readonly #unread: Int32Array;
  readonly #slot: number;
  readonly #form: DraftForm;

  /**
   * @param requests number of requests in the trace
   * @param slot index of the model in `StepWork.drafts`
   */
  constructor(replay: RoundReplay, catchUp: CatchUp, requests: number, slot: number, form: DraftForm) {
    this.replay = replay;
    this.#readsOwnDrafts = catchUp === 'unread only';
    this.#readsLastOnly = catchUp === 'last token';
    this.#unread = new Int32Array(requests);
    this.#slot = slot;
    this.#form = form;
  }

  verify(drafted: number, verified: Verified): void {
    this.#form.verify(drafted, verified);
  }

  draft(request: number, position: number, context: number, work: StepWork): void {
    this.state(this.replay.drafted, context, this.#unreadAt(request, position), work);
  }

  state(drafted: number, context: number, catchUp: number, work: StepWork): void {
    if (drafted > 0) this.draftAll(1, drafted, context, catchUp, work);
  }

  /** Adds the work of drafting for sequences that draft alike, with their tokens added up. */
  draftAll(sequences: number, drafted: number, context: number, catchUp: number, work: StepWork): void {
    const draft = work.drafts[this.#slot]!;
    draft.addAll(sequences, this.#form.length(drafted), context, catchUp);
    this.#form.state(sequences, draft, work);
  }

  see(request: number, position: number, emitted: number, ran: boolean): void {
    const { drafted, emitted: own } = this.replay;
    if (!ran || drafted === 0) {
      this.#unread[request] = this.#unreadAt(request, position) + emitted;
    } else {
      this.#unread[request] = this.#unreadAfter(drafted, own, emitted);
    }
  }

  readAlong(request: number, position: number, emitted: number, context: number, work: StepWork): void {
    this.draftAll(1, 1, context, this.#unreadAt(request, position), work);
    this.#unread[request] = emitted;
  }

  /** What `draft` and `see` do of a round that drafted k tokens, and of the work the tokens caught up on alone. */
  catchUp(request: number, position: number, k: number, emitted: number): number {
    const unread = this.#unreadAt(request, position);
    this.#unread[request] = this.#unreadAfter(k, emitted, emitted);
    return unread;
  }

  /** Tokens that it catches up on in the next round of a request; and in one after a round that drafted k tokens. */
  nextCatchUp(request: number, position: number): number {
    return this.#unreadAt(request, position);
  }

  catchUpAfter(k: number, emitted: number): number {
    return this.#readsLastOnly ? 1 : this.#unreadAfter(k, emitted, emitted);
  }

  /** Notes that the last round of a request drafted k tokens. */
  resume(request: number, k: number, emitted: number): void {
    this.#unread[request] = this.#unreadAfter(k, emitted, emitted);
  }

  reread(request: number): void {
    this.#unread[request] = 1;
  }

  /** Of the `own` tokens that its drafts would have given it has read all but the last two: the last draft, the bonus. */
  #unreadAfter(drafted: number, own: number, emitted: number): number {
    return this.#readsOwnDrafts ? emitted - Math.min(own, this.#form.passes(drafted)) + 1 : emitted;
  }

  /** Before the first round, the one token that the prefill emitted. */
  #unreadAt(request: number, position: number): number {
    return position === 1 || this.#readsLastOnly ? 1 : this.#unread[request]!;
  }
}
