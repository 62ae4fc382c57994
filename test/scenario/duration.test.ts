/** Open loads that are cut off: who has not ended is counted, and whose interval is whose. */
import { describe, expect, it } from 'vitest';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { capacityOf } from '../../src/questions/highest-rate.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { askedOf, checkUsed, completeScenario, type Options } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';

const asked = { method: ['none', 'eagle3'], requests: 400, load: 'poisson:60' } satisfies Options;

async function inputsOf(options: Options) {
  return gatherInputs(completeScenario({ ...asked, ...options }), folderLibrary);
}

const rows = async (options: Options) => runScenario(await inputsOf(options)).rows;

describe('a duration', () => {
  it('counts those that arrived and did not end, and serves no later arrival', async () => {
    const whole = await rows({});
    for (const [i, row] of (await rows({ duration: 3 })).entries()) {
      expect(row.requests).toBeGreaterThan(0);
      expect(row.unfinished).toBeGreaterThan(10);
      const arrived = row.requests + row.unfinished!;
      expect(arrived).toBeLessThan(400);
      expect(Math.abs(arrived - 3 * 60)).toBeLessThan(5 * Math.sqrt(3 * 60));
      expect(whole[i]!.requests).toBe(400);
      expect(whole[i]!.unfinished).toBe(0);
      expect(row.throughput_lo_tok_per_s).toBeLessThan(row.throughput_tok_per_s);
      expect(row.throughput_hi_tok_per_s).toBeGreaterThan(row.throughput_tok_per_s);
      expect(row.tpot_ratio_lo).toBeLessThanOrEqual(row.tpot_ratio!);
    }
  });

  it('changes nothing where everybody has ended by then', async () => {
    expect(await rows({ duration: 1e6 })).toEqual(await rows({}));
  });

  it('is refused where nobody ends by then, or where it changes nothing', async () => {
    await expect(rows({ duration: 0.01 })).rejects.toThrow('--duration 0.01: no request of gsm8k ended');
    const closed: Options = { ...asked, load: 'closed', duration: 3 };
    expect(() => checkUsed(completeScenario(closed), askedOf(completeScenario(closed)))).toThrow(
      '--duration has no effect with --load closed',
    );
    const inputs = await inputsOf({ slo: 'ttft=500ms', duration: 3 });
    expect(() => capacityOf(inputs)).toThrow('--duration has no effect with capacity');
  });
});
