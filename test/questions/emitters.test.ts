import { describe, expect, it } from 'vitest';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { parseTable, Table } from '../../src/policy/table.ts';
import { EMIT_NAMES, type EmitName } from '../../src/questions/emitted.ts';
import { emit } from '../../src/questions/emitters.ts';
import { type Tuning, tuningOf } from '../../src/questions/tuning.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';

async function tuned(options: Options, maxK = 5) {
  const scenario = completeScenario({ requests: 30, method: ['eagle3'], ...options });
  const inputs = await gatherInputs(scenario, folderLibrary);
  return { tuning: await tuningOf([inputs], maxK), asking: { scenario, inputs: [inputs] } };
}

/** What a schedule that was read back drafts at a batch size. */
function drafted(text: string, batch: number): number {
  const policy = new Table(parseTable(JSON.parse(text), 'the file'), 20);
  policy.stepBegins(batch, 500 * batch);
  return policy.choose();
}

const flagsOf = (text: string) => [...text.matchAll(/--([\w-]+)/g)].map(([, name]) => name);

describe('what is written', async () => {
  const { tuning, asking } = await tuned({ batch: [1, 64, 300] });
  const written = (name: EmitName) => emit(tuning, asking, name);
  const { ranges } = tuning.schedules[0]!.contexts[0]!;

  it('every form is made, and says what was computed', () => {
    for (const name of EMIT_NAMES) {
      const { text, notes } = written(name);
      expect(text).not.toMatch(/undefined|NaN|\n/);
      if (name === 'json') continue;
      expect(notes[0]).toMatch(
        /^eagle3, computed at batch 1, 64, 300; (a size between takes|one setting for all)/,
      );
    }
  });

  it.each(['vllm', 'vllm-2d', 'sglang-adaptive', 'trtllm'] as const)(
    '%s drafts what was found, read back',
    (name) => {
      for (const { lo, hi, k } of ranges) {
        for (const batch of [lo, hi]) expect(drafted(written(name).text, batch)).toBe(k);
      }
    },
  );

  it('has the fields of the engines', () => {
    expect(JSON.parse(written('vllm').text)).toMatchObject({
      method: 'eagle3',
      model: 'yuhuili/EAGLE3-LLaMA3.1-Instruct-8B',
      num_speculative_tokens: ranges[0]!.k,
    });
    expect(written('vllm-serve').text).toMatch(
      /^vllm serve meta-llama\/Llama-3.1-8B-Instruct --speculative-config '\{"method":"eagle3",/,
    );
    // sglang/srt/server_args.py
    expect(Object.keys(JSON.parse(written('sglang').text))).toEqual([
      'speculative-algorithm',
      'speculative-draft-model-path',
      'speculative-num-steps',
      'speculative-eagle-topk',
      'speculative-num-draft-tokens',
    ]);
    // llama.cpp common/arg.cpp and atom/config.py
    expect(flagsOf(written('llamacpp').text)).toEqual([
      ...['spec-type', 'model-draft', 'draft-max', 'draft-min', 'draft-p-min'],
    ]);
    expect(flagsOf(written('atom').text)).toEqual(['method', 'draft-model', 'num-speculative-tokens']);
    // tensorrt_llm/llmapi/llm_args.py: the smallest key has the longest draft
    const { speculative_config: trtllm } = JSON.parse(written('trtllm').text);
    expect(trtllm.draft_len_schedule[Math.min(...Object.keys(trtllm.draft_len_schedule).map(Number))]).toBe(
      trtllm.max_draft_len,
    );
  });

  it('steps per second by verified tokens are those of the single k', () => {
    const { single } = tuning.schedules[0]!;
    // dspark_sps.py: ascending tokens, as many rates, nothing measured above the last
    const table = JSON.parse(written('sglang-sps').text);
    expect(table.sample_batch_tokens).toEqual([1, 64, 300].map((batch) => batch * (single.k + 1)));
    expect(table.max_batch_tokens).toBe(table.sample_batch_tokens.at(-1));
    const rates: number[] = table.sample_steps_per_sec;
    expect(rates.every((rate, i) => i === 0 || rate < rates[i - 1]!)).toBe(true);
  });
});

