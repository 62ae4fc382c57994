/**
 * Pages that show what the program prints show what it prints today. A block begins with its command, `$ specsim ...`;
 * `| head -20` and the like take a part. UPDATE_GOLDEN=1 writes them anew. What takes long is run where SPECSIM_DOCS=all says
 * so (.ci/run), and what replays recordings where they are.
 */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { PAGES } from '../../scripts/docs-blocks.ts';
import { recordingsDir } from '../recordings.ts';

const root = join(import.meta.dirname, '../..');
const BLOCK = /```\n\$ (specsim (?:.*\\\n)*.*)\n[\s\S]*?```/g;
const updating = process.env.UPDATE_GOLDEN === '1';
const all = updating || process.env.SPECSIM_DOCS === 'all';
const pages = PAGES.filter((page) => readFileSync(join(root, page), 'utf8').match(BLOCK) !== null);

it('there are some', () => expect(pages.length).toBeGreaterThan(5));

it.each(pages)('%s', async (page) => {
  const file = join(root, page);
  const text = readFileSync(file, 'utf8');
  const blocks = await Promise.all(
    [...text.matchAll(BLOCK)].map(async ([block, command]) => {
      const skipped = command!.includes('$RECORDINGS') ? recordingsDir() === null : false;
      if (skipped || (!all && command!.startsWith('specsim validate'))) return block;
      const script = `set -o pipefail; specsim() { node dist/cli/main.js "$@"; }; ${command}`;
      const env = { ...process.env, RECORDINGS: recordingsDir() ?? '' };
      const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: root, env });
      return `\`\`\`\n$ ${command}\n${stdout}\`\`\``;
    }),
  );
  let next = 0;
  const expected = text.replaceAll(BLOCK, () => blocks[next++]!);
  if (updating) writeFileSync(file, expected);
  else expect(text).toBe(expected);
});
