/** A value of every option with which it acts, for laws that run over all of them. */
import type { OptionName, Options } from '../src/scenario/options.ts';

export const WORKLOAD = 'test/fixtures/vidur.csv';

const PARALLEL: Options = {
  method: ['parallel:draft-model'],
  draft: 'llama-3.2-1b',
  draftGpu: 'l4',
  acceptance: { 'draft-model': '0.7' },
};

/** Another value than the default, and what else has to be there for it to mean something. */
export const OTHER: { readonly [K in OptionName]: readonly [NonNullable<Options[K]>, Options?] } = {
  gpu: ['h200-sxm'],
  set: [{ 'hardware.memoryBandwidth': '1.2x' }],
  tp: [2],
  target: ['qwen3-8b'],
  draft: ['eagle3-qwen3-8b'],
  dtype: ['fp8'],
  engine: ['ideal'],
  method: [['suffix']],
  k: [[5]],
  policy: [['off-above:1']],
  trace: [['cnn']],
  acceptance: [{ eagle3: '0.9' }],
  drafterQuality: [1.1],
  promptLen: [333],
  outputLen: [77],
  batch: [[3]],
  load: ['poisson:7'],
  replicas: [2],
  router: ['least-loaded', { replicas: 2, requests: 40 }],
  workload: [WORKLOAD],
  timeScale: [3],
  duration: [0.5],
  slo: ['ttft=20ms'],
  requests: [5],
  keepTruncated: [true],
  seed: [7],
  cost: ['specdecode-bench'],
  tree: [['3x4x21'], { missCapture: '0.27,0.14,0.07' }],
  missCapture: ['0.3,0.1', { tree: ['3x4x21'] }],
  kvDtype: ['fp8'],
  draftDtype: ['fp8'],
  ignoreContextLimit: [true],
  draftGpu: ['l4'],
  draftTp: [1, { tp: 2 }],
  ahead: ['0.5,2', PARALLEL],
  accept: ['sample:1'],
  block: [16, { method: ['diffusion:block'], unmask: '2' }],
  unmask: ['threshold:0.9', { method: ['diffusion:block'] }],
  ep: [2, { target: 'mixtral-8x7b', tp: 2, method: ['none'] }],
  dpAttention: [2, { target: 'mixtral-8x7b', tp: 2, method: ['none'] }],
  pp: [2, { link: { stage: '5ms,1000Mb/s' } }],
  beyondTable: [true, { cost: 'table:test/fixtures/step-table.csv' }],
  confidence: [0.9, { policy: ['budget:auto'], load: 'closed', method: ['eagle3'] }],
  link: [{ stage: '5ms,1000Mb/s' }, { pp: 2 }],
};
