/** n-gram look-up: the host searches the history of every sequence; no model runs. */
import type { StepWork, Verified } from '../cost/work.ts';
import type { TellingProposer } from './drafter.ts';
import type { Replay } from './replay.ts';

export class LookUp implements TellingProposer {
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

  nextCatchUp(): number {
    return 0;
  }

  state(drafted: number, _context: number, _catchUp: number, work: StepWork): void {
    work.searches++;
    if (drafted > 0) work.searchHits++;
  }

  see(): void {}

  reread(): void {}
}
