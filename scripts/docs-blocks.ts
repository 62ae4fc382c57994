/**
 * Blocks of commands in README, docs and examples. `npx tsx scripts/docs-blocks.ts` prints a script that runs all that need no
 * more than the package, each page in a folder of its own into which `examples/` is copied.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What a block needs beside the package: the word behind `sh`. */
export const NEEDS = {
  checkout: 'a checkout of this project',
  recordings: 'the recordings of SpecDecode-Bench',
  tables: 'tables of measurements that are not ours to publish',
  cluster: 'a cluster, or a GPU',
} as const;

interface Block {
  readonly page: string;
  readonly line: number;
  /** Null: nothing but the package. */
  readonly needs: string | null;
  readonly text: string;
}

export const PAGES: readonly string[] = [
  'README.md',
  'examples/files/README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `docs/${name}`),
];

/** Every fenced block of a page with its first line, the info behind the fence, and its text. */
export function fences(page: string): { line: number; info: string; text: string }[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].map(({ 1: info, 2: body, index }) => ({
    line: text.slice(0, index).split('\n').length,
    info: info!,
    text: body!,
  }));
}

export function commandBlocks(page: string): Block[] {
  return fences(page).flatMap(({ line, info, text }) => {
    const [language, needs = null] = info.split(' ');
    return language === 'sh' ? [{ page, line, needs, text }] : [];
  });
}

/** A bash script; the package is in the node_modules of the folder where it runs. */
export function scriptOf(blocks: readonly Block[]): string {
  const pages = [...new Set(blocks.map(({ page }) => page))];
  const parts = pages.map((page) => {
    const commands = blocks.filter((block) => block.page === page).map(({ text }) => text);
    return `(\n  cd "$(mktemp -d)" && ln -s "\${package%/*}" . && cp -r "$package/examples" .\n  set -ex\n${commands.join('')}) || exit\n`;
  });
  return `package=$PWD/node_modules/specsim\nPATH=$PWD/node_modules/.bin:$PATH\n${parts.join('')}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(scriptOf(PAGES.flatMap(commandBlocks).filter(({ needs }) => needs === null)));
}
