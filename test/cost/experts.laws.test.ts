/** The shape of speculation on a mixture of experts (MoESD, arXiv 2505.19645): T(B, 1) / T(B, k + 1) by batch. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ForwardPass } from '../../src/cost/forward-pass.ts';
import { parseHardware } from '../../src/hardware/load.ts';
import { forwardShape } from '../../src/model/shape.ts';
import { modelCard } from '../shipped-models.ts';

const file = new URL('../../hardware-profiles/h100-sxm.json', import.meta.url);
const h100 = await parseHardware(JSON.parse(readFileSync(file, 'utf8')), 'h100-sxm');
const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const K = 3;

function efficiency(model: string): number[] {
  const pass = new ForwardPass(forwardShape(modelCard(model), { tp: 1, dtype: 'bf16' }), h100, 1);
  const seconds = (tokens: number) => pass.tokensS(tokens) + pass.logitsS(tokens);
  return BATCHES.map((batch) => seconds(batch) / seconds(batch * (K + 1)));
}

/** The first batch behind the dip whose efficiency is within 2 % of the highest, as the top is flat. */
function peak(values: readonly number[]): number {
  const dip = values.indexOf(Math.min(...values.slice(0, 6)));
  const most = Math.max(...values.slice(dip));
  return BATCHES[values.findIndex((value, i) => i >= dip && value >= 0.98 * most)]!;
}

/** Tokens at which 95 % of the experts are visited, in sequences that each verify k + 1. */
const saturation = (share: number) => Math.ceil(Math.log(0.05) / Math.log(1 - share)) / (K + 1);

describe('target efficiency', () => {
  it('of a dense model only falls with the batch', () => {
    const values = efficiency('qwen3-8b');
    for (let i = 1; i < values.length; i++) expect(values[i]!).toBeLessThanOrEqual(values[i - 1]! + 1e-3);
  });

  it('of experts dips, peaks near the batch that visits all of them, and falls', () => {
    for (const [model, share] of [
      ['mixtral-8x7b', 2 / 8],
      ['qwen3-30b-a3b', 8 / 128],
    ] as const) {
      const values = efficiency(model);
      const at = peak(values);
      expect(Math.min(...values.slice(0, 6))).toBeLessThan(values[BATCHES.indexOf(at)]!);
      expect(at).toBeGreaterThanOrEqual(saturation(share));
      expect(at).toBeLessThanOrEqual(8 * saturation(share));
      expect(values.at(-1)!).toBeLessThan(values[BATCHES.indexOf(at)]!);
    }
  });

  it('of a sparser model peaks later', () => {
    expect(peak(efficiency('qwen3-30b-a3b'))).toBeGreaterThan(peak(efficiency('mixtral-8x7b')));
  });
});
