/**
 * The requests that run, in the order of their admission: those that decode stand first. Where one has left there may be
 * a gap for a while: closed one by one, gaps would move half of the requests each, closed together about one.
 */
import { wider } from '../columns.ts';
import { DecodingRows } from '../drafter/decoding-rows.ts';

const GAP = -1;

export class Running {
  count = 0;
  /** By place: the slot of the request, and what rounds change of it. */
  slots = new Int32Array(16);
  readonly rows = new DecodingRows();
  /** How many decode, and their tokens of prompt and output. */
  decoding = 0;
  decodingContext = 0;
  /** Places among those of `count` and this many that are empty, and before the first of them. */
  #gaps = 0;
  #beforeGaps = 0;
  #placeOf = new Int32Array(16);

  /** Gives a request the last place, and returns it; its row is to be set. */
  add(slot: number): number {
    const place = this.count++ + this.#gaps;
    if (place === this.slots.length) this.slots = wider(this.slots);
    while (slot >= this.#placeOf.length) this.#placeOf = wider(this.#placeOf);
    this.#put(slot, place);
    return place;
  }

  /** Makes room behind those that decode for one more, and returns its place; its row is to be set. */
  insertDecoding(slot: number): number {
    this.closeGaps();
    const place = this.decoding++;
    this.add(slot);
    if (place === this.count - 1) return place;
    this.rows.open(this.count);
    this.rows.move(place + 1, place, this.count - 1);
    for (let to = this.count - 1; to > place; to--) this.#put(this.slots[to - 1]!, to);
    this.#put(slot, place);
    return place;
  }

  /** Where a request stands. */
  placeOf(slot: number): number {
    return this.#placeOf[slot]!;
  }

  stopsDecoding(place: number): void {
    this.decoding--;
    this.decodingContext -= this.rows.context(place);
  }

  /**
   * Takes out the requests at the first `count` of some ascending places.
   *
   * @param gaps whether gaps may stay, until `closeGaps`: places then say no more than the order
   */
  remove(places: Int32Array, count: number, gaps: boolean): void {
    const first = places[0]!;
    if (this.#gaps === 0 || first < this.#beforeGaps) this.#beforeGaps = first;
    for (let i = 0; i < count; i++) this.slots[places[i]!] = GAP;
    this.count -= count;
    this.#gaps += count;
    if (!gaps || this.#gaps > this.count) this.closeGaps();
  }

  /** From now on a place is how many stand before it. */
  closeGaps(): void {
    if (this.#gaps === 0) return;
    const { slots } = this;
    const end = this.count + this.#gaps;
    let kept = this.#beforeGaps;
    for (let from = kept; from < end; from++) {
      let upTo = from;
      while (upTo < end && slots[upTo] !== GAP) upTo++;
      if (kept < from) this.rows.move(kept, from, upTo);
      for (; from < upTo; from++) this.#put(slots[from]!, kept++);
    }
    this.#gaps = 0;
  }

  #put(slot: number, place: number): void {
    this.slots[place] = slot;
    this.#placeOf[slot] = place;
  }
}
