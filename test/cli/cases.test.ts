/**
 * What people ask of the files they have, with the real commands: right, or refused with what to do. On files of our own,
 * and on the cases of the field beside the project, where they are.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { SAMPLES } from '../acceptance-samples.ts';
import { said } from './command.ts';

const folder = mkdtempSync(join(tmpdir(), 'specsim-cases-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

const LENGTHS = '--prompt-len 300 --output-len 300 --requests 100';

/** Fields of the last row of a run, each with its value and how far off it may be, relative; or parts of the refusal. */
type Right = Readonly<Record<string, readonly [value: number, within: number]>> | readonly string[];

async function expectRight(command: string, right: Right): Promise<void> {
  const { stdout, mistake } = await said(
    ...command.split(' '),
    ...(Array.isArray(right) ? [] : ['--format', 'json']),
  );
  if (Array.isArray(right)) {
    for (const part of right) expect(mistake).toContain(part);
    return;
  }
  expect(mistake).toBeNull();
  const row = JSON.parse(stdout).rows.at(-1);
  for (const [field, [value, within]] of Object.entries(right as Exclude<Right, readonly string[]>))
    expect(Math.abs(row[field] / value - 1), `${field} ${row[field]}`).toBeLessThan(within);
}

describe('own files', () => {
  const head = {
    architectures: ['DFlashDraftModel'],
    model_type: 'qwen3',
    ...{ hidden_size: 4096, intermediate_size: 12288, num_hidden_layers: 5, vocab_size: 151936 },
    ...{
      num_attention_heads: 32,
      num_key_value_heads: 8,
      head_dim: 128,
      block_size: 16,
      num_target_layers: 36,
    },
    dflash_config: { mask_token_id: 1, target_layer_ids: [1, 9, 17, 25, 33] },
  };

  it.each<[string, () => string, Right]>([
    [
      'rounds that drafted are not all rounds',
      () => 'run --method none,ngram --acceptance ngram=2.6@3/0.4 --k 3 --batch 1 --requests 200',
      { tokens_per_round: [1.64, 0.03], drafted_per_round: [1.2, 0.03] },
    ],
    [
      'a draft head is no model',
      () => `run --target ${file('head.json', JSON.stringify(head))} --method none`,
      ['head.json is a draft head, expected a whole model'],
    ],
    [
      'nor a draft model',
      () =>
        `run --target qwen3-8b --draft ${join(folder, 'head.json')} --method none,draft-model --trace qwen3-8b/gsm8k`,
      ['a head of kind dflash, which no listed method runs, expected --method dflash or dfly'],
    ],
    [
      'k is bounded by what is stated',
      () => 'run --method none,eagle --acceptance eagle=2.18@32 --k 32 --batch 1 --requests 50',
      { tokens_per_round: [2.18, 0.04], drafted_per_round: [32, 1e-9] },
    ],
    [
      'a log straight into a run',
      () =>
        `run --trace ${file('sglang.log', SAMPLES['sglang-log']!)} --method none,eagle3 --k 3 --batch 1 ${LENGTHS}`,
      { drafted_per_round: [3, 1e-9] },
    ],
    [
      'a tree is no chain',
      () =>
        `run --method none,eagle3 --trace ${file(
          'tree.json',
          JSON.stringify({
            meta_info: { spec_verify_ct: 10, spec_draft_token_num: 310, spec_accept_histogram: [5, 4, 1] },
          }),
        )} ${LENGTHS}`,
      ['a tree', '--drafting chain'],
    ],
  ])('%s', (_, command, right) => expectRight(command(), right));
});

it('a recording of the target under the name that engines give it is borrowed by nobody', async () => {
  const scrape = (model: string) =>
    file(
      'scrape.prom',
      SAMPLES['vllm-prometheus']!.replaceAll(/model_name="[^"]*"/g, `model_name="${model}"`),
    );
  const warnings = async (model: string) => {
    const words = `run --trace ${scrape(model)} --method none,eagle3 --batch 1 ${LENGTHS} --format json`;
    return JSON.parse((await said(...words.split(' '))).stdout).warnings.join();
  };
  expect(await warnings('meta-llama/Llama-3.1-8B-Instruct')).not.toContain('borrowed');
  expect(await warnings('Qwen/Qwen3-8B')).toContain('is of Qwen/Qwen3-8B: its acceptance is borrowed');
  expect(await warnings('unknown')).toContain('does not say its target: it is taken as llama-3.1-8b');
});

const CASES = fileURLToPath(new URL('../../../shared/data/cases/', import.meta.url));
if (!existsSync(CASES)) {
  console.warn(`SKIPPED, no cases of the field: there is no folder ${CASES}`);
  it.skip('cases of the field: SKIPPED, there is no folder of them', () => {});
} else {
  describe('cases of the field', () => {
    it.each<[string, Right]>([
      [
        `run --trace ${CASES}vllm-log-ngram-drafting-rounds.log --method none,ngram --k 3 --batch 4 ${LENGTHS}`,
        { tokens_per_round: [1.154, 0.04], speedup: [1.13, 0.045] },
      ],
      [
        `run --workload ${CASES}mooncake-like-bailian.jsonl --method none`,
        { offered_req_per_s: [0.461, 0.03], mean_batch: [1.3, 0.15] },
      ],
      [`run --target ${CASES}dflash-head-config.json --method none`, ['draft head']],
      [
        `run --target qwen3-8b --draft ${CASES}dflash-head-config.json --method none,draft-model --trace qwen3-8b/gsm8k --k 5`,
        ['kind dflash'],
      ],
      [
        `run --trace ${CASES}vllm-log-two-draft-lengths.log --method none,eagle3 --k 4 --batch 1 ${LENGTHS}`,
        { tokens_per_round: [3.17, 0.04], speedup: [2.25, 0.08] },
      ],
      [
        `run --trace ${CASES}sglang-generate-tree.json --method none,eagle3 --k 4 --batch 1,64 ${LENGTHS}`,
        ['a tree'],
      ],
      [
        `run --trace ${CASES}sglang-log-load-ramp.log --method none,eagle3 --batch 1 ${LENGTHS}`,
        { tokens_per_round: [1.68, 0.05] },
      ],
      [
        `run --target ${CASES}config-model-type-outside-text-config.json --method none --set hardware.memoryCapacity=1GB`,
        ['weights take 16.1 GB'],
      ],
      ...['llmservingsim.jsonl', 'sharegpt.json', 'sglang_autobench.jsonl', 'mooncake.jsonl'].map(
        (name): [string, Right] => [`run --workload ${CASES}../formats/${name} --method none`, {}],
      ),
    ])('%s', expectRight);
  });
}
