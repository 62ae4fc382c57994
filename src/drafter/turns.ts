/** Who drafted last for each request, of methods that draft in more than one way. */
import type { StepWork } from '../cost/work.ts';

export class Turns {
  /** Number of the part plus one; 0 where none has drafted yet. */
  readonly #last: Uint8Array;

  constructor(requests: number) {
    this.#last = new Uint8Array(requests);
  }

  /** States a switch when a request at an output position verifies what another part drafted than the last time. */
  take(request: number, position: number, part: number, work: StepWork): void {
    const last = position === 1 ? 0 : this.#last[request]!;
    if (last !== 0 && last !== part + 1) work.switches++;
    this.#last[request] = part + 1;
  }
}