describe('what was not computed', () => {
  it('a schedule for batch 32 alone covers 32 alone, where a form can say so', async () => {
    const { tuning, asking } = await tuned({ batch: [32] });
    const { schedules } = JSON.parse(emit(tuning, asking, 'json').text);
    expect(schedules[0].best[0].ranges).toMatchObject([{ lo: 32, hi: 32 }]);
    for (const name of ['vllm', 'vllm-2d', 'vllm-serve', 'sglang-adaptive', 'trtllm'] as const) {
      expect(() => emit(tuning, asking, name)).toThrow(
        /nothing was computed below batch 32.*--batch from 1 on/,
      );
    }
    expect(emit(tuning, asking, 'atom').notes[0]).toBe('eagle3, computed at batch 32');
  });

  it.each<[Options, EmitName, RegExp]>([
    [{ method: ['ngram'] }, 'sglang', /SGLang runs none of ngram so, expected eagle or/],
    [
      { method: ['draft-model'], draft: 'llama-3.2-1b', acceptance: { 'draft-model': '0.8' } },
      'sglang-adaptive',
      /SGLang runs none of draft-model so, expected eagle or/,
    ],
    [{ method: ['hybrid:ngram+eagle3'] }, 'vllm', /vLLM runs none of hybrid/],
    [{ tree: ['3x2x5'] }, 'vllm', /chains alone, so that --tree 3x2x5 has no effect; expected no tree/],
    [{ tree: ['chain', '3x2x5'] }, 'sglang-adaptive', /chains alone/],
    [{ trace: ['gsm8k', 'cnn'] }, 'trtllm', /a schedule is of one trace, got gsm8k, cnn/],
  ])('%j as %s is refused', async (options, name, message) => {
    const { tuning, asking } = await tuned({ batch: [1], ...options }, 2);
    expect(() => emit(tuning, asking, name)).toThrow(message);
  });

  it('nothing that pays, and several contexts in a form without, are refused', async () => {
    const { tuning, asking } = await tuned({ batch: [1] }, 2);
    const as = (k: number, contexts: number): Tuning => ({
      ...tuning,
      schedules: tuning.schedules.map((schedule) => ({
        ...schedule,
        contexts: Array.from({ length: contexts }, () => ({
          contextTokens: 1024,
          ranges: [{ lo: 1, hi: 1, k }],
        })),
      })),
    });
    expect(() => emit(as(0, 1), asking, 'vllm')).toThrow(/pays at none of these batch sizes/);
    expect(() => emit(as(2, 2), asking, 'vllm')).toThrow(/vllm-2d/);
    expect(emit(as(2, 1), asking, 'vllm-2d').notes[0]).toBe(
      'eagle3, computed at batch 1 and context 1024; contexts below 1024 and above 1024 take what was found there; above batch 1 nothing was computed: vLLM keeps the last k',
    );
  });

  it('TensorRT-LLM cannot draft more at larger batches', async () => {
    const { tuning, asking } = await tuned({ batch: [1] }, 2);
    const ranges = [
      { lo: 1, hi: 3, k: 1 },
      { lo: 4, hi: 8, k: 2 },
    ];
    const rising = {
      ...tuning,
      schedules: tuning.schedules.map((one) => ({ ...one, contexts: [{ contextTokens: null, ranges }] })),
    };
    expect(() => emit(rising, asking, 'trtllm')).toThrow(/k = 1 there and 2 above/);
  });
});

describe('schedules of other engines', () => {
  it.each<[object, RegExp]>([
    [{ draft_len_schedule: {} }, /is empty/],
    [{ draft_len_schedule: { 4: -1 } }, /got 4: -1, expected a batch size/],
    [{ draft_len_schedule: { x: 1 } }, /expected a batch size of at least 1/],
    [{ 1: { candidate_steps: [1, 3] } }, /slot 1: candidate_steps: got .*expected one number/],
  ])('%j is refused', (json, message) => {
    expect(() => parseTable(json, 'f')).toThrow(message);
  });

  it('TensorRT-LLM drafts nothing above its last size, SGLang goes on', () => {
    const trtllm = JSON.stringify({ speculative_config: { draft_len_schedule: { 4: 4, 8: 2 } } });
    expect([1, 4, 5, 8, 9].map((batch) => drafted(trtllm, batch))).toEqual([4, 4, 2, 2, 0]);
    const sglang = JSON.stringify({
      1: { candidate_steps: [3] },
      8: { candidate_steps: [1] },
      ema_alpha: 0.2,
    });
    expect([1, 7, 8, 900].map((batch) => drafted(sglang, batch))).toEqual([3, 3, 1, 1]);
  });
});
