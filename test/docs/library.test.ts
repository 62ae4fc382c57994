/** The recipes of docs/library.md run, each as it stands, and print what the command line would. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const text = readFileSync(join(ROOT, 'docs/library.md'), 'utf8');
const recipes = [...text.matchAll(/## (\d)\. ([^\n]+)\n[\s\S]*?```js\n([\s\S]*?)```/g)];
const folder = mkdtempSync(join(ROOT, 'test/docs/recipes-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PRINTED: Readonly<Record<string, RegExp>> = {
  1: /^none 1 1\.00\nnone 64 1\.00\nngram 1 1\.\d\d\n[\s\S]*eagle3 64 1\.\d\d$/,
  // The prefill gives the first token; rounds of 3 and 2 tokens give the other five.
  2: /^2\.50$/,
  3: /^gpu next-gpu has only a data sheet[^\n]*\n\d+$/,
  4: /^true\ntrue\n.*h100-sxm k=\d b=64.*h200-sxm k=\d b=64/,
  5: /^1 eagle3 3 1\.8\d\n128 \w+ \d 1\.\d\d$/,
  6: /^1\.81$/,
};

test('there are six', () => expect(recipes.map(([, number]) => number)).toEqual(Object.keys(PRINTED)));

test.each(recipes.map(([, number, title, code]) => [number!, title!, code!]))(
  '%s. %s',
  async (number, _, code) => {
    const here = (path: string) => JSON.stringify(pathToFileURL(join(ROOT, path)).href);
    const file = join(folder, `recipe-${number}.mjs`);
    writeFileSync(
      file,
      code
        .replaceAll("'specsim/node'", here('src/node/index.ts'))
        .replaceAll("'specsim'", here('src/index.ts')),
    );
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    await import(file);
    const printed = log.mock.calls.map((words) => words.map(String).join(' ')).join('\n');
    log.mockRestore();
    expect(printed).toMatch(PRINTED[number]!);
  },
);

test('what ships can be imported', () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const named = [...text.matchAll(/`specsim\/((?:profiles|engines|models|traces)\/[^`]+)`/g)].map(
    ([, path]) => path!,
  );
  expect(named.length).toBe(5);
  for (const path of named) {
    const [pattern, target] = Object.entries(exports as Record<string, string>)
      .filter(([from]) => from.endsWith('/*') && path.startsWith(from.slice(2, -1)))
      .sort(([a], [b]) => b.length - a.length)[0]!;
    readFileSync(join(ROOT, target.replace('*', path.slice(pattern.length - 3))));
  }
});
