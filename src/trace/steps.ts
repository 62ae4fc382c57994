/**
 * Rounds that ran, gathered one request at a time, and what they answer for at other positions.
 *
 * A position inside a recorded round holds the rest of that round: what the recorded drafts show about it. It is
 * a lower bound, since a fresh draft from there may get past the token at which the recorded one ended. At the
 * recorded k nothing is approximate, since every round starts where one was recorded. Made from position-indexed
 * recordings (4 data sets, k = 7 and 20) and asked at k = 1 to 5, tokens per round are 0 to 4 % low for EAGLE-3
 * (5.8 % at worst), and 0.5 % high to 4 % low for look-up (9.6 % low at worst, k = 5 of 7). Taking recorded rounds as a sample
 * for any start is worse: up to 5 % low for EAGLE-3 and 22 % for look-up. Under policies that verify less than was drafted
 * (EAGLE-3, k = 7, 16 and 64 requests at a time, the same confidence) throughput is low by 0.5 to 6.0 % with `budget:auto`, 0.5
 * to 5.4 % with `goodput:confidence` and 0 to 1.7 % with `budget:64`.
 */

import { UserError } from '../errors.ts';
import { offsetsOfLengths } from './flat.ts';
import type { Drafting, RoundsRecord, Steps } from './record.ts';
import type { TokenConfidence } from './token-confidence.ts';
import type { AcceptanceTrace, PositionLengths } from './trace.ts';

/** Bytes that grow as they come: a request costs its bytes, not an array of numbers. */
class Bytes {
  #bytes = new Uint8Array(1024);
  length = 0;

  push(values: ArrayLike<number>): void {
    const needed = this.length + values.length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, this.length));
      this.#bytes = grown;
    }
    this.#bytes.set(values, this.length);
    this.length = needed;
  }

  /** A view, since a copy would take as much again of what may be most of the memory. */
  whole(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }
}

/** The rounds of one request. */
export interface StepRequest {
  readonly id: string;
  readonly promptTokens: number | null;
  /** Null: the prefill's token and those of the rounds. */
  readonly outputTokens: number | null;
  readonly emitted: ArrayLike<number>;
  readonly proposed: ArrayLike<number> | null;
  /** Of each round, where it was recorded. */
  readonly confidence?: { readonly depths: number; readonly list: ArrayLike<number> };
}

/** Gathers the requests of one method. */
export class StepCollector {
  readonly #ids = new Map<string, string>();
  readonly #prompts: number[] = [];
  readonly #outputs: number[] = [];
  readonly #offsets = [0];
  readonly #emitted = new Bytes();
  readonly #proposed = new Bytes();
  readonly #confidence = new Bytes();
  /** Of every request; 0 without confidence, null before the first. */
  #depths: number | null = null;
  #hasPrompts = true;
  #hasProposed: boolean | null = null;
  #maxK = 0;

  /** @throws UserError when the request is there already or its rounds contradict themselves */
  add(request: StepRequest, at: string): void {
    const { id, promptTokens, outputTokens, emitted, proposed } = request;
    const earlier = this.#ids.get(id);
    if (earlier !== undefined)
      throw new UserError(`${at}: request ${JSON.stringify(id)} was in ${earlier} already`);
    if (this.#hasProposed !== null && this.#hasProposed !== (proposed !== null)) {
      throw new UserError(`${at}: the drafted tokens of some requests are recorded, expected all or none`);
    }
    if (proposed !== null && proposed.length !== emitted.length) {
      throw new UserError(
        `${at}: ${proposed.length} numbers of drafted tokens for ${emitted.length} rounds, expected as many`,
      );
    }
    this.#addConfidence(request, at);
    // A plain loop without calls: files have millions of rounds.
    let tokens = 1;
    let most = this.#maxK;
    for (let i = 0; i < emitted.length; i++) {
      const accepted = emitted[i]! - 1;
      const drafts = proposed === null ? accepted : proposed[i]!;
      tokens += accepted + 1;
      if (drafts > most) most = drafts;
      if (drafts < accepted) {
        throw new UserError(
          `${at}: round ${i} accepts ${accepted} of ${drafts} drafted tokens, expected at most that`,
        );
      }
    }
    this.#maxK = most;
    this.#ids.set(id, at);
    this.#hasProposed = proposed !== null;
    this.#hasPrompts &&= promptTokens !== null;
    this.#prompts.push(promptTokens ?? 0);
    this.#outputs.push(outputTokens ?? tokens);
    this.#emitted.push(emitted);
    if (proposed !== null) this.#proposed.push(proposed);
    this.#offsets.push(this.#emitted.length);
  }

