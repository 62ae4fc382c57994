/**
 * Config hashes and ids of points: a stored result is found again by them, so none may change. A scenario for each way
 * in which a hash treats an option, and a small grid; test/hashes.json holds the hashes, `npm run golden` writes it anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folderLibrary } from '../src/node/folder-library.ts';
import { gatherInputs } from '../src/scenario/inputs.ts';
import { completeScenario, parseOptions } from '../src/scenario/options.ts';
import { expandGrid } from '../src/sweep/grid.ts';
import { Identity } from '../src/sweep/identity.ts';

const FILE = join(import.meta.dirname, 'hashes.json');

const SCENARIOS: [what: string, options: Record<string, unknown>][] = [
  ['defaults alone', {}],
  [
    'the same, written out',
    {
      gpu: 'h100-sxm',
      k: 3,
      policy: 'fixed',
      load: 'clones',
      'drafter-quality': 1,
      'time-scale': 1,
      seed: 1,
    },
  ],
  ['another number of an option in every hash', { seed: 2, batch: '1,2', tp: 2 }],
  ['a shipped GPU and engine', { gpu: 'l40s', engine: 'ideal', method: 'none,eagle3', requests: 5 }],
  [
    'a GPU and an engine from files',
    {
      gpu: 'hardware-profiles/l40s.json',
      engine: 'hardware-profiles/engines/vllm-0.10.json',
      method: 'none,eagle3',
      requests: 5,
    },
  ],
  ['a shipped draft head', { target: 'llama-3-70b', tp: 4, method: 'none,eagle', requests: 5 }],
  [
    'values that were set',
    {
      set: { 'engine.layerLaunch': '2us', 'hardware.memoryBandwidth': '1.2x' },
      method: 'none,eagle3',
      requests: 5,
    },
  ],
  [
    'the same, set in another order',
    {
      set: { 'hardware.memoryBandwidth': '1.2x', 'engine.layerLaunch': '2us' },
      method: 'none,eagle3',
      requests: 5,
    },
  ],
  ['a policy', { policy: 'goodput', method: 'none,eagle3', requests: 5 }],
  [
    'a policy from a file',
    { policy: 'table:examples/files/draft-table.json', method: 'none,eagle3', requests: 5 },
  ],
  ['two traces', { trace: 'gsm8k,cnn', method: 'none,eagle3', requests: 5 }],
  ['a trace from a file', { trace: 'test/fixtures/vllm_responses.jsonl', method: 'none,eagle3', k: 2 }],
  ['stated acceptance', { acceptance: { eagle: '0.62' }, method: 'none,eagle', requests: 5 }],
  ['a workload', { workload: 'test/fixtures/vidur.csv', method: 'none,eagle3', 'time-scale': 2 }],
  [
    'an option left out at its default: drafter-quality',
    { 'drafter-quality': 1.1, method: 'none,eagle3', requests: 5 },
  ],
  [
    'an option left out at its default: duration',
    { load: 'poisson:4', duration: 10, method: 'none,eagle3', requests: 5 },
  ],
  [
    'both that are left out at their default',
    { load: 'poisson:4', duration: 10, 'drafter-quality': 1.1, method: 'none,eagle3', requests: 5 },
  ],
  [
    'replicas, a router and limits',
    {
      load: 'gamma:8,2',
      replicas: 2,
      router: 'least-loaded',
      slo: 'ttft=500ms',
      method: 'none,eagle3',
      requests: 5,
    },
  ],
  [
    'lengths, a number format and the other cost model',
    {
      'prompt-len': 200,
      'output-len': 50,
      dtype: 'fp8',
      cost: 'specdecode-bench',
      method: 'none,eagle3',
      requests: 5,
    },
  ],
];

const GRID = {
  gpu: ['h100-sxm', 'hardware-profiles/l40s.json'],
  method: ['none', 'eagle3'],
  k: [1, 3],
  load: ['clones', 'poisson:5'],
  drafterQuality: [1, 1.2],
  set: { 'hardware.memoryBandwidth': '1.1x' },
  batch: 8,
  requests: 5,
};

async function configHashes(): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const [what, options] of SCENARIOS) {
    const scenario = completeScenario(parseOptions(options, (key) => key));
    hashes[what] = (await gatherInputs(scenario, folderLibrary)).configHash;
  }
  return hashes;
}

async function pointIds(): Promise<Record<string, string>> {
  const identity = new Identity(folderLibrary);
  const ids: Record<string, string> = {};
  for (const { axes, scenario } of expandGrid(GRID, 'grid')) {
    ids[Object.values(axes).join(' ')] = await identity.of(scenario);
  }
  return ids;
}

it('hashes and ids are those of before', async () => {
  const found = { configs: await configHashes(), points: await pointIds() };
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(FILE, `${JSON.stringify(found, null, 2)}\n`);
  else expect(found).toEqual(JSON.parse(readFileSync(FILE, 'utf8')));

  // Scenarios that say the same in other words share a hash, and no others do.
  const same = SCENARIOS.filter(([what]) => what.startsWith('the same'));
  expect(new Set(Object.values(found.configs)).size).toBe(SCENARIOS.length - same.length);
});
