import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { lookUp } from '../../src/trace/lookup.ts';
import type { AcceptanceTrace, PositionLengths } from '../../src/trace/trace.ts';

export function readRecording(path: string): AcceptanceTrace {
  const rows = readFileSync(path, 'utf8')
    .split('\n')
    .filter((l) => l.trim())
    .map((l) => JSON.parse(l))
    .filter((r) => r.acc_ngram.acc_len.length < 8192 && r.acc_eagle.acc_len.length < 8192);
  const flat = (get: (r: any) => number[]) => {
    const offsets = new Int32Array(rows.length + 1);
    rows.forEach((r, i) => {
      offsets[i + 1] = offsets[i]! + get(r).length;
    });
    return { offsets, values: rows.flatMap(get) };
  };
  const p = flat((r) => r.prompt_token_ids),
    o = flat((r) => r.generated_token_ids);
  const g = flat((r) => r.acc_ngram.acc_len),
    e = flat((r) => r.acc_eagle.acc_len);
  const tokens = {
    promptOffsets: p.offsets,
    prompt: Int32Array.from(p.values),
    outputOffsets: o.offsets,
    output: Int32Array.from(o.values),
  };
  const found = lookUp(tokens);
  const emitted = Uint8Array.from(g.values);
  const proposed = found.proposed.map((x, i) => Math.max(x, emitted[i]! - 1));
  const diff = (x: Int32Array) => Int32Array.from(rows, (_, i) => x[i + 1]! - x[i]!);
  return {
    name: basename(path),
    provenance: { source: '', target: '', dataset: '', engine: null, licence: null },
    ids: rows.map((r) => r.id),
    promptTokens: diff(p.offsets),
    outputTokens: diff(g.offsets),
    outputLimit: null,
    drafters: new Map<string, PositionLengths>([
      ['ngram', { maxK: 20, offsets: g.offsets, emitted, proposed, kind: 'recording' }],
      [
        'eagle3',
        {
          maxK: 20,
          offsets: e.offsets,
          emitted: Uint8Array.from(e.values),
          proposed: 'always',
          kind: 'recording',
        },
      ],
    ]),
    tokens: null,
  };
}
