/**
 * Proposers that run a model: once per drafted token (EAGLE, EAGLE-3 and MTP heads, whole draft models), or once for
 * a whole block (DFlash). A round also takes the tokens that the model has not read yet. A head has read nothing of
 * what the last round emitted, since it needs the target's hidden states; a draft model has read all of its own
 * accepted drafts but the last one it drew.
 *
 * A block is always drafted whole, since a shorter one is another one; who wants fewer drafts verifies the first few.
 */
import type { StepWork, Verified } from '../cost/work.ts';
import type { Proposer } from './drafter.ts';
import type { CatchUp } from './methods.ts';
import type { Replay } from './replay.ts';

export class ModelProposer implements Proposer {
  readonly replay: Replay;
  readonly #readsOwnDrafts: boolean;
  readonly #unread: Int32Array;
  readonly #slot: number;
  readonly #block: number | null;

  /**
   * @param requests number of requests in the trace
   * @param slot index of the model in `StepWork.drafts`
   * @param block drafts of a block; null for a model that drafts token by token
   */
  constructor(replay: Replay, catchUp: CatchUp, requests: number, slot: number, block: number | null) {
    this.replay = replay;
    this.#readsOwnDrafts = catchUp === 'unread only';
    this.#unread = new Int32Array(requests);
    this.#slot = slot;
    this.#block = block;
  }

  /** The first few of a block are verified as a chain is. */
  verify(drafted: number, verified: Verified): void {
    verified.chain(drafted);
  }

  draft(request: number, position: number, context: number, work: StepWork): void {
    const { drafted } = this.replay;
    if (drafted === 0) return;
    work.drafts[this.#slot]!.add(1, this.#block ?? drafted, context, this.#unreadAt(request, position));
  }

  see(request: number, position: number, emitted: number, ran: boolean): void {
    const { drafted, emitted: own } = this.replay;
    if (!ran || drafted === 0) {
      this.#unread[request] = this.#unreadAt(request, position) + emitted;
    } else {
      this.#unread[request] = this.#unreadAfter(drafted, own, emitted);
    }
  }

  /** What `draft` and `see` do of a round that drafted k tokens, and of the work the tokens caught up on alone. */
  catchUp(request: number, position: number, k: number, emitted: number): number {
    const unread = this.#unreadAt(request, position);
    this.#unread[request] = this.#unreadAfter(k, emitted, emitted);
    return unread;
  }

  reread(request: number): void {
    this.#unread[request] = 1;
  }

  /** Of the `own` tokens that its drafts would have given it has read all but the last two: the last draft, the bonus. */
  #unreadAfter(drafted: number, own: number, emitted: number): number {
    return this.#readsOwnDrafts ? emitted - Math.min(own, drafted) + 1 : emitted;
  }

  /** Before the first round, the one token that the prefill emitted. */
  #unreadAt(request: number, position: number): number {
    return position === 1 ? 1 : this.#unread[request]!;
  }
}
