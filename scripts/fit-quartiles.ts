/**
 * Fits processes to published quantiles over requests where no recording is public, and writes what they reach into
 * docs/acceptance-process.md (section 9).
 *
 *   npx tsx scripts/fit-quartiles.ts FIG7.csv [--target llama-3-70b] [--dataset gsm8k]
 *   npx tsx scripts/fit-quartiles.ts --check [--target llama-3-70b] [--dataset gsm8k]
 *
 * --check measures the committed processes anew and fits none.
 * FIG7.csv: columns figure, panel, model, dataset, method, k, metric, value; fig. 7 of arXiv 2601.11580, read off its
 * vector graphics.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { csvRows } from '../src/csv.ts';
import { type AcceptanceProcess, MODEL_METHODS } from '../src/trace/process.ts';
import { UNSEEN_SEEDS } from './process-fit/fit-error.ts';
import { CONVENTIONS } from './process-fit/parameters.ts';
import { readProcess, rounded, writeProcess } from './process-fit/process-file.ts';
import { FITTED, fitQuantiles, type QuantileMethod, reachedQuantiles } from './process-fit/quantile-fit.ts';

const FOLDER = 'traces';
const DOCUMENT = 'docs/acceptance-process.md';
const LENDER = 'llama-3.1-8b';
const FIG7 = 'fig. 7 of arXiv 2601.11580 (SpecDecode-Bench), quantiles over requests at k = 20';

interface Target {
  readonly target: string;
  readonly setting: string | null;
  /** The draft model that was measured: scripts of SpecDecode-Bench/vllm@440b48d and @44dc542. */
  readonly draft: string | null;
}

const TARGETS: Readonly<Record<string, Target>> = {
  'Llama3.1-8B': { target: LENDER, setting: null, draft: null },
  'Llama3-70B': { target: 'llama-3-70b', setting: null, draft: 'llama-3.2-1b' },
  'Qwen3-8B-Thinking': { target: 'qwen3-8b', setting: 'thinking on', draft: 'qwen3-0.6b' },
};
const DATASETS: Readonly<Record<string, string>> = {
  GSM8K: 'gsm8k',
  'CNN/DailyMail': 'cnn',
  ShareGPT: 'sharegpt',
  InstructCoder: 'instructcoder',
};
const METHODS: Readonly<Record<string, QuantileMethod>> = {
  'n-gram': 'ngram',
  EAGLE: 'eagle',
  'EAGLE-3': 'eagle3',
  'draft-model': 'draft-model',
};
const REACHED = { requests: 3000, seeds: UNSEEN_SEEDS };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    target: { type: 'string' },
    dataset: { type: 'string' },
    check: { type: 'boolean', default: false },
  },
});
if (values.check === positionals.length > 0) throw new Error('usage: fit-quartiles.ts FIG7.csv | --check');
if (values.check) checkAll();
if (positionals[0] !== undefined) {
  const published = readFigure(positionals[0]);
  for (const one of Object.values(TARGETS)) {
    if (values.target !== undefined && values.target !== one.target) continue;
    for (const dataset of Object.values(DATASETS)) {
      if (values.dataset === undefined || values.dataset === dataset) fitTarget(one, dataset, published);
    }
  }
}
writeTable();

/** What the committed processes reach, written into their files. */
function checkAll(): void {
  for (const { target } of Object.values(TARGETS)) {
    if (values.target !== undefined && values.target !== target) continue;
    for (const dataset of Object.values(DATASETS)) {
      if (values.dataset !== undefined && values.dataset !== dataset) continue;
      const path = join(FOLDER, target, `${dataset}.json`);
      const process = readProcess(path);
      const requestMeans = Object.fromEntries(
        Object.entries(process.requestMeans).map(([method, { published }]) => [
          method,
          { published, reached: reachedQuantiles(process, method as QuantileMethod, REACHED) },
        ]),
      );
      writeProcess(path, { ...process, requestMeans });
    }
  }
}

/** Quantiles by `target dataset method`, smallest first. */
function readFigure(path: string): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const { cells } of csvRows(readFileSync(path, 'utf8'), path)) {
    const [, , model, dataset, method, , , value] = cells as string[];
    const target = TARGETS[model!]?.target;
    if (target === undefined) continue;
    const key = `${target} ${DATASETS[dataset!]} ${METHODS[method!]}`;
    found.set(key, [...(found.get(key) ?? []), Number(value)]);
  }
  return found;
}

