/** What serving takes, counted and not timed: prices and drafters are asked once a step, and nothing is allocated a round. */
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Closed } from '../../src/engine/load.ts';
import { engineOf, Stopwatch, steady } from '../serving.ts';

const BATCH = 64;

function closed(requests: number, cost: Stopwatch) {
  const outputs = Array.from({ length: requests }, (_, r) => 200 + (r % 7) * 100);
  return engineOf({
    prompts: outputs.map(() => 10),
    outputs,
    load: new Closed(requests, BATCH),
    method: 'eagle3',
    k: 3,
    acceptance: steady(outputs, 2),
    cost,
    gaps: false,
  });
}

/** Prices a step and remembers none, so that whatever is allocated is the engine's. */
class Counter extends Stopwatch {
  asked = 0;

  override priceStep(_: unknown, cost: { verifyS: number }): void {
    this.asked++;
    cost.verifyS = 1;
  }

  override pricePrefill(_: unknown, cost: { verifyS: number }): void {
    this.priceStep(_, cost);
  }
}

describe('serving', () => {
  it('asks for one price a step, however many requests are in it', () => {
    const cost = new Counter();
    const engine = closed(300, cost);
    engine.run();
    expect(cost.asked).toBe(engine.totals.steps);
    expect(engine.totals.rounds / engine.totals.steps).toBeGreaterThan(BATCH / 2);
  });

  it('allocates nothing for a request and a step', async () => {
    let collections = 0;
    const observer = new PerformanceObserver((list) => {
      collections += list.getEntries().length;
    });
    const run = () => {
      const engine = closed(5000, new Counter());
      return () => {
        engine.run();
        return engine.totals.rounds;
      };
    };
    // Code that is not compiled yet keeps its intermediate results on the heap.
    for (let warm = 0; warm < 3; warm++) run()();
    const measured = run();
    await setImmediate();
    observer.observe({ entryTypes: ['gc'] });
    const rounds = measured();
    await setTimeout(50);
    observer.disconnect();
    // An object of three fields for each makes 13 collections of young objects.
    expect(rounds).toBeGreaterThan(1.2e6);
    expect(collections).toBeLessThan(4);
  });
});
