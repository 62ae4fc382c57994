/** Recording one's own models and texts: what the script writes without a GPU, and hostile files of texts. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { forgetInputs } from '../../src/node/input.ts';
import { readRecordFile } from '../../src/node/record-file.ts';
import { recordLookUp } from '../../src/node/record-ngram.ts';
import { parseAcceptRule } from '../../src/trace/accept-rule.ts';
import { NOTHING_STATED } from '../../src/trace/formats/format.ts';
import { LOOK_UPS } from '../../src/trace/lookup.ts';
import { FormerOutputs, lookUpTrace, withLookUps } from '../../src/trace/record-look-up.ts';
import { relabelled } from '../../src/trace/relabel.ts';
import { parseRequestText } from '../../src/trace/request-text.ts';
import type { AcceptanceTrace } from '../../src/trace/trace.ts';

const script = fileURLToPath(new URL('../../scripts/record_traces.py', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'specsim-record-'));

async function traceIn(path: string): Promise<AcceptanceTrace> {
  const record = await readRecordFile(path, NOTHING_STATED, null);
  if (record.kind !== 'position-indexed') throw new Error(record.kind);
  return record.trace;
}

if (spawnSync('python3', ['--version']).status !== 0) {
  console.warn('SKIPPED, no python3: scripts/record_traces.py --selftest');
  test.skip('scripts/record_traces.py: SKIPPED, no python3', () => {});
} else {
  describe('scripts/record_traces.py', () => {
    it('passes its own test and writes a trace that is read', async () => {
      const out = join(folder, 'self.jsonl.gz');
      const output = execFileSync('python3', [script, '--selftest', '--out', out], { encoding: 'utf8' });
      expect(output).toMatch(/^selftest passed/);
      const { ids, drafters, outputTokens, tokens, provenance } = await traceIn(out);
      expect(ids).toEqual(['r0', 'r1', 'r2']);
      expect([...outputTokens]).toEqual([40, 41, 42]);
      expect(tokens!.prompt).toEqual(Int32Array.of(1, 2, 2, 3, 3, 4));
      expect(provenance).toMatchObject({ target: 'made-up', draft: 'made-up' });
      const lengths = drafters.get('draft-model')!;
      expect(lengths).toMatchObject({ maxK: 4, proposed: 'always', kind: 'recording' });
      // Where the draft is right its token is the target's first choice, and relaxed acceptance keeps the others too.
      const { lengths: relaxed, grade } = relabelled(lengths, parseAcceptRule('relaxed:10,0.6')!, 'x', 1);
      expect(grade).toBe('first mismatch');
      expect(relaxed.emitted[1]).toBe(5);
      // The draft errs after multiples of 5: lengths before such a token end there.
      for (let r = 0; r < 3; r++) {
        const [begin, end] = [lengths.offsets[r]!, lengths.offsets[r + 1]!];
        for (let at = begin + 1; at < end; at++) {
          let accepted = 0;
          while (accepted < 4 && at + accepted < end && tokens!.output[at + accepted - 1]! % 5 !== 0)
            accepted++;
          // Where it errs it says 0, which may be right.
          expect(lengths.emitted[at]!).toBeGreaterThanOrEqual(1 + accepted);
        }
      }
    });

    const withTorch = ['python3', '/usr/bin/python3'].find(
      (python) => spawnSync(python, ['-c', 'import torch']).status === 0,
    );
    if (withTorch === undefined) {
      console.warn('SKIPPED, no PyTorch: recording tiny models');
      it.skip('records tiny models: SKIPPED, no PyTorch', () => {});
    } else {
      it('records tiny models', async () => {
        const python = (...args: string[]) =>
          execFileSync(withTorch, args, { encoding: 'utf8', stdio: 'pipe' });
        expect(python(script, '--selftest')).toContain('selftest passed, models included');
        const prompts = join(folder, 'prompts.jsonl');
        const out = join(folder, 'tiny.jsonl.gz');
        writeFileSync(prompts, '{"prompt":"a bead"}\n{"id":"b","prompt":"dig a hole"}\n');
        const asked = [
          '--target',
          'target',
          '--draft',
          'draft',
          '--prompts',
          prompts,
          '--k',
          '5',
          '--out',
          out,
        ];
        python(
          '-c',
          `import sys, torch; sys.path.insert(0, ${JSON.stringify(dirname(script))}); import record_traces as r; r.record(r.arguments(sys.argv[1:]), r.TinyModels(torch))`,
          ...[...asked, '--max-new-tokens', '20', '--licence', 'MIT'],
        );
        const trace = await traceIn(out);
        expect(trace).toMatchObject({ name: 'prompts', ids: ['1', 'b'], outputLimit: 20 });
        expect(trace.provenance).toMatchObject({ target: 'target', draft: 'draft', licence: 'MIT' });
        const lengths = trace.drafters.get('draft-model')!;
        expect(lengths).toMatchObject({ maxK: 5, offsets: trace.tokens!.outputOffsets });
      });
    }

    it('refuses what it cannot do in one line', () => {
      for (const args of [
        ['--k', '3'],
        ['--prompts', 'p', '--draft', 'd', '--out', 'o.jsonl'],
        ['--out', 'x.txt'],
      ]) {
        const { status, stderr } = spawnSync('python3', [script, ...args], { encoding: 'utf8' });
        expect(status).toBe(2);
        expect(stderr.trim()).toMatch(/^record_traces\.py: [^\n]*expected[^\n]*$/);
      }
    });
  });
}

const ids = (prompt: unknown, output: unknown) =>
  JSON.stringify({ prompt_token_ids: prompt, output_token_ids: output });

describe('the text of a request', () => {
  it('goes by many names, token ids before text', () => {
    const line = '{"id":7,"prompt":"a b","input_ids":[1,2],"output_ids":[3]}';
    expect(parseRequestText(line, 'f')).toEqual({ id: '7', unit: 'token ids', prompt: [1, 2], output: [3] });
    expect(parseRequestText('{"prompt":[1],"prompt_token_ids":null,"output":[2]}', 'f')).toMatchObject({
      id: null,
      prompt: [1],
    });
  });

  it('is split into words where it is text', () => {
    const line = '{"prompt":"Add a1 to b: été","completion":"b, a1"}';
    // Add a 1 to b : été | b , a 1
    expect(parseRequestText(line, 'f')).toMatchObject({
      unit: 'words',
      prompt: [0, 1, 2, 3, 4, 5, 6],
      output: [4, 7, 1, 2],
    });
  });

  it.each([
    ['{"prompt_token_ids":[1', 'the json object is cut off'],
    ['nonsense', 'not valid json'],
    ['[1]', 'the line is [1], expected an object'],
    ['{"output":"a"}', 'no prompt, expected one of the fields prompt_token_ids, '],
    ['{"prompt":"a"}', 'no output, expected one of the fields output_token_ids, '],
    ['{"prompt":"a","output_ids":[1]}', 'prompt is text and output_ids is token ids, expected both alike'],
    [ids([1, -1], [2]), 'prompt_token_ids[1] is -1, expected an integer 0 to 2147483647'],
    [ids([1], [2.5]), 'output_token_ids[0] is 2.5'],
    [ids([1], [2 ** 31]), 'output_token_ids[0] is 2147483648'],
    [ids([1], ['2']), 'output_token_ids[0] is "2"'],
    [ids({}, [2]), 'prompt_token_ids is {}, expected a list'],
    ['{"prompt_token_ids":[NaN],"output_ids":[1]}', 'not valid json'],
    ['{"id":"","prompt":"a","output":"b"}', 'id is "", expected a text'],
  ])('%s is refused', (line, message) => {
    expect(() => parseRequestText(line, 'f, line 3')).toThrow(UserError);
    expect(() => parseRequestText(line, 'f, line 3')).toThrow(message);
  });
});

describe('outputs of earlier requests', () => {
  const suffix = { method: 'suffix', minMatch: 2, maxK: 6, across: 100 } as const;
  const request = (prompt: number[], output: number[]) =>
    ({ id: null, unit: 'token ids', prompt, output }) as const;
  const meta = {
    name: 't',
    provenance: { source: '', target: '', dataset: '', engine: null, licence: null },
  };
  const column = (former: readonly number[], output: number[]) =>
    lookUpTrace(request([1, 2], output), 'a', suffix, meta, former).drafters.get('suffix')!;

  /** Behind 5 6 the earlier output went on with 7 8 and ended, whatever came after it. */
  it('are searched, each to its end', () => {
    const former = new FormerOutputs(100);
    former.add([5, 6, 7, 8]);
    former.add([9, 9]);
    const { emitted, proposed, offsets } = column(former.tokens, [5, 6, 7, 8, 4]);
    expect([...emitted]).toEqual([1, 1, 3, 2, 1]);
    expect([...(proposed as Uint8Array)]).toEqual([0, 0, 2, 1, 0]);
    expect([...offsets]).toEqual([0, 5]);
    expect([...column([], [5, 6, 7, 8, 4]).emitted]).toEqual([1, 1, 1, 1, 1]);
  });

  it('are forgotten from the oldest on', () => {
    const former = new FormerOutputs(4);
    former.add([5, 6, 7]);
    former.add([8, 9]);
    expect(former.tokens).toEqual([-1, 8, 9, -2]);
  });
});

