/** The running sequences as a structure of arrays: one entry stands for `copies` identical requests. */
export class Sequences {
  count = 0;
  request = new Int32Array(16);
  copies = new Int32Array(16);
  /** Output tokens that exist. */
  position = new Int32Array(16);
  /** Output tokens wanted. */
  length = new Int32Array(16);
  promptTokens = new Int32Array(16);
  /** When the first output token existed, in seconds. */
  firstTokenS = new Float64Array(16);
  arrivalS = new Float64Array(16);
  /** Tokens the round under way emits. */
  emitted = new Int32Array(16);

  /** Adds an entry that has no output yet and returns its index. */
  add(request: number, copies: number, promptTokens: number, length: number, arrivalS: number): number {
    if (this.count === this.request.length) this.#grow();
    const i = this.count++;
    this.request[i] = request;
    this.copies[i] = copies;
    this.position[i] = 0;
    this.length[i] = length;
    this.promptTokens[i] = promptTokens;
    this.firstTokenS[i] = 0;
    this.arrivalS[i] = arrivalS;
    return i;
  }

  /** Tokens of prompt and output of all sequences. */
  contextTokens(): number {
    let tokens = 0;
    for (let i = 0; i < this.count; i++)
      tokens += this.copies[i]! * (this.promptTokens[i]! + this.position[i]!);
    return tokens;
  }

  /** Removes entry i by moving the last one into its place. */
  remove(i: number): void {
    const last = --this.count;
    this.request[i] = this.request[last]!;
    this.copies[i] = this.copies[last]!;
    this.position[i] = this.position[last]!;
    this.length[i] = this.length[last]!;
    this.promptTokens[i] = this.promptTokens[last]!;
    this.firstTokenS[i] = this.firstTokenS[last]!;
    this.arrivalS[i] = this.arrivalS[last]!;
    this.emitted[i] = this.emitted[last]!;
  }

  #grow(): void {
    const wider = <T extends Int32Array | Float64Array>(old: T, fresh: T): T => {
      fresh.set(old);
      return fresh;
    };
    const capacity = 2 * this.request.length;
    this.request = wider(this.request, new Int32Array(capacity));
    this.copies = wider(this.copies, new Int32Array(capacity));
    this.position = wider(this.position, new Int32Array(capacity));
    this.length = wider(this.length, new Int32Array(capacity));
    this.promptTokens = wider(this.promptTokens, new Int32Array(capacity));
    this.firstTokenS = wider(this.firstTokenS, new Float64Array(capacity));
    this.arrivalS = wider(this.arrivalS, new Float64Array(capacity));
    this.emitted = wider(this.emitted, new Int32Array(capacity));
  }
}