  #addConfidence({ confidence, emitted }: StepRequest, at: string): void {
    const depths = confidence?.depths ?? 0;
    if (this.#depths !== null && this.#depths !== depths) {
      throw new UserError(
        `${at}: confidence of ${depths} drafts a round, of ${this.#depths} before; expected the same in all requests`,
      );
    }
    this.#depths = depths;
    if (confidence === undefined) return;
    if (confidence.list.length !== depths * emitted.length) {
      throw new UserError(
        `${at}: confidence has ${confidence.list.length} values, expected ${depths} for each of ${emitted.length} rounds`,
      );
    }
    this.#confidence.push(confidence.list);
  }

  get requests(): number {
    return this.#outputs.length;
  }

  /** @param k the draft length asked for, where the source says it */
  finish(method: string, drafting: Drafting, k: number | null = null): Steps {
    return {
      method,
      drafting,
      maxK: Math.max(k ?? 0, this.#maxK),
      ids: [...this.#ids.keys()],
      promptTokens: this.#hasPrompts ? Int32Array.from(this.#prompts) : null,
      outputTokens: Int32Array.from(this.#outputs),
      offsets: Int32Array.from(this.#offsets),
      emitted: this.#emitted.whole(),
      proposed: this.#hasProposed === true ? this.#proposed.whole() : null,
      ...(this.#depths && { confidence: { depths: this.#depths, list: this.#confidence.whole() } }),
    };
  }
}

/**
 * The rounds as acceptance by position (see above). Tokens outside the recorded rounds follow them, one a round
 * with nothing proposed: where they really stood is not recorded.
 *
 * @throws UserError for trees, which no method prices, and where the file does not say how it drafts
 */
export function positionsOfSteps(steps: Steps, where: string): PositionLengths {
  const { drafting } = steps;
  if (drafting === 'unknown') {
    throw new UserError(
      `${where}: the file does not say how ${steps.method} drafts; expected a chain or a block, which specsim trace import states: --drafting chain or --drafting block`,
    );
  }
  if (drafting === 'tree') {
    throw new UserError(
      `${where}: ${steps.method} drafts a tree, which no method here prices; expected a chain or a block (specsim trace inspect shows what there is)`,
    );
  }
  const requests = steps.ids.length;
  const offsets = offsetsOfLengths(steps.outputTokens);
  const emitted = new Uint8Array(offsets[requests]!).fill(1);
  const proposed = new Uint8Array(offsets[requests]!);
  for (let r = 0; r < requests; r++) {
    let at = offsets[r]! + 1;
    for (let round = steps.offsets[r]!; round < steps.offsets[r + 1]!; round++) {
      const length = steps.emitted[round]!;
      const drafts = steps.proposed?.[round] ?? steps.maxK;
      for (let inside = 0; inside < length && at < offsets[r + 1]!; inside++, at++) {
        emitted[at] = length - inside;
        proposed[at] = Math.max(drafts - inside, 0);
      }
    }
  }
  const { confidence } = steps;
  return {
    ...{ maxK: steps.maxK, offsets, emitted, kind: 'recording', drafting },
    // Who goes by confidence drafts as far as it is asked wherever a round starts.
    proposed: confidence !== undefined && draftsInFull(steps) ? 'always' : proposed,
    ...(confidence && { confidence: confidenceOfRounds(confidence, steps, offsets) }),
  };
}

/** Whether every round drafted all that it could, and every output is made of rounds. */
function draftsInFull({ proposed, maxK, outputTokens, offsets, emitted }: Steps): boolean {
  if (proposed?.some((drafts) => drafts < maxK)) return false;
  return outputTokens.every((tokens, r) => {
    const rounds = emitted.subarray(offsets[r]!, offsets[r + 1]!);
    return rounds.reduce((sum, length) => sum + length, 1) >= tokens;
  });
}

/** A position inside a round has the confidence of the drafts that are left of it. */
function confidenceOfRounds(
  { depths, list }: TokenConfidence,
  steps: Steps,
  offsets: Int32Array,
): TokenConfidence {
  const moved = new Uint8Array(offsets.at(-1)! * depths);
  for (let r = 0; r + 1 < offsets.length; r++) {
    let at = offsets[r]! + 1;
    for (let round = steps.offsets[r]!; round < steps.offsets[r + 1]!; round++) {
      const length = steps.emitted[round]!;
      for (let inside = 0; inside < length && at < offsets[r + 1]!; inside++, at++) {
        const left = list.subarray(round * depths + Math.min(inside, depths), (round + 1) * depths);
        moved.set(left, at * depths);
      }
    }
  }
  return { depths, list: moved };
}

/**
 * The record as a trace to run, one drafter a method.
 *
 * @param promptTokens the length of every prompt, where the scenario sets it
 * @throws UserError when a length is missing, or methods ran different requests
 */
export function traceOfSteps(
  record: RoundsRecord,
  promptTokens: number | null,
  where: string,
): AcceptanceTrace {
  const [first, ...others] = record.drafters;
  const prompts =
    promptTokens === null
      ? first!.promptTokens
      : new Int32Array(first!.outputTokens.length).fill(promptTokens);
  if (prompts === null) {
    throw new UserError(
      `${where}: prompt lengths are not recorded, expected one for all: --prompt-len TOKENS`,
    );
  }
  for (const other of others) {
    if (other.ids.join('\n') !== first!.ids.join('\n')) {
      throw new UserError(
        `${where}: ${other.method} ran other requests than ${first!.method}, expected the same`,
      );
    }
  }
  return {
    name: record.name,
    provenance: record.provenance,
    ids: first!.ids,
    promptTokens: prompts,
    outputTokens: first!.outputTokens,
    outputLimit: null,
    drafters: new Map(record.drafters.map((steps) => [steps.method, positionsOfSteps(steps, where)])),
    tokens: null,
  };
}