describe('record-ngram', () => {
  const recorded = async (text: string | Uint8Array, name = 'out.csv'): Promise<AcceptanceTrace> => {
    const tokens = join(folder, 'in.jsonl');
    const out = join(folder, name);
    forgetInputs();
    writeFileSync(tokens, text);
    const lookUp = { ...LOOK_UPS.ngram, maxK: 6 };
    await recordLookUp({ tokens, lookUp, stated: NOTHING_STATED, out });
    return traceIn(out);
  };

  it('request by request writes what all at once would be, in every form', async () => {
    const requests = fc.array(fc.tuple(...[0, 1].map(() => fc.array(fc.nat(3), { maxLength: 30 }))), {
      minLength: 1,
      maxLength: 5,
    });
    const form = fc.constantFrom('a.csv', 'a.jsonl', 'a.csv.gz', 'a.jsonl.gz');
    await fc.assert(
      fc.asyncProperty(requests, form, async (list, name) => {
        const trace = await recorded(list.map(([p, o]) => `${ids(p, o)}\n`).join(''), name);
        const alone = list.map(([prompt, output], r) =>
          lookUpTrace(
            { id: null, unit: 'token ids', prompt: prompt!, output: output! },
            String(r + 1),
            { ...LOOK_UPS.ngram, maxK: 6 },
            trace,
          ),
        );
        expect(trace.ids).toEqual(alone.flatMap((one) => one.ids));
        for (const column of ['emitted', 'proposed'] as const) {
          const all = alone.flatMap((one) => [...(one.drafters.get('ngram')![column] as Uint8Array)]);
          expect([...(trace.drafters.get('ngram')![column] as Uint8Array)]).toEqual(all);
        }
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['', 'in.jsonl: empty file'],
    [`${ids([1], [2])}\n${ids([1], [2]).slice(0, -4)}`, 'in.jsonl, line 2: the json object is cut off'],
    [`${ids([1], [2])}\n{"prompt":"a","output":"b"}\n`, 'line 2: words after token ids'],
    [
      `{"id":"a","prompt":"a","output":"b"}\n{"id":"a","prompt":"a","output":"b"}\n`,
      'request "a" was on line 1',
    ],
    [Uint8Array.of(0x7b, 0x0a, 0xff, 0xfe, 0x0a), 'line 2: bytes that are not UTF-8'],
    [
      Buffer.from(`${ids([1], [2])}\n{"prompt":"\xe9","output":"b"}\n`, 'latin1'),
      'line 2: bytes that are not UTF-8',
    ],
    [Buffer.from(ids([1], [2]), 'utf16le'), 'line 1: bytes that are not UTF-8'],
  ])('a broken file leaves nothing behind', async (text, message) => {
    await expect(recorded(text, 'broken.csv')).rejects.toThrow(UserError);
    await expect(recorded(text, 'broken.csv')).rejects.toThrow(message);
    expect(readdirSync(folder).filter((name) => name.startsWith('broken'))).toEqual([]);
  });
});

it('a trace with token ids answers for look-ups that nobody recorded, and for no others', async () => {
  const text = { id: null, unit: 'token ids', prompt: [1, 2, 3], output: [1, 2, 3, 1] } as const;
  const trace = lookUpTrace(text, 'a', LOOK_UPS.ngram, {
    name: 'n',
    provenance: { source: 's', target: 't', dataset: 'd', engine: null, licence: null },
  });
  const both = withLookUps(trace, ['ngram', 'suffix', 'eagle']);
  expect([...both.drafters.keys()]).toEqual(['ngram', 'suffix']);
  expect(both.drafters.get('ngram')).toBe(trace.drafters.get('ngram'));
  // Known 1 2 3 1 2: the two last were followed by 3 1 2; known 1 2 3 1 2 3: the three last by 1 2 3.
  expect([...both.drafters.get('suffix')!.emitted]).toEqual([1, 1, 3, 2]);
  expect(withLookUps({ ...trace, tokens: null }, ['suffix']).drafters.size).toBe(1);
});
