/**
 * Who decides how many tokens to draft. A policy sees what an engine sees: the sequences of the step, what it
 * asked for, what was proposed and what was accepted of it; never the method, and nothing beyond its own k. The
 * oracles are the exception, and are given the recording.
 */
export interface Policy {
  /** Called once per decode step, before its rounds, with the sequences in it and their tokens in total. */
  stepBegins(sequences: number, contextTokens: number): void;
  /**
   * The draft length for the next round of a request at an output position; 0 for none.
   *
   * @param part which part of a method that chooses among several would draft; the first unless said
   */
  choose(request: number, position: number, part?: number): number;
  /** Draft length of every round of the step, where all have one that may be another in the next step. */
  readonly stepLength?: number;
  /** What came of a round: of `asked` tokens `proposed` were drafted and `accepted` kept. */
  see(request: number, position: number, asked: number, proposed: number, accepted: number): void;
}

/**
 * Seconds of a decode step in which every sequence drafts up to `asked` tokens: in the mean `proposed` of them are
 * verified, and `emitted` tokens come out; with a share of what it costs to change the draft length.
 */
export type StepPrice = (
  sequences: number,
  contextTokens: number,
  asked: number,
  proposed: number,
  emitted: number,
  switches?: number,
) => number;
