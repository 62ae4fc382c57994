/** The JSON Schemas of scenario and grid files: the shipped ones are those of the table, and agree with the program. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { gridJsonSchema, scenarioJsonSchema } from '../../scripts/option-schemas.ts';
import { DEFAULTS, parseOptions } from '../../src/scenario/options.ts';
import { expandGrid } from '../../src/sweep/grid.ts';

const stored = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const accepts = (schema: object) => {
  const reader = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  return (file: unknown) => reader.safeParse(file).success;
};
const takes = (read: () => unknown) => {
  try {
    read();
    return true;
  } catch {
    return false;
  }
};

describe('the schema of a scenario', () => {
  const valid = accepts(scenarioJsonSchema());
  const parses = (file: object) => takes(() => parseOptions(file as Record<string, unknown>, String));

  it('is the one that ships', () => expect(stored('schemas/scenario.json')).toEqual(scenarioJsonSchema()));

  it('takes resolved scenarios, which a result holds', () => {
    expect(valid(DEFAULTS)).toBe(true);
    expect(valid(stored('test/golden/served-json/stdout.txt').config)).toBe(true);
  });

  it.each<[object, boolean]>([
    [{}, true],
    [{ $schema: './schemas/scenario.json' }, true],
    [{ batch: 8 }, true],
    [{ batch: [1, 8] }, true],
    [{ batch: '1..256' }, true],
    [{ batch: [] }, false],
    [{ batch: [0] }, false],
    [{ batch: 1.5 }, false],
    [{ batch: null }, false],
    [{ batches: 8 }, false],
    [{ promptLen: null }, true],
    [{ load: 'closed' }, true],
    [{ load: 'gamma:5,2' }, true],
    [{ load: 'gamma:5' }, false],
    [{ load: 'poisson:5,2' }, false],
    [{ load: 'open' }, false],
    [{ set: { 'hardware.memoryBandwidth': '2x', 'engine.memoryShare': 0.8 } }, true],
    [{ set: 'hardware.memoryBandwidth=2x' }, false],
    [{ acceptance: { eagle: 0.6 } }, true],
    [{ acceptance: { eagle: true } }, false],
    [{ method: 'ngram' }, true],
    [{ router: 'random' }, false],
    [{ drafterQuality: 2 }, false],
    [{ drafterQuality: 1.1 }, true],
    [{ timeScale: 0 }, false],
    [{ keepTruncated: true }, true],
    [{ keepTruncated: 1 }, false],
    [{ seed: 0 }, true],
    [{ cost: 'linear' }, false],
  ])('says of %j what the program says: %s', (file, good) => {
    expect(parses(file)).toBe(good);
    expect(valid(file)).toBe(good);
  });
});

describe('the schema of a grid', () => {
  const valid = accepts(gridJsonSchema());
  const expands = (file: object) => takes(() => expandGrid(file, 'grid.json'));

  it('is the one that ships', () => expect(stored('schemas/grid.json')).toEqual(gridJsonSchema()));

  it('takes the example, and the key that names it', () => {
    const example = stored('examples/sweep/grid.json');
    const named = { $schema: '../../schemas/grid.json', ...example };
    expect(valid(named)).toBe(true);
    expect(expandGrid(named, 'grid.json')).toEqual(expandGrid(example, 'grid.json'));
  });

  it.each<[object, boolean]>([
    [{ load: ['clones', 'closed'], slo: 'ttft=500ms' }, true],
    [{ load: ['clones', 'open'] }, false],
    [{ tp: [1, 2] }, true],
    [{ k: { from: 1, to: 5, step: 2 } }, true],
    [{ k: [1, { from: 2, to: 8, times: 2 }] }, true],
    [{ k: { from: 1, to: 5 } }, false],
    [{ k: [] }, false],
    [{ set: { 'hardware.memoryBandwidth': ['1x', '2x'] } }, true],
    [{ set: { 'engine.memoryShare': { from: 0.8, to: 0.9, step: 0.1 } } }, true],
    [{ gpu: { from: 1, to: 2, step: 1 } }, false],
    [{ workload: [null, 'load.csv'] }, true],
    [{ gpus: ['h100-sxm'] }, false],
  ])('says of %j what the program says: %s', (file, good) => {
    expect(expands(file)).toBe(good);
    expect(valid(file)).toBe(good);
  });
});
