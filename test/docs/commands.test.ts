/**
 * Commands in README, docs and examples are ones that the program has, on files that are there; a few run here, and all that
 * need nothing but the package run in .ci/run, from an installed one.
 */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { commandBlocks, fences, NEEDS, PAGES, scriptOf } from '../../scripts/docs-blocks.ts';
import { COMMANDS } from '../../src/cli/program.ts';

const ROOT = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'specsim-docs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const blocks = PAGES.flatMap(commandBlocks);
/** Commands of a block, a line each, without what a shell takes away. */
const commandsIn = (text: string): string[][] =>
  text
    .replaceAll(/\\\n\s*/g, '')
    .replaceAll(/\s+#.*$/gm, '')
    .split(/\n| && /)
    .filter((line) => line.startsWith('specsim '))
    .map((line) => [...line.matchAll(/'[^']*'|\S+/g)].slice(1).map(([word]) => word));

it('what a block needs is one of the words of docs/README.md', () => {
  const index = readFileSync(join(ROOT, 'docs/README.md'), 'utf8');
  for (const { page, line, needs } of blocks) {
    if (needs === null) continue;
    expect(Object.keys(NEEDS), `${page}:${line}`).toContain(needs);
    expect(index).toContain(`\`${needs}\``);
  }
  expect(blocks.filter(({ needs }) => needs === null).length).toBeGreaterThan(10);
});

it('each page of docs says whom it is for, or what wrote it, and stands in the index', () => {
  const index = readFileSync(join(ROOT, 'docs/README.md'), 'utf8');
  for (const page of PAGES.filter((path) => /^docs\/(?!README)/.test(path))) {
    expect(readFileSync(join(ROOT, page), 'utf8'), page).toMatch(/^# [^\n]+\n\n(_For |Written by )/);
    expect(index).toContain(`](${page.slice('docs/'.length)})`);
  }
});

it('commands stand in blocks that say so', () => {
  for (const page of PAGES)
    for (const { line, info, text } of fences(page))
      if (!info.startsWith('sh')) expect(text, `${page}:${line}`).not.toMatch(/^specsim (?!\d)/m);
});

it.each(blocks.map((block) => [`${block.page}:${block.line}`, block] as const))(
  '%s',
  (_, { needs, text }) => {
    const written = new Set<string>();
    for (const words of commandsIn(text)) {
      const command = COMMANDS.get(words.slice(0, 2).join(' ')) ?? COMMANDS.get(words[0]!);
      expect(command, words.join(' ')).toBeDefined();
      for (const word of words) {
        const flag = /^--([\w-]+)/.exec(word)?.[1];
        if (flag !== undefined) expect(Object.keys(command!.flags)).toContain(flag);
      }
      if (needs !== null) continue;
      words.forEach((word, i) => {
        if (/^(init|--(out|engine-out|timeline|plot))$/.test(word)) written.add(words[i + 1]!);
        for (const file of word.match(/[\w./-]+\.(?:jsonl?|csv|log|prom)(?:\.gz)?/g) ?? [])
          expect(written.has(file) || existsSync(join(ROOT, file)), `${words.join(' ')}: ${file}`).toBe(true);
      });
    }
  },
);

it('some run in an empty folder, beside the examples', () => {
  const bin = join(folder, 'node_modules/.bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(ROOT, join(folder, 'node_modules/specsim'));
  writeFileSync(join(bin, 'specsim'), `#!/bin/sh\nexec node '${ROOT}/dist/cli/main.js' "$@"\n`, {
    mode: 0o755,
  });
  const quick = blocks
    .filter(({ page, needs }) => page === 'examples/files/README.md' && needs === null)
    .map((block) => ({
      ...block,
      // Other calibrations of this page are among test/golden.
      text: block.text.match(/^specsim (?:trace|model|calibrate.*\*).*\n/gm)!.join(''),
    }));
  const script = scriptOf(quick);
  expect(script.match(/^specsim /gm)!.length).toBeGreaterThan(4);
  execFileSync('bash', ['-c', script], { cwd: folder, stdio: 'pipe' });
});
