/** A scenario file to go on from. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { completeScenario, parseOptions } from '../../src/scenario/options.ts';
import { said } from '../cli/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'specsim-init-'));
afterAll(() => rmSync(folder, { recursive: true }));

const optionsIn = (file: string) => parseOptions(JSON.parse(readFileSync(file, 'utf8')), (key) => key);

it('writes defaults that ask for what a run without flags asks', async () => {
  const file = join(folder, 'scenario.json');
  const { stdout, mistake } = await said('init', file);
  expect(mistake).toBeNull();
  expect(stdout).toBe(`wrote ${file}; next: specsim run ${file}\n`);
  expect(completeScenario(optionsIn(file))).toEqual(completeScenario({}));
  const { $schema } = JSON.parse(readFileSync(file, 'utf8'));
  const schema = $schema.startsWith('file:') ? fileURLToPath($schema) : resolve(dirname(file), $schema);
  expect(JSON.parse(readFileSync(schema, 'utf8')).title).toBe('specsim scenario');
});

it('keeps what flags ask for', async () => {
  const file = join(folder, 'own.json');
  const flags = ['--gpu', 'l40s', '--batch', '1..8', '--set', 'hardware.power=1.1x', '--load', 'closed'];
  expect((await said('init', file, ...flags, '--prompt-len', '256')).mistake).toBeNull();
  expect(optionsIn(file)).toMatchObject({
    ...{ gpu: 'l40s', batch: [1, 2, 4, 8], load: 'closed', promptLen: 256 },
    set: { 'hardware.power': '1.1x' },
  });
});

it('replaces nothing, and writes nothing that a run refuses', async () => {
  const file = join(folder, 'scenario.json');
  const before = readFileSync(file, 'utf8');
  expect((await said('init', file, '--gpu', 'l40s')).mistake).toContain('is there already');
  expect(readFileSync(file, 'utf8')).toBe(before);
  const other = join(folder, 'other.json');
  expect((await said('init', other, '--method', 'none', '--k', '5')).mistake).toContain('--k has no effect');
  expect((await said('init', other, '--gpu', 'h1000')).mistake).toContain('unknown gpu');
  expect(existsSync(other)).toBe(false);
  expect((await said('init', join(folder, 'none/x.json'))).mistake).toContain('does not exist');
});
