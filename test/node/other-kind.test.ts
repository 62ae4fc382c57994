/** A file named where another kind is expected is told for what it is. */
import { expect, it } from 'vitest';
import { said } from '../cli/command.ts';

const FILES = 'examples/files';

it.each<[string, string]>([
  [`run --trace ${FILES}/workload.jsonl`, `it reads as a workload: --workload ${FILES}/workload.jsonl`],
  [`run --workload ${FILES}/vllm-server.log`, `it reads as acceptance: --trace ${FILES}/vllm-server.log`],
  [`run --gpu ${FILES}/config.json`, `it reads as a model: --target ${FILES}/config.json`],
  [`run --target ${FILES}/my-gpu.json`, `it reads as a GPU: --gpu ${FILES}/my-gpu.json`],
  [`run ${FILES}/sglang-server.log`, `it reads as acceptance: --trace ${FILES}/sglang-server.log`],
  [
    'run --gpu traces/llama-3.1-8b/gsm8k.json',
    'it reads as acceptance: --trace traces/llama-3.1-8b/gsm8k.json',
  ],
  [`run --trace ${FILES}/scenario.json`, `it reads as a scenario: specsim run ${FILES}/scenario.json`],
  ['run examples/sweep/grid.json', 'it reads as a grid: specsim sweep examples/sweep/grid.json'],
  [`tune --trace gsm8k,${FILES}/my-gpu.json`, `it reads as a GPU: --gpu ${FILES}/my-gpu.json`],
])('%s', async (command, expected) => {
  expect((await said(...command.split(' '))).mistake).toContain(`; ${expected}`);
});

it('a fault in a file of the right kind is told as it is', async () => {
  for (const command of ['run --gpu h1000', 'run --trace none.jsonl', `run ${FILES}/scenario.json --k 0`])
    expect((await said(...command.split(' '))).mistake).not.toContain('it reads as');
});
