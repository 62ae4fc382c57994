/** Imports point downward only (docs/architecture.md). */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SOURCE = resolve(import.meta.dirname, '../src');

/** Low to high; a folder may import itself and those below. Lists are of the same height and do not mix. */
const LAYERS: readonly (readonly string[])[] = [
  [
    'errors.ts',
    'units.ts',
    'unit-factors.ts',
    'validate.ts',
    'csv.ts',
    'columns.ts',
    'memo.ts',
    'json.ts',
    'number-formats.ts',
    'sha256.ts',
    'shell.ts',
  ],
  ['random', 'hardware', 'model', 'plot'],
  ['trace'],
  ['workload'],
  ['cost'],
  ['policy'],
  ['drafter'],
  ['engine'],
  ['metrics'],
  ['scenario'],
  ['report'],
  ['questions', 'sweep'],
  ['charts'],
  ['index.ts', 'node', 'web'],
  ['cli'],
];

/** Packages that one folder alone may import. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  yargs: ['cli'],
  hyparquet: ['node'],
  'hyparquet-writer': ['node'],
  mathjs: ['unit-factors.ts'],
  '@resvg/resvg-js': ['node'],
  'lit-html': ['web'],
};

const IMPORT = /(?:import|export)( type)?\s[^;']*?from '([^']+)'|import\('([^']+)'\)|import '([^']+)'/g;

type Files = ReadonlyMap<string, string>;

function sources(): Files {
  const names = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  return new Map(names.map((name) => [name, readFileSync(join(SOURCE, name), 'utf8')]));
}

function folderOf(path: string): string {
  return path.split('/')[0]!;
}

function heightOf(folder: string): number {
  return LAYERS.findIndex((layer) => layer.includes(folder));
}

/** What is wrong with the imports, a sentence each. */
function violations(files: Files): string[] {
  const found: string[] = [];
  for (const [path, text] of files) {
    const folder = folderOf(path);
    if (heightOf(folder) < 0) found.push(`${path} is in no layer`);
    for (const match of text.matchAll(IMPORT)) {
      const typeOnly = match[1];
      const target = match[2] ?? match[3] ?? match[4]!;
      if (!target.startsWith('.')) {
        if (target.startsWith('node:') && folder !== 'node' && folder !== 'cli')
          found.push(`${path} imports ${target}`);
        const owners = OWNERS[/^(?:@[^/]+\/)?[^/]+/.exec(target)![0]];
        if (owners !== undefined && !owners.includes(folder)) found.push(`${path} imports ${target}`);
        continue;
      }
      const imported = relative('/src', resolve('/src', dirname(path), target));
      const other = folderOf(imported);
      if (other === folder) continue;
      const upward = heightOf(other) > heightOf(folder);
      const sideways = heightOf(other) === heightOf(folder) && heightOf(folder) > 0;
      if (upward || sideways) found.push(`${path} imports ${imported}`);
      // The rows of a step are what the two have in common; which drafter takes them the engine never knows.
      const ofDrafters = other === 'drafter' && imported !== 'drafter/decoding-rows.ts';
      if (folder === 'engine' && ofDrafters && typeOnly === undefined) {
        found.push(`${path} imports more than types of ${imported}`);
      }
    }
  }
  return found;
}

/** A round of files of which each imports the next, if there is one. */
function cycle(files: Files): readonly string[] | null {
  const seen = new Set<string>();
  const walk = (path: string, way: readonly string[]): readonly string[] | null => {
    if (way.includes(path)) return way.slice(way.indexOf(path));
    if (seen.has(path)) return null;
    seen.add(path);
    for (const match of (files.get(path) ?? '').matchAll(IMPORT)) {
      const target = match[2] ?? match[3] ?? match[4]!;
      if (!target.startsWith('.')) continue;
      const found = walk(relative('/src', resolve('/src', dirname(path), target)), [...way, path]);
      if (found !== null) return found;
    }
    return null;
  };
  for (const path of files.keys()) {
    const found = walk(path, []);
    if (found !== null) return found;
  }
  return null;
}

describe('imports', () => {
  it('point downward only', () => {
    const files = sources();
    expect(files.size).toBeGreaterThan(50);
    expect(violations(files)).toEqual([]);
  });

  it('never lead back to where they began', () => {
    expect(cycle(sources())).toBeNull();
    const planted = new Map([
      ['a.ts', "import { b } from './trace/b.ts';"],
      ['trace/b.ts', "import type { c } from './c.ts';"],
      ['trace/c.ts', "import { b } from './b.ts';"],
    ]);
    expect(cycle(planted)).toEqual(['trace/b.ts', 'trace/c.ts']);
  });

  it.each([
    ['cost/a.ts', "import { x } from '../drafter/replay.ts';"],
    ['engine/a.ts', "import { Replay } from '../drafter/replay.ts';"],
    ['trace/a.ts', "import { readFile } from 'node:fs/promises';"],
    ['metrics/a.ts', "import { z } from 'lit-html';"],
    ['scenario/a.ts', "const { run } = await import('../node/run.ts');"],
    ['engine/b.ts', "import 'yargs';"],
    ['report/a.ts', "export { summarize } from '../index.ts';"],
    ['elsewhere/a.ts', ''],
  ])('a planted violation in %s is seen', (path, text) => {
    expect(violations(new Map([[path, text]]))).toHaveLength(1);
  });
});