function fitTarget(one: Target, dataset: string, figure: ReadonlyMap<string, readonly number[]>): void {
  const { target } = one;
  const path = join(FOLDER, target, `${dataset}.json`);
  const lender = readProcess(join(FOLDER, LENDER, `${dataset}.json`));
  let process = target === LENDER ? lender : borrowed(lender, one);
  for (const method of Object.values(METHODS)) {
    const published = figure.get(`${target} ${dataset} ${method}`);
    if (published === undefined) continue;
    const recorded = process.fitError !== undefined && (method === 'ngram' || method === 'eagle3');
    if (!recorded) process = fitMethod(process, lender, method, published, one.draft);
    process = rounded(process);
    const reached = reachedQuantiles(process, method, REACHED);
    process = {
      ...process,
      requestMeans: { ...process.requestMeans, [method]: { published: [...published], reached } },
    };
    console.log(target, dataset, method, deviation(published, reached));
  }
  mkdirSync(join(FOLDER, target), { recursive: true });
  writeProcess(path, process);
}

/** The lengths and scores of another target's process of the same data set, and its look-up to start from. */
function borrowed(lender: AcceptanceProcess, { target, setting }: Target): AcceptanceProcess {
  const { dataset, promptTokens, outputTokens, copula, ngram } = lender;
  const from = `${LENDER}/${dataset}`;
  return {
    schemaVersion: 2,
    process: 'copy-run and token-difficulty',
    dataset,
    target,
    setting,
    conventions: CONVENTIONS,
    origins: {
      lengths: { fittedTo: null, borrowed: { from, numbers: ['promptTokens', 'outputTokens'] } },
      copula: { fittedTo: null, borrowed: { from, numbers: Object.keys(copula) } },
      ngram: { fittedTo: null },
    },
    promptTokens,
    outputTokens,
    copula,
    ngram,
    requestMeans: {},
  };
}

function fitMethod(
  process: AcceptanceProcess,
  lender: AcceptanceProcess,
  method: QuantileMethod,
  published: readonly number[],
  draft: string | null,
): AcceptanceProcess {
  // A whole model reads its own drafts as any text: nothing makes the later ones harder than their tokens are.
  const whole = method === 'draft-model';
  const alone = { depth: { factor: 0, power: 1 }, beyond7: { step: 0, slope: 0 } };
  const start = method === 'ngram' ? lender.ngram : { ...lender.eagle3!, ...(whole && alone) };
  const assumed = whole ? Object.keys(alone) : [];
  const fitted = fitQuantiles({ ...process, [method]: start }, method, published);
  const numbers = leaves(start).filter((name) => !covers([...FITTED[method], ...assumed], name));
  const from = `${LENDER}/${process.dataset}${method === 'ngram' ? '' : ' (eagle3)'}`;
  return {
    ...fitted,
    origins: {
      ...process.origins,
      [method]: {
        fittedTo: FIG7,
        borrowed: { from, numbers },
        ...(whole && draft !== null && { draft }),
      },
    },
  };
}

/** Dotted names of the numbers and lists in a part. */
function leaves(part: object): string[] {
  return Object.entries(part).flatMap(([key, value]) =>
    typeof value === 'object' && !Array.isArray(value)
      ? leaves(value).map((name) => `${key}.${name}`)
      : [key],
  );
}

function covers(names: readonly string[], leaf: string): boolean {
  return names.some((name) => leaf === name || leaf.startsWith(`${name}.`));
}

/** The largest deviation of a quartile, and of a whisker, in percent. */
function deviation(published: readonly number[], reached: readonly number[]): [number, number] {
  const percents = published.map((value, i) => 100 * Math.abs(reached[i]! / value - 1));
  return [Math.max(...percents.slice(1, 4)), Math.max(percents[0]!, percents[4]!)];
}

/** Replaces the table between the markers of the document. */
function writeTable(): void {
  const lines = [
    '| target | data set | method | published: 5, 25, 50, 75, 95% | reached | quartiles, % | whiskers, % |',
    '|---|---|---|---|---|---|---|',
  ];
  for (const { target } of Object.values(TARGETS)) {
    for (const dataset of Object.values(DATASETS)) {
      const path = join(FOLDER, target, `${dataset}.json`);
      if (!existsSync(path)) continue;
      const { requestMeans } = readProcess(path);
      for (const method of ['ngram', ...MODEL_METHODS] as const) {
        const row = requestMeans[method];
        if (row === undefined) continue;
        const list = (quantiles: readonly number[]) => quantiles.map((value) => value.toFixed(2)).join(', ');
        const [quartiles, whiskers] = deviation(row.published, row.reached);
        lines.push(
          `| ${target} | ${dataset} | ${method} | ${list(row.published)} | ${list(row.reached)} | ${quartiles.toFixed(1)} | ${whiskers.toFixed(1)} |`,
        );
      }
    }
  }
  const text = readFileSync(DOCUMENT, 'utf8');
  const [from, to] = ['<!-- scripts/fit-quartiles.ts writes this table -->\n', '<!-- end of the table -->'];
  const [before, rest] = text.split(from);
  const after = rest?.split(to)[1];
  if (before === undefined || after === undefined) throw new Error(`${DOCUMENT}: expected ${from}`);
  writeFileSync(DOCUMENT, `${before}${from}\n${lines.join('\n')}\n\n${to}${after}`);
}
