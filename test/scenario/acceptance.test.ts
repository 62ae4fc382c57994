/** What a run says of acceptance that a file or a statement leaves open, and what it replays of it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { SAMPLES } from '../acceptance-samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'specsim-acceptance-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const FEW = { requests: 60, promptLen: 20, outputLen: 200, batch: [1] } as const;
const inputsOf = (options: Options) => gatherInputs(completeScenario({ ...FEW, ...options }), folderLibrary);
const rowOf = async (options: Options) => {
  const { rows } = await runScenario(await inputsOf(options));
  return rows.find(({ method }) => method !== 'none')!;
};

describe('what is stated', () => {
  it('--acceptance with a share: 1.64 tokens a round, 1.2 drafted', async () => {
    const row = await rowOf({ method: ['none', 'ngram'], k: [3], acceptance: { ngram: '2.6@3/0.4' } });
    expect(Math.abs(row.tokens_per_round! - 1.64)).toBeLessThan(0.04);
    expect(Math.abs(row.drafted_per_round! - 1.2)).toBeLessThan(0.04);
  });

  it('EAGLE at k = 32 runs, and pays 32', async () => {
    const row = await rowOf({ method: ['none', 'eagle'], k: [32], acceptance: { eagle: '2.18@32' } });
    expect(Math.abs(row.tokens_per_round! / 2.18 - 1)).toBeLessThan(0.04);
    expect(row.drafted_per_round).toBe(32);
  });
});

describe('what a file leaves open', () => {
  const log = file('a.log', SAMPLES['vllm-log']!);
  const open = /counts only rounds that drafted/;

  it('look-up of a source that counts rounds that drafted is an upper bound, and says so', async () => {
    const { warnings } = await inputsOf({ trace: [log], method: ['none', 'ngram'], k: [3] });
    expect(warnings.find((line) => open.test(line))).toContain('--acceptance ngram=MEAN@K/SHARE');
  });

  it('a head drafts in every round', async () => {
    const { warnings } = await inputsOf({ trace: [log], method: ['none', 'eagle3'], k: [3] });
    expect(warnings.some((line) => open.test(line))).toBe(false);
  });

  it('a mean length is taken at the k asked for, and says so', async () => {
    const path = file('b.jsonl', SAMPLES['sglang-bench']!);
    const { warnings } = await inputsOf({ trace: [path], method: ['none', 'eagle3'], k: [4] });
    expect(warnings.join('\n')).toContain('its mean length is taken as that of k = 4');
    await expect(inputsOf({ trace: [path], method: ['none', 'eagle3'], k: [1] })).rejects.toThrow(
      'expected a draft length of at least 2, not 1',
    );
    await expect(inputsOf({ trace: [path], method: ['none', 'eagle3'], k: [2, 4] })).rejects.toThrow(
      'trace import',
    );
  });

  it('k beyond what was recorded names that, whatever it is', async () => {
    const row = rowOf({ trace: [log], method: ['none', 'eagle3'], k: [5] });
    await expect(row).rejects.toThrow('was recorded with k = 3; expected k of at most that');
  });

  it('rounds that ran say how low a policy that drafts less is, and a fixed length does not', async () => {
    const rounds = file('rounds.jsonl', SAMPLES['vllm-detailed']!);
    const said = async (policy: string) =>
      (
        await inputsOf({ trace: [rounds], method: ['eagle3'], k: [3], policy: [policy], requests: 1 })
      ).warnings.join();
    expect(await said('goodput')).toContain('throughput 0 to 6% low');
    expect(await said('fixed')).not.toContain('throughput');
    expect(await said('fixed')).toContain('a lower bound (docs/formats.md)');
  });

  it('a workload without times says so where times matter', async () => {
    const chats = file(
      'c.jsonl',
      '{"prompt":"a question of some length","completion":"and its answer"}\n'.repeat(3),
    );
    const said = async (load: string) =>
      (
        await gatherInputs(completeScenario({ workload: chats, method: ['none'], load }), folderLibrary)
      ).warnings.join('\n');
    expect(await said('recorded')).toContain('all come at once');
    expect(await said('poisson:3')).not.toContain('all come at once');
    expect(await said('poisson:3')).toContain('estimated');
  });
});
