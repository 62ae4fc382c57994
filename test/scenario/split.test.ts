/** Prefill split off: KV bytes by hand, GPUs of both sides, slower links, what cannot be. */
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import type { Row } from '../../src/scenario/result.ts';
import { runScenario } from '../../src/scenario/run.ts';

const BASE: Options = {
  method: ['none', 'eagle3'],
  load: 'closed',
  batch: [1],
  requests: 3,
  promptLen: 1000,
  outputLen: 40,
};
const SPLIT: Options = { prefillReplicas: 1, link: { kv: '2ms,1GB/s' } };

const rowsOf = async (options: Options) =>
  runScenario(await gatherInputs(completeScenario({ ...BASE, ...options }), folderLibrary)).rows;
const ttft = ({ ttft_s: times }: Row) => times!.p50;
const e2e = ({ e2e_s: times }: Row) => times!.mean;

describe('a request alone', () => {
  it('waits for its KV: 1000 tokens of 32 layers, 2 x 8 heads of 128 bf16 numbers, and of the one layer of the head', async () => {
    const [together, split] = await Promise.all([rowsOf({}), rowsOf(SPLIT)]);
    const layer = 2 * 8 * 128 * 2;
    const movesS = [32, 33].map((layers) => 2e-3 + (1000 * layers * layer) / 1e9);
    for (const [i, row] of split.entries()) {
      expect(ttft(row) - ttft(together[i]!)).toBeCloseTo(movesS[i]!, 9);
      expect(e2e(row) - e2e(together[i]!)).toBeCloseTo(movesS[i]!, 9);
      expect(row.tpot_s!.mean).toBeCloseTo(together[i]!.tpot_s!.mean, 12);
      expect(row.kv_transfer_s).toBeCloseTo(movesS[i]!, 9);
      expect(row.prefill_busy_share! + row.decode_busy_share!).toBeLessThan(1);
    }
  });

  it('moves half of it in fp8, and all of it once over two GPUs that have it in halves', async () => {
    const none: Options = { ...SPLIT, method: ['none'] };
    const of = async (options: Options) => (await rowsOf({ ...none, ...options }))[0]!.kv_transfer_s! - 2e-3;
    const [bf16, fp8, tp] = await Promise.all([of({}), of({ kvDtype: 'fp8' }), of({ tp: 2 })]);
    expect(fp8).toBeCloseTo(bf16 / 2, 9);
    expect(tp).toBeCloseTo(bf16, 9);
  });
});

it('a slower link never brings first tokens earlier, and the GPUs of both sides count', async () => {
  const links = ['1us,400GB/s', '1us,10GB/s', '5ms,1GB/s'];
  const options: Options = { batch: [8], requests: 24, prefillReplicas: 2, replicas: 1, tp: 2 };
  const runs = await Promise.all(links.map((kv) => rowsOf({ ...options, link: { kv } })));
  for (const i of [0, 1]) {
    const firsts = runs.map((rows) => rows[i]!.ttft_s!.mean);
    expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
    const { throughput_tok_per_s: all, throughput_per_gpu_tok_per_s: each } = runs[0]![i]!;
    expect(each).toBeCloseTo(all / 6, 9);
  }
});

describe('what cannot be', () => {
  it.each<[Options, string]>([
    [
      { prefillReplicas: 1 },
      '--prefill-replicas 1: KV moves to the replicas that decode, expected --link kv=LATENCY,BANDWIDTH',
    ],
    [{ link: { kv: '1us,1GB/s' } }, '--link kv=1us,1GB/s has no effect without --prefill-replicas'],
    [
      { ...SPLIT, load: 'clones' },
      '--prefill-replicas has no effect with --load clones: a batch is served at once, by one engine',
    ],
    [{ ...SPLIT, cost: 'specdecode-bench' }, '--prefill-replicas has no effect with --cost specdecode-bench'],
    [
      { ...SPLIT, draftGpu: 'l4' },
      '--prefill-replicas 1: draft models are prefilled beside the target, expected no --draft-gpu',
    ],
    [
      { ...SPLIT, target: 'llada-8b', method: ['diffusion:block'] },
      '--prefill-replicas 1: a diffusion model has no prefill of its own, expected methods that write token by token',
    ],
    [
      { prefillReplicas: 1, link: { kv: '1GB/s' } },
      '--link kv: got "1GB/s", expected LATENCY,BANDWIDTH, such as 5us,25GB/s',
    ],
  ])('%j', async (options, message) => {
    await expect(rowsOf(options)).rejects.toThrow(new UserError(message));
  });
});
