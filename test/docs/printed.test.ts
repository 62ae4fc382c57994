/**
 * Pages that show what the program prints show what it prints today. A block begins with its command, `$ specsim ...`;
 * `| head -20` and the like take a part. Commands run in this process, which shares what they read and draw; what stands
 * behind them is the shell's. UPDATE_GOLDEN=1 writes them anew. What takes long is run where SPECSIM_DOCS=all says
 * so (.ci/run), and what replays recordings where they are.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PAGES } from '../../scripts/docs-blocks.ts';
import { said } from '../cli/command.ts';
import { recordingsDir } from '../recordings.ts';

const root = join(import.meta.dirname, '../..');
const BLOCK = /```\n\$ (specsim (?:.*\\\n)*.*)\n[\s\S]*?```/g;
/** The words of a command, and what the shell does with what it prints. */
const COMMAND = /^specsim((?: (?:'[^']*'|[^\s|;']+))+)(?: \| (.*))?$/;
const updating = process.env.UPDATE_GOLDEN === '1';
const all = updating || process.env.SPECSIM_DOCS === 'all';
const pages = PAGES.filter((page) => readFileSync(join(root, page), 'utf8').match(BLOCK) !== null);

/** What a shell that knows `specsim` prints. */
async function printed(command: string): Promise<string> {
  const [, typed, filter] = COMMAND.exec(command.replaceAll(/\\\n\s*/g, '')) ?? [];
  if (typed === undefined) throw new Error(`expected specsim, its words and a pipe, got ${command}`);
  const words = [...typed.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
  const { stdout, mistake } = await said(
    ...words.map((word) => word.replace('$RECORDINGS', recordingsDir()!)),
  );
  expect(mistake, command).toBeNull();
  if (filter === undefined) return stdout;
  return execFileSync('bash', ['-c', filter], { cwd: root, input: stdout, encoding: 'utf8' });
}

it('there are some', () => expect(pages.length).toBeGreaterThan(5));

it.each(pages)('%s', async (page) => {
  const file = join(root, page);
  const text = readFileSync(file, 'utf8');
  const blocks: string[] = [];
  for (const [block, command] of text.matchAll(BLOCK)) {
    const skipped = command!.includes('$RECORDINGS') && recordingsDir() === null;
    const long = !all && command!.startsWith('specsim validate');
    blocks.push(skipped || long ? block : `\`\`\`\n$ ${command}\n${await printed(command!)}\`\`\``);
  }
  let next = 0;
  const expected = text.replaceAll(BLOCK, () => blocks[next++]!);
  if (updating) writeFileSync(file, expected);
  else expect(text).toBe(expected);
});
