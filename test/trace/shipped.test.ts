/** What ships in traces/: every file is small and valid, says what it borrows, reaches what was published, and runs. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { reachedQuantiles } from '../../scripts/process-fit/quantile-fit.ts';
import { catalogue } from '../../src/node/catalogue.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { explanationOf } from '../../src/questions/explanation.ts';
import { tuningOf } from '../../src/questions/tuning.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { shippedMethods, shippedTrace } from '../../src/scenario/shipped-trace.ts';
import { Identity } from '../../src/sweep/identity.ts';
import { type AcceptanceProcess, parseProcess, processProvenance } from '../../src/trace/process.ts';
import { isProcess, parseRecord } from '../../src/trace/read.ts';
import { modelNames } from '../shipped-models.ts';

const FOLDER = fileURLToPath(new URL('../../traces', import.meta.url));
const FILES = readdirSync(FOLDER).flatMap((target) =>
  readdirSync(join(FOLDER, target)).map((file) => `${target}/${file}`),
);
const PROCESSES = FILES.filter((file) => isProcess(text(file)));
const shelves = await folderLibrary.traces();

function text(file: string): string {
  return readFileSync(join(FOLDER, file), 'utf8');
}

function load(file: string): AcceptanceProcess {
  return parseProcess(JSON.parse(text(file)), file);
}

function at(process: AcceptanceProcess, path: readonly string[]): unknown {
  return path.reduce((part: unknown, key) => (part as Record<string, unknown>)[key], process);
}

async function run(options: Options) {
  return runScenario(
    await gatherInputs(completeScenario({ requests: 8, batch: [1], ...options }), folderLibrary),
  );
}

const rejects = (options: Options, ...fragments: string[]) =>
  expect(run(options)).rejects.toThrow(new RegExp(fragments.join('.*')));

describe('files', () => {
  test('every one is below 10 kB and named after what it is of', () => {
    expect(PROCESSES).toHaveLength(13);
    for (const file of FILES) expect(statSync(join(FOLDER, file)).size, file).toBeLessThan(10_000);
    for (const file of PROCESSES) {
      const { target, dataset } = load(file);
      expect(`${target}/${dataset}.json`).toBe(file);
    }
  });

  test.each(PROCESSES)(
    '%s has what it says that it borrows, and says of every part where it is from',
    (file) => {
      const process = load(file);
      for (const [part, origin] of Object.entries(process.origins)) {
        if (part !== 'lengths' && part !== 'copula') expect(at(process, [part]), part).toBeDefined();
        expect(origin.fittedTo !== null || origin.borrowed !== undefined).toBe(true);
        if (origin.borrowed === undefined) continue;
        const [, name, section] = /^(\S+)(?: \((\S+)\))?$/.exec(origin.borrowed.from)!;
        const lender = load(`${name}.json`);
        for (const number of origin.borrowed.numbers) {
          const own = part === 'lengths' ? [number] : [part, ...number.split('.')];
          const lent = section === undefined ? own : [section, ...number.split('.')];
          expect(at(process, own), `${file}: ${part} ${number}`).toEqual(at(lender, lent));
        }
      }
      for (const method of shippedMethods({ text: text(file), where: file })) {
        expect(process.origins, method).toHaveProperty(method);
      }
    },
  );
});

/**
 * Quartiles of fig. 7 in percent, where a process is fitted to them. Where it is fitted to the recordings it leaves out
 * the runaway requests that the figure counts, and has no bar here.
 */
const QUARTILES_PERCENT = 6;

describe.each(PROCESSES.filter((file) => Object.keys(load(file).requestMeans).length > 0))('%s', (file) => {
  const process = load(file);
  const fitted = (['ngram', 'eagle', 'eagle3', 'draft-model'] as const).filter((method) =>
    process.origins[method]?.fittedTo?.startsWith('fig. 7'),
  );

  test('reaches the published quartiles', () => {
    expect(fitted.length).toBeGreaterThan(0);
    for (const method of fitted) {
      const { published, reached } = process.requestMeans[method]!;
      for (const i of [1, 2, 3]) {
        const off = 100 * Math.abs(reached[i]! / published[i]! - 1);
        expect(off, `${method} quartile ${i}`).toBeLessThan(QUARTILES_PERCENT);
      }
    }
  });

  test('a small replay reaches what the file says', () => {
    for (const method of fitted) {
      const { reached } = process.requestMeans[method]!;
      const small = reachedQuantiles(process, method, { requests: 500, seeds: [5] });
      // The sampling error of 500 requests, largest for the look-up of instructcoder.
      for (const i of [1, 2, 3]) expect(Math.abs(small[i]! / reached[i]! - 1)).toBeLessThan(0.1);
    }
  });
});

