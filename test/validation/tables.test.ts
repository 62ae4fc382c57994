/** Measured kernels and served requests against the profiles that ship, and how validate sorts and refuses tables. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { mistake, specsim } from '../../src/cli/program.ts';
import { readOps } from '../../src/cost/calibration/tables.ts';
import { kernelSets } from '../../src/node/kernel-tables.ts';
import { SERVING_RUNS, servingPoints } from '../../src/node/serving-runs.ts';
import { errorSizes } from '../../src/node/validation.ts';
import { expectCommitted } from '../committed.ts';
import { describeWithTables } from '../ops-tables.ts';

describeWithTables('measured kernels and served requests', (_read, folder) => {
  it('are missed by as much as was committed', { timeout: 180_000 }, async () => {
    const kernels = await kernelSets(folder, null);
    const served = await Promise.all(
      SERVING_RUNS.map(async (run) => ({ set: run.set, points: await servingPoints(folder, run) })),
    );
    expectCommitted('committed-tables.csv', [
      ...served.map(({ set, points }) => ({
        set,
        role: 'validation',
        points: points.length,
        ...errorSizes(points),
      })),
      ...kernels.map(({ set, rows, points }) => ({
        set,
        rows,
        role: rows === 'fitted' ? 'calibration' : 'validation',
        points: points.length,
        ...errorSizes(points),
      })),
    ]);
  });
});

describe('tables made up', () => {
  /** The H100's profile says 4096 x 8192 weights take 26.36 us for one token: t0, and bytes at 0.8864 of 3.35 TB/s. */
  const MEMORY_US = 3.753 + (1e6 * 2 * (4096 * 8192 + 12288)) / (0.8864 * 3.35e12);
  const HEADER = 'framework,gemm_dtype,kernel_source,n,k,m1';
  const folder = mkdtempSync(join(tmpdir(), 'specsim-'));
  mkdirSync(join(folder, 'gemm'));
  writeFileSync(
    join(folder, 'gemm', 'h100_sxm.csv'),
    [
      HEADER,
      `vllm/0.24.0,bfloat16,torch.nn.functional.linear,4096,8192,${MEMORY_US}`,
      `vllm/0.24.0,bfloat16,another,4096,8192,${MEMORY_US / 1.1}`,
      `sglang/0.5,bfloat16,linear,4096,8192,${MEMORY_US / 0.9}`,
      `vllm/0.24.0,bfloat16,torch.nn.functional.linear,256,256,3`,
      'vllm/0.24.0,nvfp4,linear,4096,8192,9',
      '',
    ].join('\n'),
  );
  vi.stubEnv('SPECSIM_OPS', undefined);
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  afterAll(() => {
    vi.unstubAllEnvs();
    write.mockRestore();
  });
  const printed = async (...args: string[]) => {
    write.mockClear();
    const line = await specsim(['validate', ...args]).then(() => null, mistake);
    return { line, stdout: write.mock.calls.map(([text]) => text).join('') };
  };

  it('sorts rows into those fitted, other kernels and other sizes; only the first are calibration', async () => {
    const sets = await kernelSets(folder, 'kernels-h100-gemm');
    expect(sets.map(({ rows, points }) => [rows, points.length])).toEqual([
      ['fitted', 1],
      ['other kernels', 2],
      ['other sizes', 1],
    ]);
    expect(sets[0]!.points[0]!.error).toBeCloseTo(0, 1);
    expect(sets[1]!.points.map(({ error }) => Math.round(error))).toEqual([10, -10]);
    expect(sets[1]!.points[1]!.setting).toBe('sglang 0.5 linear: 4096 x 8192, 1 tokens');
  });

  it('prints them by role, and every point as JSON where one set is asked for', async () => {
    const { stdout } = await printed('--set', 'kernels-h100-gemm', '--ops', folder);
    expect(stdout).toMatch(/kernels-h100-gemm +fitted +calibration +1 +0\.0%/);
    expect(stdout).toMatch(/kernels-h100-gemm +other kernels +validation +2 +10\.0% +-$/m);
    expect(stdout).toMatch(/^kernels-h100-gemm +10%$/m);
    const asJson = await printed('--set', 'kernels-h100-gemm', '--ops', folder, '--format', 'json');
    const json = JSON.parse(asJson.stdout);
    expect(json.sets.map(({ role }: { role: string }) => role)).toEqual([
      'calibration',
      'validation',
      'validation',
    ]);
    expect(json.rows).toHaveLength(4);
    expect(json.rows[0].measured_us).toBeCloseTo(MEMORY_US, 9);
  });

  it.each<[string, string[], RegExp]>([
    [
      'a set without tables',
      ['--set', 'kernels-h100-gemm'],
      /^--set kernels-h100-gemm: missing --ops, expected the folder/,
    ],
    ['no folder', ['--set', 'kernels-h100-gemm', '--ops', '/nowhere'], /nowhere: no such file/],
    [
      'a set whose table is missing',
      ['--set', 'kernels-h200-gemm', '--ops', folder],
      /holds no table of kernels-h200-gemm, expected such as/,
    ],
    ['a run whose table is missing', ['--set', 'serving-rtx-4090-llama-8b', '--ops', folder], /no such file/],
    ['an unknown set', ['--set', 'kernels-h100-gem', '--ops', folder], /nearest is kernels-h100-gemm/],
  ])('refuses %s', async (_, args, message) => {
    const { line, stdout } = await printed(...args);
    expect(line).toMatch(message);
    expect(line).not.toContain('\n');
    expect(stdout).toBe('');
  });

  it('experts are read with the groups they are spread over, collectives without those that are no all-reduces', () => {
    const experts = readOps(
      'framework,moe_dtype,kernel_source,hidden_size,inter_size,topk,num_experts,moe_tp_size,moe_ep_size,distribution,t1,t8\n' +
        'vllm/1,bfloat16,fused,2048,768,8,128,2,1,balanced,40,\nvllm/1,bfloat16,fused,2048,768,8,128,1,4,balanced,9,9\n',
      'moe.csv',
      [],
    ).experts;
    const read = { dtype: 'bf16', hidden: 2048, perToken: 8, count: 128, routing: 'balanced' };
    expect(experts).toMatchObject([
      { ...read, groups: 1, ffn: 384, tokens: 1, seconds: expect.closeTo(40e-6, 12) },
      { ...read, groups: 4, ffn: 768, tokens: 1, seconds: expect.closeTo(9e-6, 12) },
      { ...read, groups: 4, ffn: 768, tokens: 8, seconds: expect.closeTo(9e-6, 12) },
    ]);
    const { allReduce } = readOps(
      'system,framework,kernel_source,num_gpus,bytes,us\nh,nccl/2,NCCL_all_gather,2,4096,5\nh,nccl/2,NCCL_all_reduce,2,4096,7\n',
      'comm.csv',
      [],
    );
    expect(allReduce).toMatchObject([{ kernel: 'NCCL_all_reduce' }]);
  });
});
