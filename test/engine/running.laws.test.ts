/** Requests that run stand in the same order with the same rows, whether gaps stay for a while or are closed at once. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { it } from 'vitest';
import { Running } from '../../src/engine/running.ts';

const anyEvent = fc.oneof(
  { weight: 3, arbitrary: fc.constant('admit' as const) },
  { weight: 3, arbitrary: fc.constant('decode' as const) },
  { weight: 1, arbitrary: fc.constant('insert' as const) },
  // Those who leave at once, as shares of who is there.
  {
    weight: 3,
    arbitrary: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 20 }),
  },
);

it('does not tell whether gaps stay', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 200 }), (events) => {
      const lasting = new Running();
      /** Slots in the order in which they should stand. */
      let order: number[] = [];
      let next = 0;
      for (const event of events) {
        if (event === 'admit' || event === 'insert') {
          const slot = next++;
          const inserted = event === 'insert';
          order.splice(inserted ? lasting.decoding : order.length, 0, slot);
          const place = inserted ? lasting.insertDecoding(slot) : lasting.add(slot);
          lasting.rows.set(place, 1000 + slot, 1, slot, 2 * slot, 0);
        } else if (event === 'decode') {
          if (lasting.decoding < lasting.count) lasting.decoding++;
        } else {
          const gone = new Set(event.map((share) => order[Math.floor(share * lasting.decoding)]));
          if (lasting.decoding === 0) gone.clear();
          const slots = order.filter((slot) => gone.has(slot));
          const places = Int32Array.from(slots, (slot) => lasting.placeOf(slot)).sort();
          for (const place of places) lasting.stopsDecoding(place);
          lasting.remove(places, places.length, true);
          order = order.filter((slot) => !gone.has(slot));
        }
        assert.equal(lasting.count, order.length);
        const places = order.map((slot) => lasting.placeOf(slot));
        assert.deepEqual(
          places,
          [...places].sort((a, b) => a - b),
        );
        assert.deepEqual(
          order.map((slot) => lasting.rows.request(lasting.placeOf(slot))),
          order.map((slot) => 1000 + slot),
        );
      }
      lasting.closeGaps();
      assert.deepEqual([...lasting.slots.subarray(0, lasting.count)], order);
      assert.deepEqual(
        order.map((_, place) => [lasting.rows.request(place), lasting.rows.context(place)]),
        order.map((slot) => [1000 + slot, 2 * slot]),
      );
    }),
  );
});
