/** The page checks files and flags with less than zod (scripts/page-schemas.mjs): the same values, the same errors. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, test, vi } from 'vitest';
import { SAMPLES } from '../acceptance-samples.ts';

const SMALL: string = '../../scripts/page-schemas.mjs';

/** What reads files and flags, by what it reads. */
async function readers() {
  const { parseHardware } = await import('../../src/hardware/load.ts');
  const { parseEngine } = await import('../../src/cost/engine-profile.ts');
  const { parseModel } = await import('../../src/model/parse.ts');
  const { parseProcess } = await import('../../src/trace/process.ts');
  const { parseRecord } = await import('../../src/trace/read.ts');
  const { OPTIONS, OPTION_NAMES } = await import('../../src/scenario/option-table.ts');
  const { parseOptions } = await import('../../src/scenario/options.ts');
  const { SETTABLE_PATHS } = await import('../../src/scenario/overrides.ts');
  type Read = (json: unknown) => unknown;
  const files: Record<string, Read> = {
    'hardware-profiles': (json) => parseHardware(json, 'gpu'),
    'hardware-profiles/engines': (json) => parseEngine(json, 'engine'),
    models: (json) => parseModel(json, 'model'),
    'models/heads': (json) => parseModel(json, 'head'),
    'traces/llama-3.1-8b': (json) => parseProcess(json, 'process'),
  };
  const options: Read = (json) => parseOptions(json as object as Record<string, unknown>, String);
  const record: Read = (text) => parseRecord(text as string, 'trace');
  return { files, options, record, names: OPTION_NAMES, paths: SETTABLE_PATHS, table: OPTIONS };
}

const zod = await readers();
vi.resetModules();
const REPLACED = ['zod/mini', 'zod/v4/core'];
for (const name of REPLACED) vi.doMock(name, () => import(SMALL));
const page = await readers();
// Files of a worker share its modules: those that come after are to read with zod.
afterAll(() => {
  for (const name of REPLACED) vi.doUnmock(name);
  vi.resetModules();
});

async function outcome(read: (json: unknown) => unknown, json: unknown): Promise<string> {
  try {
    return JSON.stringify(await read(json));
  } catch (error) {
    return String(error);
  }
}

async function same(one: (json: unknown) => unknown, other: typeof one, json: unknown): Promise<string> {
  const expected = await outcome(one, json);
  assert.equal(await outcome(other, structuredClone(json)), expected);
  return expected;
}

const odd = fc.oneof(
  fc.constantFrom(null, true, '', ' ', 'x', '3 s', '1e3 TB/s', -1, 0, 0.5, 1, 1.5, 2, 1e300, [], {}, [1], {
    value: 1,
  }),
  fc.constantFrom(
    { value: 3, unit: 's' },
    { value: '3 s', source: 'x' },
    { fixed: 1 },
    [1, 2, 3],
    ['a', 'b'],
  ),
);

/** Another value at one of all places, one that is gone, or one too many. */
function changed(json: unknown, at: number, value: unknown, how: 'put' | 'drop' | 'add'): unknown {
  const copy = structuredClone(json);
  const places: [Record<string, unknown>, string][] = [];
  const walk = (of: unknown) => {
    if (typeof of !== 'object' || of === null) return;
    for (const key of Object.keys(of)) {
      places.push([of as Record<string, unknown>, key]);
      walk(of[key as never]);
    }
  };
  walk(copy);
  const [holder, key] = places[at % places.length]!;
  if (how === 'put') holder[key] = value;
  else if (how === 'drop') delete holder[key];
  else holder[`${key}x`] = value;
  return copy;
}

const how = fc.constantFrom('put' as const, 'put' as const, 'drop' as const, 'add' as const);

test.each(Object.keys(zod.files))('files of %s', async (folder) => {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json') && name !== 'schema.json');
  const texts = names.map((name) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')));
  const read = (readers: typeof zod) => readers.files[folder]!;
  for (const json of texts) await same(read(zod), read(page), json);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...texts), fc.nat(), odd, how, async (json, at, value, act) => {
      await same(read(zod), read(page), changed(json, at, value, act));
    }),
    { numRuns: 200 },
  );
});

test('flags', async () => {
  assert.deepEqual(page.paths, zod.paths);
  const text = fc.constantFrom(
    '1',
    '1,2',
    '1..8',
    'none',
    'eagle3',
    'a=b',
    'table:x',
    'lognormal(1,2)',
    'x'.repeat(9999),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...zod.names), fc.oneof(text, odd), async (name, value) => {
      await same(zod.options, page.options, { [name]: value });
    }),
    { numRuns: 500 },
  );
});

test('heads of traces', async () => {
  for (const name of ['specsim-csv', 'specsim-jsonl']) {
    const [head, ...rest] = SAMPLES[name]!.split('\n');
    const mark = head!.slice(0, head!.indexOf('{'));
    const json = JSON.parse(head!.slice(mark.length));
    await fc.assert(
      fc.asyncProperty(fc.nat(), odd, how, async (at, value, act) => {
        const line = mark + JSON.stringify(changed(json, at, value, act));
        await same(zod.record, page.record, [line, ...rest].join('\n'));
      }),
      // Beyond every range that whole numbers have.
      { numRuns: 500, examples: [[8, 1e300, 'put'] as const, [8, -1e300, 'put'] as const] },
    );
  }
});
