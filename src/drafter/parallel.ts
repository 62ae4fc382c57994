/**
 * A model that drafts the next round on GPUs of its own while the target verifies this one (PEARL, SSD). It has to
 * guess what verification will bring: where the outcome is one that it prepared, its drafts are there or nearly so, else
 * they are made when the outcome is known, as in sequence.
 *
 * Left out: drafts that verification cuts short (PEARL's pre-verification), and a second, quicker drafter for the rounds
 * that were not prepared.
 */
import type { StepWork, Verified } from '../cost/work.ts';
import { stream } from '../random/streams.ts';
import type { PositionLengths } from '../trace/trace.ts';
import type { DraftForm } from './draft-form.ts';
import type { Proposer } from './drafter.ts';
import type { ModelProposer } from './model-proposer.ts';
import type { RoundReplay } from './replay.ts';

/** What is drafted ahead: for so many outcomes, of which the right one is among them with some chance. */
export interface Ahead {
  readonly chance: number;
  readonly outcomes: number;
}

/** Whether what a round of a request emitted at a position is an outcome for which drafts were prepared. */
type Prepared = (request: number, position: number) => boolean;

export class Parallel implements Proposer {
  readonly replay: RoundReplay;
  readonly #inSequence: ModelProposer;
  readonly #ahead: ModelProposer;
  readonly #prepared: Prepared;
  /** By request: 1 where the drafts of its next round were prepared. */
  readonly #ready: Uint8Array;

  /**
   * @param inSequence drafts when the outcome is known
   * @param ahead the same model, before
   */
  constructor(inSequence: ModelProposer, ahead: ModelProposer, prepared: Prepared, requests: number) {
    this.replay = inSequence.replay;
    this.#inSequence = inSequence;
    this.#ahead = ahead;
    this.#prepared = prepared;
    this.#ready = new Uint8Array(requests);
  }

  verify(drafted: number, verified: Verified): void {
    this.#inSequence.verify(drafted, verified);
  }

  draft(request: number, position: number, context: number, work: StepWork): void {
    const ready = position > 1 && this.#ready[request] === 1;
    (ready ? this.#ahead : this.#inSequence).draft(request, position, context, work);
  }

  see(request: number, position: number, emitted: number, ran: boolean): void {
    this.#inSequence.see(request, position, emitted, ran);
    this.#ahead.see(request, position, emitted, ran);
    this.#ready[request] = ran && this.#prepared(request, position) ? 1 : 0;
  }

  reread(request: number): void {
    this.#inSequence.reread(request);
    this.#ahead.reread(request);
    this.#ready[request] = 0;
  }
}

/**
 * Drafts behind all that were put to the target (PEARL): right where all were accepted and the target's own token is the
 * one it would have drafted next, which a recording of longer drafts says. Where none was recorded, all accepted is enough.
 */
export function draftsOn(replay: RoundReplay, { maxK }: PositionLengths): Prepared {
  return (request, position) => {
    const { drafted } = replay;
    if (drafted === 0) return false;
    const next = Math.min(drafted + 1, maxK);
    return replay.emittedBy(request, position, Number.POSITIVE_INFINITY, next) === next + 1;
  };
}

/** Outcomes that are hit with a stated chance (SSD); each position has one coin. */
export function hitsBy({ chance }: Ahead, { offsets }: PositionLengths, seed: number): Prepared {
  const draw = stream(seed, 'ahead');
  const hits = Uint8Array.from({ length: offsets.at(-1)! }, () => (draw() < chance ? 1 : 0));
  return (request, position) => hits[offsets[request]! + position] === 1;
}

/** Every pass runs so many guesses of each sequence. */
export function forOutcomes(form: DraftForm, outcomes: number, drafts: number): DraftForm {
  const widths = new Float64Array(drafts).fill(outcomes);
  return {
    ...form,
    state(sequences, draft, work) {
      form.state(sequences, draft, work);
      draft.catchUpTokens += sequences * (outcomes - 1);
      draft.widths = widths;
    },
  };
}