describe('every combination runs', () => {
  const entries = FILES.map((file) => [file.replace(/\.jsonl?$/, ''), file] as const);
  test.each(entries)('%s', async (name, file) => {
    const [target, dataset] = name.split('/') as [string, string];
    const methods = shippedMethods({ text: text(file), where: file });
    expect(methods.length).toBeGreaterThan(0);
    const record = isProcess(text(file)) ? null : parseRecord(text(file), file);
    const k = record?.kind === 'rates' ? record.rates[0]!.k! : 3;
    const known = modelNames().includes(target);
    const stranger = methods.includes('dflash') ? 'qwen3-8b' : 'glm-4.5-air';
    const { rows } = await run({
      // Rates of a target whose card is not known are borrowed.
      target: known ? target : stranger,
      trace: [known ? dataset : name],
      method: [...new Set(methods)],
      k: [k],
      tp: target.includes('70b') || methods.includes('mtp') ? 8 : 1,
      ...(record === null ? {} : { promptLen: 100, outputLen: 200 }),
    });
    expect(rows).toHaveLength(new Set(methods).size);
    for (const row of rows) {
      expect(row.trace_kind).toBe('fitted');
      expect(row.tokens_per_round).toBeGreaterThan(1);
    }
  });
});

describe('names', () => {
  test("a target has its own, else the lender's, else what is named with its target", () => {
    expect(shippedTrace(shelves, 'llama-3-70b', 'gsm8k')?.target).toBe('llama-3-70b');
    expect(shippedTrace(shelves, 'qwen3-32b', 'gsm8k')?.target).toBe('llama-3.1-8b');
    expect(shippedTrace(shelves, 'llama-3.1-8b', 'qwen3-8b/aime')).toEqual({
      target: 'qwen3-8b',
      dataset: 'aime',
    });
    for (const named of ['aime', 'gsm9k', 'qwen3-8b/gpqa', 'qwen3-8b/', 'qwen3-8b/aime/1', 'a/b', '']) {
      expect(shippedTrace(shelves, 'llama-3.1-8b', named), named).toBeNull();
    }
  });

  test('what is not there is refused with what is', async () => {
    await rejects({ trace: ['aime'] }, 'trace aime: none of llama-3.1-8b ships, expected qwen3-8b/aime');
    await rejects(
      { trace: ['aime'], target: 'llama-3-70b', tp: 4 },
      'none of llama-3-70b ships, nor one of llama-3.1-8b',
    );
    await rejects({ trace: ['qwen3-8b/gsm9k'] }, 'unknown trace of qwen3-8b "gsm9k": nearest is gsm8k');
    await rejects({ trace: ['qwen3-9b/gsm8k'] }, 'trace "qwen3-9b/gsm8k": no such file');
    await rejects(
      { target: 'llama-3-70b', tp: 4, method: ['eagle3'] },
      'method eagle3: trace llama-3-70b/gsm8k has no acceptance of it \\(it has ngram, eagle, draft-model\\)',
      'llama-3.1-8b/gsm8k or qwen3-8b/gsm8k',
    );
    await rejects(
      { method: ['mtp'], target: 'glm-4.5-air', tp: 8 },
      'glm-4.5-air/gpqa or qwen3.6-27b/live-coding',
    );
  });

  test('rates answer for no longer draft than was recorded, and have no lengths', async () => {
    const gpqa: Options = { target: 'glm-4.5-air', tp: 8, trace: ['gpqa'], method: ['mtp'] };
    const lengths = { promptLen: 100, outputLen: 200 };
    await rejects({ ...gpqa, ...lengths, k: [4] }, 'k 4: .* recorded with k = 3; expected k of at most that');
    await rejects(gpqa, 'rates have no lengths, expected --prompt-len');
    const { rows, warnings } = await run({ ...gpqa, ...lengths, k: [3], requests: 200 });
    // Means of the published shares 0.92, 0.68 and 0.38, which requests of 200 tokens cut a little short.
    expect(rows[0]!.tokens_per_round).toBeGreaterThan(2.98 * 0.97);
    expect(rows[0]!.tokens_per_round).toBeLessThan(2.98 * 1.01);
    expect(warnings.join('\n')).toContain('holds rates alone');
  });

  test('a block answers for its own length, whatever a policy verifies of it', async () => {
    const longbench: Options = {
      ...{ target: 'qwen3-8b', trace: ['longbench-e-4096'], method: ['dflash'] },
      ...{ promptLen: 4000, outputLen: 100, requests: 50 },
    };
    await rejects(longbench, 'k 3: .*a shorter block drafts other tokens; expected --k 15');
    const { rows } = await run({ ...longbench, k: [15] });
    expect(rows[0]).toMatchObject({ draft: 'dflash-qwen3-8b', drafted_per_round: 15 });
    const eager = await run({ ...longbench, k: [15], policy: ['goodput'], batch: [8] });
    expect(eager.rows[0]!.drafted_per_round).toBeLessThan(15);
    const inputs = await gatherInputs(completeScenario({ ...longbench, k: [15], batch: [8] }), folderLibrary);
    const [why] = explanationOf(inputs).rows;
    // The whole block is the price of verifying one of it.
    expect(why!.positions[0]!.cost_ms).toBeGreaterThan(10 * why!.positions[1]!.cost_ms);
    expect(why!.positions).toHaveLength(15);
    const { rows: tuned } = await tuningOf([inputs], 16);
    expect(tuned[0]).toMatchObject({ method: 'dflash', k: 15 });
    await expect(tuningOf([inputs], 8)).rejects.toThrow('--max-k 8: dflash was recorded with blocks of 15');
    const stated = await run({
      target: 'qwen3-8b',
      method: ['dflash'],
      acceptance: { dflash: '0.6' },
      k: [7],
    });
    expect(stated.rows[0]!.k).toBe(7);
  });

  test('a draft model is the one that was measured; another is said to borrow its acceptance', async () => {
    const base: Options = { target: 'llama-3-70b', tp: 4, method: ['draft-model'] };
    const own = await run(base);
    expect(own.rows[0]!.draft).toBe('llama-3.2-1b');
    expect(own.warnings.join('\n')).not.toContain('is that of');
    expect(own.warnings.join('\n')).toContain('borrows promptTokens and outputTokens of llama-3.1-8b/gsm8k');
    const other = await run({ ...base, draft: 'llama-3.1-8b' });
    expect(other.warnings.join('\n')).toContain('is that of llama-3.2-1b, not of llama-3.1-8b');
    await rejects(
      { ...base, acceptance: { 'draft-model': '0.7' } },
      'no draft model of its own; name one with --draft',
    );
    const thinking = await run({ target: 'qwen3-8b', method: ['draft-model'] });
    expect(thinking.rows[0]!.draft).toBe('qwen3-0.6b');
    expect(thinking.warnings.join('\n')).toContain('thinking on');
  });

  test('the same name is another point of a sweep for another target', async () => {
    const identity = new Identity(folderLibrary);
    const of = (options: Options) => identity.of(completeScenario(options));
    const own = await of({ target: 'qwen3-8b', trace: ['gsm8k'] });
    expect(await of({ target: 'qwen3-8b', trace: ['qwen3-8b/gsm8k'] })).toBe(own);
    expect(await of({ target: 'qwen3-8b', trace: ['llama-3.1-8b/gsm8k'] })).not.toBe(own);
    expect(await of({ target: 'qwen3-32b', trace: ['gsm8k'] })).toBe(
      await of({ target: 'qwen3-32b', trace: ['llama-3.1-8b/gsm8k'] }),
    );
  });

  test('the list says of whom, with what, and what is unlike', async () => {
    const entries = await catalogue('traces');
    expect(entries).toHaveLength(FILES.length);
    expect(processProvenance(load('qwen3-8b/aime.json'), ['eagle3']).source).toMatch(
      /thinking on, promptTokens borrowed from llama-3\.1-8b\/gsm8k$/,
    );
    const qwen = entries.find(({ trace, target }) => trace === 'cnn' && target === 'qwen3-8b')!;
    expect(qwen.methods).toBe('ngram, eagle3, draft-model');
    expect(qwen.remarks).toMatch(/thinking on.*llama-3\.1-8b\/cnn/);
    expect(entries.find(({ trace }) => trace === 'gpqa')).toMatchObject({
      kind: 'fitted from rates',
      k: 'up to 3',
    });
  });
});
