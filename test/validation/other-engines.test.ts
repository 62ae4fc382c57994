/**
 * Engines that have no profile, and machines that are not those of an engine's calibration (kind 7 of what people run): the
 * answer says that the engine decides, its interval holds what was measured, and the classes that make it so wide are what
 * these five speedups say. They test nothing but that.
 *
 * Sources: sgl-project/SpecForge issue 339 (SGLang, two H100), InventiveHQ/speculative-decoding-consumer-gpus (llama.cpp, RTX 5060 Ti),
 * lmstudio-ai/mlx-engine issue 103 (MLX, M1 Pro; the acceptance is not told: two of two drafts in half of the rounds is taken).
 */
import { expect, it } from 'vitest';
import { fitClasses, type Judged } from '../../src/node/class-fit.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { Setups } from '../../src/scenario/setup.ts';
import { classesOf, TRUST_CLASSES } from '../../src/scenario/trust.ts';

const QWEN2_5 = {
  architectures: ['Qwen2ForCausalLM'],
  model_type: 'qwen2',
  hidden_act: 'silu',
  rms_norm_eps: 1e-6,
  torch_dtype: 'bfloat16',
};

/** GPUs and models that are not in the catalogue. */
const FILES: Readonly<Record<string, object>> = {
  'qwen2.5-14b.json': {
    ...QWEN2_5,
    hidden_size: 5120,
    intermediate_size: 13824,
    num_hidden_layers: 48,
    num_attention_heads: 40,
    num_key_value_heads: 8,
    vocab_size: 152064,
    tie_word_embeddings: false,
  },
  'qwen2.5-0.5b.json': {
    ...QWEN2_5,
    hidden_size: 896,
    intermediate_size: 4864,
    num_hidden_layers: 24,
    num_attention_heads: 14,
    num_key_value_heads: 2,
    vocab_size: 151936,
    tie_word_embeddings: true,
  },
  'rtx-5060-ti.json': {
    architecture: 'blackwell-rtx',
    specification: {
      memoryCapacity: '16 GB',
      memoryBandwidth: '448 GB/s',
      denseFlops: { bf16: '47 TFLOP/s' },
    },
  },
  'm1-pro.json': {
    specification: {
      memoryCapacity: '32 GB',
      memoryBandwidth: '200 GB/s',
      denseFlops: { bf16: '10 TFLOP/s' },
    },
  },
};

const library = {
  ...folderLibrary,
  file: async (named: string) =>
    named in FILES ? { text: JSON.stringify(FILES[named]), where: named } : folderLibrary.file(named),
};

/** Classes that these speedups alone tell. */
const TOLD = ['experts elsewhere', 'generation'];

interface Case {
  readonly options: Options;
  readonly batch: number;
  readonly measured: number;
}

const SGLANG: Options = {
  gpu: 'h100-sxm',
  target: 'qwen3-30b-a3b',
  tp: 2,
  engine: 'sglang-0.5',
  method: ['none', 'eagle3'],
  acceptance: { eagle3: '1.86@3' },
  k: [3],
};
const DRAFT_MODEL: Options = { method: ['none', 'draft-model'] };
const LLAMA_CPP: Options = {
  ...DRAFT_MODEL,
  gpu: 'rtx-5060-ti.json',
  target: 'qwen2.5-14b.json',
  dtype: 'int4',
  draft: 'qwen2.5-0.5b.json',
  k: [5],
};
const MLX: Options = {
  ...DRAFT_MODEL,
  gpu: 'm1-pro.json',
  target: 'llama-3.1-8b',
  dtype: 'int4',
  draft: 'llama-3.2-1b',
  draftDtype: 'int4',
  k: [2],
};
const CASES: readonly Case[] = [
  { options: SGLANG, batch: 1, measured: 159.78 / 222.47 },
  { options: SGLANG, batch: 4, measured: 447.9 / 566.21 },
  { options: { ...LLAMA_CPP, acceptance: { 'draft-model': '4.09@5' } }, batch: 1, measured: 1.57 },
  { options: { ...LLAMA_CPP, acceptance: { 'draft-model': '4.94@5' } }, batch: 1, measured: 1.85 },
  { options: { ...MLX, acceptance: { 'draft-model': '2@2' } }, batch: 1, measured: 33.9 / 38 },
];

it('intervals of engines and machines that nobody calibrated hold what was measured, and say so', async () => {
  const judged: Judged[] = [];
  for (const { options, batch, measured } of CASES) {
    const scenario = completeScenario({ requests: 60, ...options, batch: [batch] });
    const inputs = await gatherInputs(scenario, library);
    expect(inputs.trust.level).toBe('far');
    expect(inputs.trust.reasons.join()).toContain('the engine decides');
    const { rows } = runScenario(inputs);
    const row = rows.find(({ method }) => method !== 'none')!;
    const [trace] = inputs.traces;
    const method = inputs.methods.find(({ kind }) => kind !== 'none')!;
    const setup = new Setups(inputs, trace!, new Set()).of({ method, k: options.k![0]! }, batch);
    const others = classesOf(inputs, setup, trace!, batch).filter(({ of }) => !TOLD.includes(of.name));
    const known = Math.hypot(
      row.uncertainty!.model,
      ...others.map(({ of, by }) => Math.sqrt(by) * of.speedup),
    );
    judged.push({
      measured,
      predicted: row.speedup!,
      uncertainty: { ...row.uncertainty!, model: known },
      classes: classesOf(inputs, setup, trace!, batch).flatMap(({ of: { name }, by }) =>
        TOLD.includes(name) ? [{ name, by }] : [],
      ),
    });
    expect(row.speedup_lo!).toBeLessThan(measured);
    expect(row.speedup_hi!).toBeGreaterThan(measured);
  }
  const fitted = fitClasses(judged);
  for (const name of TOLD) {
    const shipped = TRUST_CLASSES.find((one) => one.name === name)!.speedup;
    expect(Math.abs(Math.log(shipped / fitted.get(name)!)), name).toBeLessThan(Math.log(1.15));
  }
});
