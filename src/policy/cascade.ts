/**
 * Utility-driven test and set phases (Cascade: Saxena et al. 2025, arXiv:2506.20675). The utility of a draft length is
 * how many times as many tokens its rounds emit as a step without drafts, over how many times as long they take: above
 * 1 speculation pays. It changes little from one round to the next, so each request tries some lengths for a few
 * rounds, keeps the one of most utility for many, or stays off where none has more than 1, and tries again.
 *
 * From the paper are the utility, the phases and the switch; how long they last, the search among neighbouring
 * lengths and longer pauses the more often it stays off are stated here.
 */
import type { Policy, StepPrice } from './policy.ts';

/** Rounds in which one length is tried, and the most lengths that are tried in turn. */
const TRIAL_ROUNDS = 4;
const TRIALS = 4;

/** Rounds for which a length is kept; off, twice as many each time in a row, up to so many times. */
const SET_ROUNDS = 32;
const MOST_PAUSES = 8;

/** The length tried first. */
const FIRST_K = 3;

/** What a request is at. */
interface Phase {
  /** Drafted now. */
  k: number;
  /** Rounds left of this trial or of the set phase. */
  left: number;
  /** Lengths tried in this test phase; 0 in a set phase. */
  trials: number;
  /** Where the search goes: to longer drafts or to shorter ones. */
  direction: 1 | -1;
  /** Of the trial: tokens emitted, and the price of its rounds in steps without drafts. */
  tokens: number;
  plainSteps: number;
  bestK: number;
  bestUtility: number;
  /** Set phases that speculation was off, in a row, as a factor of their length. */
  pauses: number;
}

export class Cascade implements Policy {
  readonly #price: StepPrice;
  readonly #maxK: number;
  readonly #phases: (Phase | undefined)[] = [];
  #sequences = 1;
  #contextTokens = 0;

  constructor(price: StepPrice, maxK: number) {
    this.#price = price;
    this.#maxK = maxK;
  }

  stepBegins(sequences: number, contextTokens: number): void {
    this.#sequences = sequences;
    this.#contextTokens = contextTokens;
  }

  choose(request: number, position: number): number {
    let phase = this.#phases[request];
    if (phase === undefined || position === 1) {
      phase = {
        ...{ k: 0, left: 0, trials: 0, direction: 1, tokens: 0, plainSteps: 0 },
        ...{ bestK: Math.min(FIRST_K, this.#maxK), bestUtility: 0, pauses: 1 },
      };
      this.#phases[request] = phase;
      this.#test(phase);
    }
    return phase.k;
  }

  see(request: number, _position: number, asked: number, proposed: number, accepted: number): void {
    const phase = this.#phases[request]!;
    phase.left--;
    if (phase.trials > 0) {
      const emitted = accepted + 1;
      const seconds = (k: number, drafted: number, tokens: number) =>
        this.#price(this.#sequences, this.#contextTokens, k, drafted, tokens);
      phase.tokens += emitted;
      phase.plainSteps += seconds(asked, proposed, emitted) / seconds(0, 0, 1);
    }
    if (phase.left > 0) return;
    if (phase.trials === 0) this.#test(phase);
    else this.#judge(phase);
  }

  /** Begins a test phase with the length that was best last time. */
  #test(phase: Phase): void {
    phase.direction = phase.bestK < this.#maxK ? 1 : -1;
    phase.bestUtility = 0;
    phase.trials = 0;
    this.#try(phase, phase.bestK);
  }

  #try(phase: Phase, k: number): void {
    phase.k = k;
    phase.left = TRIAL_ROUNDS;
    phase.trials++;
    phase.tokens = 0;
    phase.plainSteps = 0;
  }

  /** After a trial: on while it gets better, once the other way from the first, then the best is kept. */
  #judge(phase: Phase): void {
    const utility = phase.tokens / phase.plainSteps;
    if (utility > phase.bestUtility) {
      phase.bestUtility = utility;
      phase.bestK = phase.k;
    } else if (phase.trials === 2) {
      phase.direction = -phase.direction as 1 | -1;
    } else {
      phase.trials = TRIALS;
    }
    const next = phase.bestK + phase.direction;
    if (phase.trials < TRIALS && next >= 1 && next <= this.#maxK) this.#try(phase, next);
    else this.#set(phase);
  }

  #set(phase: Phase): void {
    const pays = phase.bestUtility > 1;
    phase.k = pays ? phase.bestK : 0;
    phase.left = pays ? SET_ROUNDS : SET_ROUNDS * phase.pauses;
    phase.pauses = pays ? 1 : Math.min(2 * phase.pauses, MOST_PAUSES);
    phase.trials = 0;
  }
}
