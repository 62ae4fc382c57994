/** Which prices differ in a run: by hand, and against the runs at each. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Compared } from '../../src/cost/compared.ts';
import { noSeconds, type PartSeconds, PassWork, StepWork } from '../../src/cost/work.ts';
import { Open } from '../../src/engine/load.ts';
import { Dearer, PlainPrices } from '../plain-prices.ts';
import { MAX_K, Stopwatch, serve, steady } from '../serving.ts';

it('by hand: the price is its own, another differs from the first step on that it sees otherwise', () => {
  const own = new PlainPrices(
    () => ({ verifyS: 2 }),
    () => ({ prefillS: 3 }),
  );
  const prompts = new Dearer(own, 'prefillS', 2);
  const drafts = new Dearer(own, 'draftS', 2);
  const verifies = new Dearer(own, 'verifyS', 2);
  const compared = new Compared(own, [prompts, drafts, verifies]);
  const differ = () => [prompts, drafts, verifies].map((other) => compared.differs(other));
  const cost = noSeconds();
  expect(differ()).toEqual([false, false, false]);
  compared.priceStep(new StepWork(0, 1), cost);
  expect(cost).toEqual({ ...noSeconds(), verifyS: 2 });
  expect(differ()).toEqual([false, false, true]);
  compared.pricePrefill(new PassWork(), cost);
  expect(cost).toEqual({ ...noSeconds(), prefillS: 3 });
  expect(differ()).toEqual([true, false, true]);
});

it('a run at a price that never differed is the run itself, and at one that did it is another', () => {
  const part = fc.constantFrom<keyof PartSeconds>('draftS', 'verifyS', 'samplingS', 'overheadS', 'prefillS');
  const request = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }));
  fc.assert(
    fc.property(
      fc.array(request, { minLength: 1, maxLength: 5 }),
      fc.constantFrom('none', 'eagle3'),
      part,
      (requests, method, name) => {
        const outputs = requests.map(([, tokens]) => tokens);
        const run = (cost: Stopwatch | Dearer | Compared) =>
          serve({
            prompts: requests.map(([tokens]) => tokens),
            outputs,
            load: new Open(Float64Array.from(outputs, (_, r) => 3 * r)),
            method,
            k: MAX_K,
            acceptance: steady(outputs, 2),
            cost,
          });
        const own = new Stopwatch();
        const other = new Dearer(own, name, 2);
        const compared = new Compared(own, [other]);
        const here = run(compared);
        assert.deepEqual(here.finished, run(own).finished);
        assert.equal(compared.differs(other), here.makespanS !== run(other).makespanS);
        if (!compared.differs(other)) assert.deepEqual(run(other).finished, here.finished);
      },
    ),
    { numRuns: 60 },
  );
});
