/** A small part of `npm run fuzz`, the same at every run, and what failed once. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runCorpus, runMutated } from './mutated.ts';

const scratch = mkdtempSync(join(tmpdir(), 'specsim-fuzz-'));
afterAll(() => rmSync(scratch, { recursive: true }));

it('mutated files end with an answer or a line', async () => {
  expect(await runMutated(150, 'test', scratch)).toEqual([]);
}, 60_000);

it('files that failed once do, too', async () => {
  expect(await runCorpus()).toEqual([]);
});
