/** Pages that show what the program prints show what it prints today. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { said } from '../cli/command.ts';

const root = join(import.meta.dirname, '../..');
const BLOCK = /```\n\$ specsim (.*)\n[\s\S]*?```/g;
/** Others quote parts of an output. */
const pages = ['beyond.md', 'decide.md', 'trees.md'].map((name) => join(root, 'docs', name));

it.each(pages)('%s', async (file) => {
  const text = readFileSync(file, 'utf8');
  const blocks = await Promise.all(
    [...text.matchAll(BLOCK)].map(async ([, command]) => {
      const { stdout } = await said(...command!.split(' '));
      return `\`\`\`\n$ specsim ${command}\n${stdout}\`\`\``;
    }),
  );
  expect(blocks.length).toBeGreaterThan(0);
  let next = 0;
  const expected = text.replaceAll(BLOCK, () => blocks[next++]!);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, expected);
  else expect(text).toBe(expected);
});
