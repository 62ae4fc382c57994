/** n-gram look-up: the host searches the history of every sequence; no model runs. */
import type { StepWork, Verified } from '../cost/work.ts';
import type { Proposer } from './drafter.ts';
import type { Replay } from './replay.ts';

export class LookUp implements Proposer {
  readonly replay: Replay;

  constructor(replay: Replay) {
    this.replay = replay;
  }

  verify(drafted: number, verified: Verified): void {
    verified.chain(drafted);
  }

  draft(_request: number, _position: number, _context: number, work: StepWork): void {
    work.searches++;
    work.searchHits += this.replay.proposing;
  }

  see(): void {}

  reread(): void {}
}
