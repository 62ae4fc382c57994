/** Tables of plain serving: what is read, what is left out, and the steady state that predicts their rows. */
import { describe, expect, it } from 'vitest';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { closedTpot } from '../../src/scenario/closed-load.ts';
import { contradictions } from '../../src/scenario/contradictions.ts';
import { profileOf } from '../../src/scenario/engine-versions.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario } from '../../src/scenario/options.ts';
import { isPlainServing, readPlainServing } from '../../src/scenario/plain-serving.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { selectServed } from '../../src/scenario/served-rows.ts';

const HEADER =
  'engine,engine_version,model,gpu,gpus,precision,gemm,moe,prompt_tokens,output_tokens,concurrency,tp,dp_attention,moe_tp,moe_ep,ttft_ms,tpot_ms,measured,use';
const row = (concurrency: number, tpot: number, { ttft = 100, use = 'calibrate', dp = 1 } = {}) =>
  `vllm,,meta-llama/Llama-3.1-70B,b200-sxm,1,fp8,fp8,,1024,1024,${concurrency},1,${dp},,,${ttft},${tpot},2025-10-29,${use}`;
const tableOf = (...rows: string[]) => `${[HEADER, ...rows].join('\n')}\n`;

describe('a table of plain serving', () => {
  it('is told by its header', () => {
    expect(isPlainServing(tableOf(row(4, 16)))).toBe(true);
    expect(isPlainServing('measure,value\ntpot_ms,1\n')).toBe(false);
  });

  it('says which profile predicts a row: by version, or by date where none is stated', () => {
    const [read] = readPlainServing(tableOf(row(4, 16)), 'x.csv');
    expect(read).toMatchObject({
      profile: 'vllm-0.11',
      target: 'llama-3.1-70b',
      options: { tp: 1, dtype: 'fp8', kvDtype: 'fp8' },
      load: { promptTokens: 921.6, outputTokens: 921.6, concurrency: 4 },
    });
    expect(profileOf('vllm', '0.19.0', '')).toBe('vllm-0.19');
    expect(profileOf('vllm', '0.10.1', '2026-05-01')).toBe('vllm-0.10');
    expect(profileOf('vllm', 'nightly-5b8c', '2026-04-01')).toBe('vllm-0.19');
    expect(profileOf('mlx', '', '')).toBeNull();
  });

  it('leaves out what contradicts itself, told without a prediction', () => {
    const rows = readPlainServing(
      tableOf(row(4, 16), row(8, 15), row(16, 18), row(16, 21), row(32, 22, { ttft: 9000 }), row(64, 30)),
      'x.csv',
    );
    expect([...contradictions(rows)]).toEqual([
      [6, 'requests waited for memory'],
      [2, 'its time falls as more requests run'],
      [3, 'its time falls as more requests run'],
      [5, 'repeats of it differ'],
      [4, 'repeats of it differ'],
    ]);
  });

  it('leaves out runs that drafted: far faster than another build of their release', () => {
    const run = (build: string, ...tpots: number[]) =>
      tpots.map((tpot, i) => row(4 + i, tpot).replace('vllm,,', `vllm,1.2.0rc6.post${build},`));
    const read = readPlainServing(
      tableOf(...run('2', 10, 11, 12), ...run('3', 6, 7, 11, 13), row(4, 5).replace('vllm,,', 'vllm,1.3.0,')),
      'x.csv',
    );
    expect([...contradictions(read)]).toEqual([5, 6, 7, 8].map((line) => [line, 'its run drafted']));
  });

  it('calibrates with the rows marked so, of the engine and GPU asked for', () => {
    const rows = readPlainServing(
      tableOf(row(4, 16), row(8, 17, { use: 'validate' }), row(8, 17, { dp: 2 })),
      'x.csv',
    );
    const asked = { framework: 'vllm/0.11', target: undefined };
    const taken = selectServed(rows, asked, ['b200-sxm'], 'x.csv');
    expect(taken.figures.map(({ value }) => value)).toEqual([16]);
    expect(taken.leftOut).toEqual(['1 of 2 rows: copies of attention share experts (dp_attention)']);
    expect(() => selectServed(rows, asked, ['h100-sxm'], 'x.csv')).toThrow('vllm-0.11 on b200-sxm');
    expect(() => selectServed(rows, { ...asked, framework: undefined }, ['b200-sxm'], 'x.csv')).toThrow(
      '--framework',
    );
  });
});

it('the steady state of a closed load is that of a long run of it', async () => {
  const inputs = await gatherInputs(
    completeScenario({ method: ['none'], load: 'closed', batch: [8] }),
    folderLibrary,
  );
  const [promptTokens, outputTokens] = [600, 120];
  const requests = 160;
  const trace = {
    ...inputs.traces[0]!,
    ids: Array.from({ length: requests }, (_, r) => String(r)),
    // Different lengths: equal ones stay in step.
    promptTokens: Int32Array.from({ length: requests }, (_, r) => promptTokens + 10 * ((r * 7) % 11) - 50),
    outputTokens: Int32Array.from({ length: requests }, (_, r) => outputTokens + 4 * ((r * 5) % 11) - 20),
    drafters: new Map(),
    tokens: null,
  };
  const run = runScenario({ ...inputs, traces: [trace] }).rows[0]!;
  const steady = closedTpot(inputs)(inputs.engine, { promptTokens, outputTokens, concurrency: 8 });
  expect(Math.abs((1e3 * steady) / (1e3 * run.tpot_s!.mean) - 1)).toBeLessThan(0.03);
});
