/** The requests that run, in the order of their admission: those that decode stand first. */
import { wider } from '../columns.ts';
import { DecodingRows } from '../drafter/decoding-rows.ts';

export class Running {
  count = 0;
  /** By place: the slot of the request, and what rounds change of it. */
  slots = new Int32Array(16);
  readonly rows = new DecodingRows();
  /** How many decode, and their tokens of prompt and output. */
  decoding = 0;
  decodingContext = 0;

  /** Gives a request the last place, and returns it; its row is to be set. */
  add(slot: number): number {
    const place = this.count++;
    if (place === this.slots.length) this.slots = wider(this.slots);
    this.slots[place] = slot;
    return place;
  }

  /** Makes room behind those that decode for one more, and returns its place; its row is to be set. */
  insertDecoding(slot: number): number {
    const place = this.decoding++;
    this.add(slot);
    if (place === this.count - 1) return place;
    this.rows.open(this.count);
    this.slots.copyWithin(place + 1, place, this.count - 1);
    this.rows.move(place + 1, place, this.count - 1);
    this.slots[place] = slot;
    return place;
  }

  /** Where a request stands. */
  placeOf(slot: number): number {
    // `indexOf` is a call out of compiled code, which takes longer than the search.
    const { slots } = this;
    let place = 0;
    while (slots[place] !== slot) place++;
    return place;
  }

  stopsDecoding(place: number): void {
    this.decoding--;
    this.decodingContext -= this.rows.context(place);
  }

  /** Takes out the requests at the first `count` of some ascending places. */
  remove(places: Int32Array, count: number): void {
    const { slots } = this;
    let kept = places[0]!;
    for (let i = 0; i < count; i++) {
      const place = places[i]!;
      const next = i + 1 < count ? places[i + 1]! : this.count;
      this.rows.move(kept, place + 1, next);
      for (let from = place + 1; from < next; from++) slots[kept++] = slots[from]!;
    }
    this.count = kept;
  }
}
