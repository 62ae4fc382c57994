/** Whether a schedule survives what its changes cost. */
import { describe, expect, it } from 'vitest';
import { parseMethod } from '../../src/drafter/methods.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import {
  pricesSwitching,
  type SwitchingRow,
  switchingRows,
  switchingVerdict,
} from '../../src/questions/switching.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario } from '../../src/scenario/options.ts';

const NOTHING = { changes: 0, drafter: 0, graphs: 0, limits: 0 };

function row(batch: number, ratio: number, cost: Partial<SwitchingRow['cost_ms']> = {}): SwitchingRow {
  return {
    ...{ trace: 't', method: 'eagle3', context_tokens: null, batch_size: batch, single_k: 3, step_ms: 10 },
    over_single: { ratio, lo: ratio - 0.01, hi: ratio + 0.01 },
    cost_ms: { ...NOTHING, ...cost },
  };
}

describe('the verdict', () => {
  it('names from where on a fixed length is better, and the cost that did it', () => {
    // Without 2 ms of 10 a step it would be 0.9 / 0.8 times as fast as the fixed length.
    expect(
      switchingVerdict([
        row(1, 1.1),
        row(8, 0.95, { graphs: 0.7 }),
        row(16, 0.9, { changes: 2, graphs: 0.5 }),
      ]),
    ).toBe(
      'fixed k=3 is better than the schedule of eagle3 from 8 requests at a time on (the schedule is surely faster at 1 requests at a time); what sinks it at 16: changes of length, 2.00 of 10.00 ms a step',
    );
  });

  it('names the cost without which a fixed length is not surely better', () => {
    // Without 0.95 of 10 ms: 0.9 / 0.905 is below 1, and the upper end of its interval, 0.91 / 0.905, is not.
    expect(switchingVerdict([row(8, 0.9, { changes: 0.95 })])).toMatch(
      /; what makes it surely slower at 8: changes of length, 0.95 of 10.00 ms a step$/,
    );
  });

  it('blames no cost that is too small, and none where there is none', () => {
    expect(switchingVerdict([row(8, 0.9, { drafter: 0.4 })])).toContain(
      "no cost alone sinks it at 8, the largest: the drafter's KV cache while it is off, 0.40 of 10.00 ms",
    );
    expect(switchingVerdict([row(8, 0.9)])).toContain('none of its costs did it');
  });

  it('says that a schedule survives', () => {
    expect(switchingVerdict([row(1, 1.1), row(8, 1)])).toContain(
      'survives what its changes cost: it is surely faster at 1 requests at a time than fixed k=3, and nowhere surely slower',
    );
    expect(switchingVerdict([row(8, 1)])).toContain('neither it nor fixed k=3 is surely faster anywhere');
  });
});

describe('a schedule with different requests at a time', async () => {
  const of = async (set: Record<string, string>) => {
    const scenario = { method: ['eagle3'], requests: 32, batch: [16], set };
    const inputs = await gatherInputs(completeScenario(scenario), folderLibrary, { schedules: true });
    const ranges = [
      { lo: 1, hi: 14, k: 3 },
      { lo: 15, hi: 16, k: 0 },
    ];
    return {
      inputs,
      rows: switchingRows(inputs, 0, { method: parseMethod('eagle3'), ranges, single: 3 }, new Set())!,
    };
  };

  it('pays for each change, for a drafter that runs on, and for what is held back', async () => {
    const free = await of({});
    expect(pricesSwitching(free.inputs.engine)).toBe(false);
    expect(free.rows[0]!.cost_ms).toMatchObject({ changes: 0, graphs: 0, limits: 0 });
    const dear = await of({
      'engine.lengthSwitch': '5ms',
      'engine.offPasses': '1',
      'engine.lengthWalk': '1',
    });
    expect(pricesSwitching(dear.inputs.engine)).toBe(true);
    expect(dear.rows[0]!.over_single.ratio).toBeLessThan(free.rows[0]!.over_single.ratio);
    expect(dear.rows[0]!.cost_ms.changes).toBeGreaterThan(0.01);
    expect(dear.rows[0]!.cost_ms.drafter).toBeGreaterThan(free.rows[0]!.cost_ms.drafter);
    expect(dear.rows[0]!.cost_ms.limits).not.toBe(0);
  });

  it('of one length changes nothing', async () => {
    const { inputs } = await of({});
    const ranges = [{ lo: 1, hi: 16, k: 2 }];
    expect(
      switchingRows(inputs, 0, { method: parseMethod('eagle3'), ranges, single: 2 }, new Set()),
    ).toBeNull();
  });
});
