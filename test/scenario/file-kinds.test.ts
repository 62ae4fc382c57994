/** What files are told as, by all that ship. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { kindOf } from '../../src/scenario/file-kinds.ts';

it.each<[string, string, RegExp]>([
  ['acceptance', 'traces', /\/.*\.jsonl?$/],
  ['a model', 'models', /^[^/]*\.json$/],
  ['a GPU', 'hardware-profiles', /^(?!schema)[^/]*\.json$/],
  ['an engine', 'hardware-profiles/engines', /^(?!schema).*\.json$/],
  ['a scenario', 'examples/files', /^(scenario|agents)\.json$/],
  ['a grid', 'examples/sweep', /^grid\.json$/],
  ['a result', 'test/golden', /^(compare|oracles|served|explain)-json\/stdout\.txt$/],
])('%s', (what, folder, names) => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => names.test(name));
  expect(files).not.toEqual([]);
  for (const file of files) expect(kindOf(readFileSync(`${folder}/${file}`, 'utf8'))?.what, file).toBe(what);
});

it.each(['', 'x', '{}', '[]', 'null', '5', '{"schemaVersion":1}'])('%j is nothing', (text) => {
  expect(kindOf(text)).toBe(null);
});

it('a scenario is gone back to whichever way its keys are written', () => {
  const { scenario } = kindOf('{"$schema": "x", "prompt-len": 256, "k": "1,3"}')!;
  expect(scenario!({ $schema: 'x', 'prompt-len': 256, k: '1,3' })).toEqual({ promptLen: 256, k: '1,3' });
});
