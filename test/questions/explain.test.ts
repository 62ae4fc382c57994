import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseMethod } from '../../src/drafter/methods.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { explanationOf } from '../../src/questions/explanation.ts';
import { Bench } from '../../src/scenario/bench.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { describeWithRecordings } from '../recordings.ts';

const inputsOf = (options: Options) =>
  gatherInputs(completeScenario({ method: ['eagle3'], requests: 40, ...options }), folderLibrary);

describe('an explanation', () => {
  it('has parts that add up, and positions that add up to the tokens of a step', async () => {
    const inputs = await inputsOf({ k: [4], batch: [1, 64] });
    const bench = new Bench(inputs, inputs.traces[0]!, 'clones', new Set());
    for (const row of explanationOf(inputs).rows) {
      const { total, ...parts } = row.ms_per_token;
      expect(Object.values(parts).reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(total, 9);
      const measures = bench.measures({ method: inputs.methods[0]!, k: 4 }, row.batch_size);
      const tokens = row.positions.slice(0, 4).reduce((sum, one) => sum + one.tokens, 1);
      expect(tokens).toBeCloseTo(measures.tokens_per_round!, 9);
      const { draft, verify, sampling, overhead } = measures.step_ms!;
      const ms = draft + verify + sampling + overhead;
      expect(total).toBeCloseTo(ms / measures.tokens_per_round!, 9);
      expect(row.positions).toHaveLength(7);
    }
  });

  it('prices rejected tokens at the power and the price of the GPU', async () => {
    const inputs = await inputsOf({ k: [4], batch: [64] });
    const at = (powerW: number | null, priceUsdPerH: number | null) => {
      const specification = { ...inputs.hardware.specification, powerW, priceUsdPerH };
      return explanationOf({ ...inputs, hardware: { ...inputs.hardware, specification } }).rows[0]!;
    };
    const row = at(500, 3.6);
    const { rejected_draft: draft, rejected_verify: verify } = row.ms_per_token;
    const gpuSPerMtok = (1e6 * (draft + verify)) / 1000 / 64;
    expect(row.rejected_joules_per_mtok).toBeCloseTo(500 * gpuSPerMtok, 6);
    expect(row.rejected_usd_per_mtok).toBeCloseTo(0.001 * gpuSPerMtok, 9);
    expect(at(null, null)).toMatchObject({ rejected_joules_per_mtok: null, rejected_usd_per_mtok: null });
  });

  it.each(['eagle3', 'ngram', 'hybrid:ngram+eagle3'])(
    '%s: leads to the bound by gifts that add up, with the optimum on the way',
    async (name) => {
      const inputs = await inputsOf({ method: [name], k: [4], batch: [1, 64] });
      const bench = new Bench(inputs, inputs.traces[0]!, 'clones', new Set());
      const best = { method: parseMethod(name === 'ngram' ? 'best:ngram' : 'best:ngram+eagle3'), k: null };
      for (const { waterfall, ms_per_token: now, batch_size: batch } of explanationOf(inputs).rows) {
        const { step_ms: step, tokens_per_round: tokens } = bench.measures(best, batch);
        const bound = step!.verify / tokens!;
        const saved = waterfall.reduce((sum, gift) => sum + gift.saves_ms, 0);
        expect(saved).toBeCloseTo(now.total - bound, 9);
        const left = Object.fromEntries(
          waterfall.map((gift) => [gift.what.split(' (')[0]!, gift.ms_per_token]),
        );
        const all = step!.draft + step!.verify + step!.sampling + step!.overhead;
        expect(left['the best rounds there are']).toBeCloseTo(all / tokens!, 9);
        // Nothing that replays the recordings is faster than the optimum, and knowing the lengths is no loss.
        const known = left['and not drafted']!;
        expect(known).toBeLessThan(left['rejected tokens verified for nothing']! + 1e-12);
        expect(left['rejected tokens verified for nothing']).toBeLessThan(now.total);
        expect(Math.min(...waterfall.slice(0, -3).map((gift) => gift.ms_per_token))).toBeGreaterThan(
          all / tokens! - 1e-12,
        );
      }
    },
  );

  it('takes a price that is set, which a run of clones refuses', async () => {
    const scenario = completeScenario({
      method: ['eagle3'],
      requests: 5,
      batch: [64],
      set: { 'hardware.price': '3.6 USD/h' },
    });
    await expect(gatherInputs(scenario, folderLibrary)).rejects.toThrow(/no effect with --load clones/);
    const [row] = explanationOf(await gatherInputs(scenario, folderLibrary, { billed: true })).rows;
    const { rejected_draft: draft, rejected_verify: verify } = row!.ms_per_token;
    expect(row!.rejected_usd_per_mtok).toBeCloseTo((0.001 * (1000 * (draft + verify))) / 64, 9);
  });

  it('says of a position that it pays when decoding is faster with it than without', async () => {
    const inputs = await inputsOf({ k: [4], batch: [64] });
    const bench = new Bench(inputs, inputs.traces[0]!, 'clones', new Set());
    const [method] = inputs.methods;
    const rate = (k: number) => {
      const setting = { method: method!, k: Math.max(k, 1) };
      const { step_ms: step, tokens_per_round: tokens } =
        k === 0 ? bench.plainMeasures(setting, 64) : bench.measures(setting, 64);
      return tokens! / (step!.draft + step!.verify + step!.sampling + step!.overhead);
    };
    const { positions } = explanationOf(inputs).rows[0]!;
    expect(positions.map(({ pays }) => pays)).toEqual(
      positions.map(({ position }) => rate(position) > rate(position - 1)),
    );
    expect(new Set(positions.map(({ pays }) => pays)).size).toBe(2);
  });

  it('finds the batch size at which the setting stops paying', async () => {
    const inputs = await inputsOf({ k: [8], batch: [1] });
    const batch = explanationOf(inputs).rows[0]!.break_even_batch!;
    const bench = new Bench(inputs, inputs.traces[0]!, 'clones', new Set());
    expect(bench.row({ method: inputs.methods[0]!, k: 8 }, batch).speedup).toBeLessThanOrEqual(1);
    expect(bench.row({ method: inputs.methods[0]!, k: 8 }, batch - 1).speedup).toBeGreaterThan(1);
  });

  it('ranks what would help, and a free lunch is never a loss', async () => {
    const asked = { k: [3], batch: [32] };
    const { remedies } = explanationOf(await inputsOf(asked)).rows[0]!;
    const speed = async (set: Options['set'] = {}) => {
      const inputs = await inputsOf({ ...asked, set });
      const bench = new Bench(inputs, inputs.traces[0]!, 'clones', new Set());
      return bench.measures({ method: inputs.methods[0]!, k: 3 }, 32).decode_tok_per_s!;
    };
    const wider = remedies.find(({ what }) => what === '20% more memory bandwidth')!;
    const faster = await speed({ 'hardware.memoryBandwidth': '1.2x' });
    expect(wider.gain).toBeCloseTo(faster / (await speed()), 9);
    const gains = remedies.map(({ gain }) => gain);
    expect(gains).toEqual(gains.toSorted((a, b) => b - a));
    expect(Math.min(...gains)).toBeGreaterThanOrEqual(1);
  });

  it('takes nothing for waste where nothing is rejected', async () => {
    const inputs = await inputsOf({ k: [3], batch: [1], acceptance: { eagle3: '1' } });
    for (const { ms_per_token: ms, remedies } of explanationOf(inputs).rows) {
      // Drafts past the end of an output are rejected, whatever is accepted.
      expect((ms.rejected_draft + ms.rejected_verify) / ms.total).toBeLessThan(0.01);
      const better = remedies.find(({ what }) => what.includes('more accepted'))!;
      expect(better.gain).toBeLessThan(1.02);
    }
  });

  it('refuses requests of one token', async () => {
    const inputs = await inputsOf({ k: [3], batch: [1], outputLen: 1 });
    expect(() => explanationOf(inputs)).toThrow(/no request has a second output token/);
  });

  it.each([
    [{ method: ['none'] }],
    [{ method: ['ngram', 'eagle3'] }],
    [{ k: [2, 3] }],
    [{ method: ['oracle:eagle3'] }],
  ])('%j is refused', async (options) => {
    const inputs = await inputsOf(options);
    expect(() => explanationOf(inputs)).toThrow(/explain is about one method and one k/);
  });
});

describeWithRecordings('explaining the recordings', (dir) => {
  it.each(['gsm8k', 'cnn', 'instructcoder', 'sharegpt'])(
    '%s: the share of the time that rejected tokens take rises with the batch, of verification and in all',
    async (dataset) => {
      const trace = [join(dir, `combined_${dataset}.jsonl`)];
      const { rows } = explanationOf(await inputsOf({ trace, k: [3], batch: [1, 32, 128] }));
      const shares = (part: (ms: (typeof rows)[number]['ms_per_token']) => number) =>
        rows.map(({ ms_per_token: ms }) => part(ms) / ms.total);
      const verified = shares((ms) => ms.rejected_verify);
      expect(verified).toEqual(verified.toSorted((a, b) => a - b));
      const wasted = shares((ms) => ms.rejected_draft + ms.rejected_verify);
      expect(wasted).toEqual(wasted.toSorted((a, b) => a - b));
    },
  );
});
