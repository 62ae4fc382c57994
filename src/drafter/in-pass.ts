/**
 * Methods whose drafts come out of the target's own pass, which for that runs over more tokens than it verifies (TiDAR,
 * lookahead decoding): the next round's drafts cost tokens now, and no pass of their own.
 *
 * Left out: which of those tokens see which; each is taken to see the context and twice k others.
 */
import type { Verified } from '../cost/work.ts';
import type { TellingProposer } from './drafter.ts';
import type { Replay } from './replay.ts';

export class InPass implements TellingProposer {
  readonly replay: Replay;
  readonly #queries: (k: number) => number;

  /** @param queries tokens of a pass that drafts k tokens */
  constructor(replay: Replay, queries: (k: number) => number) {
    this.replay = replay;
    this.#queries = queries;
  }

  verify(drafted: number, verified: Verified): void {
    if (drafted === 0) {
      verified.chain(0);
      return;
    }
    const queries = Math.max(drafted + 1, Math.ceil(this.#queries(drafted)));
    verified.set(drafted, queries, queries, queries * Math.min(queries, 2 * Math.ceil(drafted)));
  }

  draft(): void {}

  nextCatchUp(): number {
    return 0;
  }

  state(): void {}

  see(): void {}

  reread(): void {}
}
