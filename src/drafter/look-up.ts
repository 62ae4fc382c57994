/** n-gram look-up: the host searches the history of every sequence; no model runs. */
import type { StepWork } from '../cost/work.ts';
import type { Proposer } from './drafter.ts';
import type { Replay } from './replay.ts';

export class LookUp implements Proposer {
  readonly replay: Replay;

  constructor(replay: Replay) {
    this.replay = replay;
  }

  draft(_request: number, _position: number, copies: number, _context: number, work: StepWork): void {
    work.searches += copies;
    work.searchHits += copies * this.replay.proposing;
  }

  see(): void {}

  reread(): void {}
}
