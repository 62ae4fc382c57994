/** Trace files on disk: bytes that are no text, broken gzip, lines without end. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { readRecordFile } from '../../src/node/record-file.ts';
import { canonicalCsv } from '../../src/trace/formats/canonical-csv.ts';
import { canonicalJsonl } from '../../src/trace/formats/canonical-jsonl.ts';
import { NOTHING_STATED } from '../../src/trace/formats/format.ts';
import { parseRecord } from '../../src/trace/read.ts';
import { SAMPLES } from '../acceptance-samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'specsim-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

const reading = (name: string, bytes: string | Uint8Array) => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return readRecordFile(path, NOTHING_STATED, null);
};

describe('files on disk', () => {
  it.each(['specsim-csv', 'specsim-jsonl', 'vllm-bench'])(
    '%s: packed or not, what is written reads back',
    async (name) => {
      const record = parseRecord(SAMPLES[name]!, 'f');
      const texts = { 'f.jsonl': [...canonicalJsonl(record)].join('') };
      if (record.kind === 'position-indexed')
        Object.assign(texts, { 'f.csv': [...canonicalCsv(record.trace)].join('') });
      for (const [file, text] of Object.entries(texts)) {
        expect(await reading(file, text)).toEqual(record);
        expect(await reading(`${file}.gz`, gzipSync(text))).toEqual(record);
      }
    },
  );

  const jsonl = SAMPLES['vllm-detailed']!;
  it.each<[string, string, string | Uint8Array, string]>([
    ['UTF-16', 'a.jsonl', Buffer.from(jsonl, 'utf16le'), 'UTF-16 text, expected UTF-8'],
    ['an archive', 'a.jsonl', gzipSync(jsonl), 'not a text file'],
    ['text named .gz', 'a.jsonl.gz', jsonl, 'not valid gzip: incorrect header check'],
    ['gzip cut off', 'a.jsonl.gz', gzipSync(jsonl).subarray(0, 90), 'not valid gzip: unexpected end of file'],
    [
      'another encoding in a field',
      'a.jsonl',
      Buffer.from(jsonl.replace('12', '\xb2'), 'latin1'),
      'line 1: not valid json',
    ],
    [
      'a second line in another encoding',
      'a.jsonl',
      Buffer.concat([Buffer.from(jsonl), Buffer.from(jsonl, 'utf16le')]),
      'line 2: bytes that are not UTF-8 text',
    ],
    ['a line cut off', 'a.jsonl', `${jsonl}${jsonl.slice(0, -9)}`, 'line 2: the json object is cut off'],
    [
      'a huge line',
      'a.jsonl',
      `${jsonl}{"id":"${'x'.repeat(4e6)}","metrics":{"speculative_decoding":{}}}\n`,
      'line 2: field num_accepted_draft_tokens is missing, expected',
    ],
    ['nothing', 'a.jsonl', '', 'empty file'],
    ['a folder', '.', '', 'cannot be read (EISDIR)'],
  ])('%s is refused in one short line', async (what, name, bytes, message) => {
    const read = what === 'a folder' ? readRecordFile(folder, NOTHING_STATED, null) : reading(name, bytes);
    const error = await read.then(
      () => null,
      (thrown: Error) => thrown,
    );
    expect(error?.message).toContain(message);
    expect(error?.message).not.toContain('\n');
    expect(error?.message.length).toBeLessThan(600);
  });
});
