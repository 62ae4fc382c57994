/** Told rounds of one proposer that is asked for the same in all of them. */
import { type StepWork, Verified } from '../cost/work.ts';
import type { TellingProposer } from './drafter.ts';
import type { ToldColumns, ToldRounds } from './told-rounds.ts';

export class ToldAlone implements ToldRounds {
  readonly #verified = new Verified();
  readonly #proposer: TellingProposer;
  readonly #lengths: number;

  constructor(proposer: TellingProposer) {
    this.#proposer = proposer;
    this.#lengths = proposer.replay.longest + 1;
  }

  tell(request: number, outputTokens: number, to: ToldColumns): number {
    const proposer = this.#proposer;
    const { replay } = proposer;
    let round = 0;
    for (let position = 1; position < outputTokens; round++) {
      replay.round(request, position, outputTokens - position);
      const { drafted, emitted } = replay;
      const catchUp = drafted === 0 ? 0 : proposer.nextCatchUp(request, position);
      to.number[round] = drafted + this.#lengths * catchUp;
      to.emitted[round] = emitted;
      proposer.see(request, position, emitted, true);
      position += emitted;
    }
    return round;
  }

  state(number: number, context: number, work: StepWork): Verified {
    const drafted = number % this.#lengths;
    this.#proposer.verify(drafted, this.#verified);
    this.#proposer.state(drafted, context, Math.floor(number / this.#lengths), work);
    return this.#verified;
  }
}
