/** Pages that show what the program prints show what it prints today. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const program = join(root, 'dist/cli/main.js');
const BLOCK = /```\n\$ specsim (.*)\n[\s\S]*?```/g;
const pages = readdirSync(join(root, 'docs'))
  .map((name) => join(root, 'docs', name))
  .filter((file) => file.endsWith('.md') && readFileSync(file, 'utf8').search(BLOCK) !== -1);

it.each(pages)('%s', async (file) => {
  const text = readFileSync(file, 'utf8');
  const blocks = await Promise.all(
    [...text.matchAll(BLOCK)].map(async ([, command]) => {
      const { stdout } = await promisify(execFile)(process.execPath, [program, ...command!.split(' ')]);
      return `\`\`\`\n$ specsim ${command}\n${stdout}\`\`\``;
    }),
  );
  let next = 0;
  const expected = text.replaceAll(BLOCK, () => blocks[next++]!);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, expected);
  else expect(text).toBe(expected);
});

it('there are such pages', () => expect(pages.length).toBeGreaterThan(1));
