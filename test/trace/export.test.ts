/** Acceptance as other tools read it: each written text by hand, and read back where there is a reader. */
import { describe, expect, it } from 'vitest';
import { exportRecord, exportRemark } from '../../src/trace/export.ts';
import { parseRecord } from '../../src/trace/read.ts';
import type { AcceptanceRecord, RatesRecord, RoundsRecord } from '../../src/trace/record.ts';
import { selectRequests } from '../../src/trace/reshape.ts';
import { SAMPLES } from '../acceptance-samples.ts';

it('exports', () => {
  const record = parseRecord(SAMPLES['vllm-bench']!, 't');
  const asked = { method: null, k: null };
  const text = exportRecord(record, 'speculation_profile', { ...asked, method: 'eagle3' }, 't');
  expect(JSON.parse(text)).toMatchObject({
    method: 'eagle3',
    measured: true,
    mean_accept_length: 2.5,
    num_speculative_tokens: 3,
  });
  const again = (parseRecord(text, 't') as RatesRecord).rates[0]!;
  expect(again.marginal).toEqual([0.8, 0.5, 0.2]);
  expect(JSON.parse(exportRecord(record, 'vllm-synthetic', asked, 't'))).toEqual({
    num_speculative_tokens: 3,
    rejection_sample_method: 'synthetic',
    synthetic_acceptance_rates: [0.8, 0.5, 0.2],
  });
  expect(exportRecord(record, 'sglang-simulate', { ...asked, k: 1 }, 't')).toBe(
    'SGLANG_SIMULATE_ACC_LEN=1.8\nSGLANG_SIMULATE_ACC_METHOD=match-expected\nSGLANG_SIMULATE_ACC_TOKEN_MODE=real-draft-token\n',
  );
  expect(() => exportRecord(record, 'sglang-simulate', { ...asked, k: 4 }, 't')).toThrow('expected 1 to 3');
  // Accepted drafts alone: 1.5 of 2.5 tokens.
  expect(exportRecord(record, 'trtllm-force', asked, 't')).toBe(
    'TLLM_SPEC_DECODE_FORCE_NUM_ACCEPTED_TOKENS=1.5\n',
  );
  expect(exportRecord(record, 'atom-synthetic', asked, 't')).toBe(
    '--num-speculative-tokens 3 --spec-decode-acceptance-length 2.5\n',
  );
  expect(() => exportRecord(record, 'frontier', asked, 't')).toThrow('rates alone, expected rounds');
});

it('rounds for Frontier read back as they were, and are cut at a smaller k', () => {
  const record = parseRecord(SAMPLES.frontier!, 't') as RoundsRecord;
  const asked = { method: null, k: null };
  const again = parseRecord(exportRecord(record, 'frontier', asked, 't'), 't') as RoundsRecord;
  const [before, after] = [record.drafters[0]!, again.drafters[0]!];
  expect(after).toEqual({ ...before, ids: after.ids });
  const cut = JSON.parse(exportRecord(record, 'frontier', { ...asked, k: 1 }, 't'));
  // 4, 1, 3 tokens at most two at a time.
  expect(Object.values(cut.per_request_committed_tokens_per_iteration)[0]).toEqual([2, 2, 1, 2, 1]);
});

/** Requests `a` of 3 tokens, `b` of one and `c` of 2, whose confidence is recorded. */
const withConfidence: AcceptanceRecord = {
  kind: 'position-indexed',
  trace: {
    name: 'chat, short',
    provenance: { source: 's', target: 'm', dataset: 'd', engine: null, licence: null },
    ids: ['a', 'b', 'c'],
    promptTokens: Int32Array.of(5, 6, 7),
    outputTokens: Int32Array.of(3, 1, 2),
    outputLimit: null,
    drafters: new Map([
      [
        'eagle3',
        {
          maxK: 2,
          offsets: Int32Array.of(0, 3, 4, 6),
          emitted: Uint8Array.of(1, 2, 1, 1, 1, 3),
          proposed: Uint8Array.of(0, 2, 1, 0, 0, 2),
          kind: 'recording',
          confidence: { depths: 2, list: Uint8Array.of(0, 0, 255, 51, 102, 9, 0, 0, 0, 0, 204, 153) },
        },
      ],
    ]),
    tokens: null,
  },
};

it('requests for Frontier are numbered as it numbers its own, and none is without a round, which it refuses', () => {
  const text = exportRecord(withConfidence, 'frontier', { method: null, k: null }, 't');
  expect(JSON.parse(text)).toEqual({
    per_request_committed_tokens_per_iteration: { 0: [2], 2: [1] },
    per_request_scheduled_draft_tokens_per_iteration: { 0: [2], 2: [2] },
  });
});

describe('rounds for inference-lab', () => {
  const asked = { method: null, k: null };
  const written = (record: AcceptanceRecord, k: number | null = null) =>
    exportRecord(record, 'inference-lab', { method: null, k }, 't');

  it('are what a round accepts at full depth, and the confidence of every draft', () => {
    // 51/255 is 0.2, 204/255 0.8, 153/255 0.6; the round of c accepts two drafts, though its output ends with the first.
    expect(written(withConfidence)).toBe(
      'commits,category,a0,a1\n1,chat-short,1,0.2\n2,chat-short,0.8,0.6\n',
    );
    expect(written(withConfidence, 1)).toBe('commits,category,a0\n1,chat-short,1\n1,chat-short,0.8\n');
    expect(exportRemark(withConfidence, 'inference-lab', asked, 't')).toBe(null);
  });

  it('read back as they were written', () => {
    const [steps] = (parseRecord(written(withConfidence), 't') as RoundsRecord).drafters;
    expect([...steps!.emitted]).toEqual([2, 3]);
    expect(steps!.confidence).toEqual({ depths: 2, list: Uint8Array.of(255, 51, 204, 153) });
  });

  it('say where confidence is assumed, and need rounds', () => {
    const record = parseRecord(SAMPLES.frontier!, 't');
    expect(exportRemark(record, 'inference-lab', asked, 't')).toContain('nobody recorded the confidence');
    expect(written(record)).toBe(written(record));
    expect(() => written(parseRecord(SAMPLES['vllm-bench']!, 't'))).toThrow(
      'rates alone, expected rounds or positions for --to inference-lab',
    );
    const { trace } = withConfidence as Extract<AcceptanceRecord, { kind: 'position-indexed' }>;
    const short: AcceptanceRecord = { kind: 'position-indexed', trace: selectRequests(trace, [1]) };
    expect(() => written(short)).toThrow('t: no rounds');
  });
});
