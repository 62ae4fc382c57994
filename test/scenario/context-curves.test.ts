/** Curves of context that a recording shows, in a run. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { canonicalCsv } from '../../src/trace/formats/canonical-csv.ts';
import { falling, REQUESTS, texts } from '../context-texts.ts';

const folder = mkdtempSync(join(tmpdir(), 'specsim-context-'));
afterAll(() => rmSync(folder, { recursive: true }));

function recording(name: string, prompts: readonly [number, number]): string {
  const { lengths, promptTokens } = texts(2, falling, prompts);
  const { offsets } = lengths;
  const path = join(folder, name);
  const provenance = { source: 's', target: 'llama-3.1-8b', dataset: 'd', engine: null, licence: null };
  const trace = {
    name: 'd',
    provenance,
    ids: Array.from({ length: REQUESTS }, (_, r) => `${r}`),
    promptTokens,
    outputTokens: promptTokens.map((_, r) => offsets[r + 1]! - offsets[r]!),
    outputLimit: null,
    drafters: new Map([['eagle3', lengths]]),
    tokens: null,
  };
  writeFileSync(path, [...canonicalCsv(trace)].join(''));
  return path;
}

const own = recording('own.csv', [130, 1800]);
const alike = recording('alike.csv', [100, 101]);
const inputsOf = (options: Options) =>
  gatherInputs(completeScenario({ method: ['eagle3'], k: [3], batch: [1], ...options }), folderLibrary);
const run = async (options: Options) => {
  const { rows, warnings } = runScenario(await inputsOf(options));
  return { row: rows.find(({ method }) => method === 'eagle3')!, warnings };
};

describe('a recorded curve of context', () => {
  it('changes nothing in the contexts that were recorded', async () => {
    const [plain, curved] = [
      await run({ trace: [own] }),
      await run({ trace: [own], acceptanceContext: 'recorded' }),
    ];
    expect(curved.row).toEqual({ ...plain.row, trace_kind: 'fitted' });
    expect(curved.warnings).toEqual(plain.warnings);
  });

  it('accepts less behind longer prompts, with an interval that knows how sure that is', async () => {
    const longer = { trace: [own], promptLen: 1500 };
    const [plain, curved] = [await run(longer), await run({ ...longer, acceptanceContext: 'recorded' })];
    expect(curved.row.tokens_per_round!).toBeLessThan(0.95 * plain.row.tokens_per_round!);
    expect(curved.row.uncertainty!.acceptance).toBeGreaterThan(0.003);
    expect(plain.row.uncertainty!.acceptance).toBe(0);
  });

  it('of another recording is that of its contents, wherever it is', async () => {
    const other = { promptLen: 900, requests: 60, acceptanceContext: `recorded:${own}` };
    const inputs = await inputsOf(other);
    const copy = recording('copy.csv', [130, 1800]);
    const again = await inputsOf({ ...other, acceptanceContext: `recorded:${copy}` });
    expect(again.configHash).toBe(inputs.configHash);
    expect(inputs.configHash).not.toBe((await inputsOf({ promptLen: 900, requests: 60 })).configHash);
  });

  it('says what part of the outputs is beyond, and is not asked for more', async () => {
    const { warnings } = await run({ trace: [own], promptLen: 1800, acceptanceContext: 'recorded' });
    expect(warnings.join()).toMatch(
      /contexts of 1\d\d to 1\d\d\d tokens are known of eagle3; \d+% of the outputs of d/,
    );
    await expect(run({ trace: [own], promptLen: 8000, acceptanceContext: 'recorded' })).rejects.toThrow(
      /100% of the outputs of d .*expected prompts within/,
    );
  });

  it.each<[Options, RegExp]>([
    [{ trace: [alike] }, /alike.csv has of eagle3: prompts too alike/],
    [{ trace: ['gsm8k'], requests: 20 }, /gsm8k has of eagle3: no rounds that were recorded/],
    [{ trace: [own], acceptance: { eagle3: '0.7' } }, /acceptance of eagle3 is stated/],
    [{ trace: [own], acceptanceContext: 'recorded:none.csv' }, /curve of context "none.csv": no such file/],
    [{ trace: [own], method: ['ngram'] }, /no listed method runs a draft model/],
    [{ trace: [own], acceptanceContext: 'record' }, /got "record", expected tokens of context/],
  ])('%j is refused', async (options, message) => {
    await expect(inputsOf({ acceptanceContext: 'recorded', ...options })).rejects.toThrow(message);
  });
});
