/**
 * Speculation with one model that drafts the same in every round, as engines mostly run: what a step drafts and
 * verifies then follows from sums, and the rounds of a step are one short loop.
 */
import type { StepWork } from '../cost/work.ts';
import { FixedLength } from '../policy/fixed-length.ts';
import type { DecodingRows } from './decoding-rows.ts';
import { Speculation } from './drafter.ts';
import type { KnownRounds, RoundStream } from './known-rounds.ts';
import type { ModelProposer } from './model-proposer.ts';
import { ToldAlone } from './told-alone.ts';

export class SteadySpeculation extends Speculation implements KnownRounds {
  readonly known = this;
  readonly catchUpAfter: Int32Array;
  readonly #model: ModelProposer;
  readonly #k: number;

  /** @param model its replay drafts as many as it is asked for */
  constructor(model: ModelProposer, k: number) {
    super(model, new FixedLength(k), false, new ToldAlone(model));
    this.#model = model;
    this.#k = k;
    this.catchUpAfter = Int32Array.from({ length: k + 2 }, (_, emitted) => model.catchUpAfter(k, emitted));
  }

  rounds(rows: DecodingRows, from: number, upTo: number, work: StepWork): void {
    const model = this.#model;
    const { replay } = model;
    const k = this.#k;
    let contextTokens = 0;
    let catchUpTokens = 0;
    for (let n = from; n < upTo; n++) {
      const request = rows.request(n);
      const position = rows.position(n);
      const emitted = replay.emittedBy(request, position, rows.left(n), k);
      rows.setEmitted(n, emitted);
      contextTokens += rows.context(n);
      catchUpTokens += model.catchUp(request, position, k, emitted);
    }
    this.state(upTo - from, contextTokens, catchUpTokens, work);
  }

  get longest(): number {
    return this.most.queries;
  }

  stream(request: number, position: number, left: number): RoundStream {
    return this.#model.replay.stream(request, position, left, this.#k);
  }

  nextCatchUp(request: number, position: number): number {
    return this.#model.nextCatchUp(request, position);
  }

  state(sequences: number, contextTokens: number, catchUpTokens: number, work: StepWork): void {
    this.#model.draftAll(sequences, this.#k, contextTokens, catchUpTokens, work);
    work.addRounds(sequences, contextTokens, this.most);
  }

  resume(request: number, emitted: number): void {
    this.#model.resume(request, this.#k, emitted);
  }
}
