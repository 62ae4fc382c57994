/** Why a longer context changes what speculation gains. */
import { describe, expect, it } from 'vitest';
import { parseMethod } from '../../src/drafter/methods.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { contextRows } from '../../src/questions/context-effect.ts';
import { Bench } from '../../src/scenario/bench.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario } from '../../src/scenario/options.ts';

async function rowsOf(acceptanceContext?: string) {
  const cells = [];
  for (const promptLen of [1024, 16_384]) {
    const scenario = {
      method: ['eagle3'],
      requests: 12,
      promptLen,
      ...(acceptanceContext && { acceptanceContext }),
    };
    const inputs = await gatherInputs(completeScenario(scenario), folderLibrary);
    cells.push({
      context: promptLen,
      batch: 8,
      bench: new Bench(inputs, inputs.traces[0]!, 'clones', new Set()),
    });
  }
  return contextRows('t', parseMethod('eagle3'), 3, cells);
}

describe('a longer context', () => {
  it('changes nothing of what is accepted unless a curve says so', async () => {
    const [short, long] = await rowsOf();
    expect(short).toMatchObject({ by_acceptance: 1, by_drafting: 1, by_verification: 1 });
    expect(long!.by_acceptance).toBe(1);
    const [, curved] = await rowsOf('2k:1,16k:0.5');
    expect(curved!.by_acceptance).toBeLessThan(0.8);
    expect(curved!.draft_ms).toBeCloseTo(long!.draft_ms, 1);
  });

  it('makes all steps longer, and its causes multiply to the change', async () => {
    const [short, long] = await rowsOf('2k:1,16k:0.5');
    for (const part of ['draft_ms', 'verify_ms', 'plain_ms'] as const) {
      expect(long![part]).toBeGreaterThan(short![part]);
    }
    const change = long!.by_acceptance * long!.by_drafting * long!.by_verification;
    expect(change).toBeCloseTo(long!.decode_speedup / short!.decode_speedup, 10);
    expect(short!.requests_per_step).toBeCloseTo(8, 6);
  });
});
