/**
 * When another draft length is worth its price: once it would have saved, since the last change, the time that the change
 * takes. One step's noise saves little, a lasting gain pays within a stay as long as the price asks (the rule of metrical
 * task systems, Borodin, Linial and Saks 1992: never far behind who knows the future). A free change is made at once.
 */
export class PaidChanges {
  /** By length: seconds of a step, and the tokens that come out of one sequence, for whoever asks `best`. */
  readonly seconds: Float64Array;
  readonly emitted: Float64Array;
  /** By length: seconds that it would have saved; 0 once it would have lost. */
  readonly #saved: Float64Array;
  #length = -1;

  constructor(maxK: number) {
    this.seconds = new Float64Array(maxK + 1);
    this.emitted = new Float64Array(maxK + 1);
    this.#saved = new Float64Array(maxK + 1);
  }

  /**
   * The length that a step should have, of lengths from the shortest on, whose `seconds` and `emitted` are set.
   *
   * @param length of the step before; -1 where there was none
   * @param changeS seconds that a change takes
   */
  best(length: number, changeS: number, shortest = 0): number {
    const { seconds, emitted } = this;
    const saved = this.#saved;
    if (length !== this.#length) saved.fill(0);
    this.#length = length;
    const free = length < shortest || changeS <= 0;
    let best = free ? shortest : length;
    for (let k = shortest; k < seconds.length; k++) {
      if (free) {
        if (emitted[k]! / seconds[k]! > emitted[best]! / seconds[best]!) best = k;
        continue;
      }
      // What this step brings, at the speed of the other length.
      const gain = seconds[length]! - (emitted[length]! * seconds[k]!) / emitted[k]!;
      saved[k] = Math.max(0, saved[k]! + gain);
      if (saved[k]! > changeS && saved[k]! > saved[best]!) best = k;
    }
    return best;
  }
}
