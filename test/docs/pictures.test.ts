/** The pictures of README and docs are what their commands draw. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { make, pictureCommands } from '../../scripts/pictures.ts';

const ROOT = join(import.meta.dirname, '../..');
const scratch = mkdtempSync(join(tmpdir(), 'specsim-pictures-'));
mkdirSync(join(scratch, 'docs/pictures'), { recursive: true });
afterAll(() => rmSync(scratch, { recursive: true }));

test.each(pictureCommands())('specsim %s', async (command) => {
  await make(command, scratch);
  const file = command.split(' ').at(-1)!;
  expect(readFileSync(join(scratch, file), 'utf8')).toBe(readFileSync(join(ROOT, file), 'utf8'));
});

test('README and docs show them all', () => {
  const shown = ['README.md', 'docs/pictures.md']
    .map((page) => readFileSync(join(ROOT, page), 'utf8'))
    .join();
  const files = pictureCommands().map((command) => command.split('/').at(-1)!);
  expect(files.length).toBeGreaterThanOrEqual(5);
  for (const file of files) expect(shown).toContain(`pictures/${file})`);
});
