/**
 * Writes published acceptance rates by draft position as trace files, for methods of which nothing better is public.
 *
 *   npx tsx scripts/ship-rates.ts PER_POSITION.csv
 *
 * PER_POSITION.csv: columns source, target, method, dataset, k, position, p_survive, note; p_survive is the share of
 * rounds that accept at least `position` drafts.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { csvRows } from '../src/csv.ts';
import { canonicalJsonl } from '../src/trace/formats/canonical-jsonl.ts';
import { NO_RATES } from '../src/trace/formats/fields.ts';
import type { RatesRecord } from '../src/trace/record.ts';

const METHODS: Readonly<Record<string, string>> = { MTP: 'mtp', DFlash: 'dflash', 'DFlash b16': 'dflash' };

/** Parts of one trace: rounds of the same method on the same data set. */
const records = new Map<string, RatesRecord>();

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: ship-rates.ts PER_POSITION.csv');
const parts = new Map<string, { cells: readonly string[]; marginal: number[] }>();
for (const { cells } of csvRows(readFileSync(path, 'utf8'), path)) {
  if (METHODS[cells[2]!] === undefined) continue;
  const key = cells.slice(0, 5).join();
  const part = parts.get(key) ?? { cells, marginal: [] };
  part.marginal.push(Number(cells[6]));
  parts.set(key, part);
}
for (const { cells, marginal } of parts.values()) {
  const [source, target, method, dataset] = cells as string[];
  add(source!, target!.replace(/ AutoRound$/, ''), METHODS[method!]!, dataset!, marginal);
}
// Given in the text of the study, not in a figure: "position-wise acceptance rate", as vLLM counts it.
add(
  'specdecode-bench.github.io@514270c (the study of arXiv 2601.11580), section Reasoning Workloads',
  'GLM-4.5-Air',
  'mtp',
  'GPQA',
  [0.92, 0.68, 0.38],
);
for (const [key, record] of records) {
  const file = join('traces', `${key}.jsonl`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, [...canonicalJsonl(record)].join(''));
  console.log(file);
}

function add(source: string, target: string, method: string, dataset: string, marginal: number[]): void {
  // Measured with guided decoding: not the data set as it is, which other methods are asked about.
  const guided = source.startsWith('Guided-') ? 'guided ' : '';
  const [owner, name] = [slug(target), slug(`${guided}${dataset.replace(/ session$/, '')}`)];
  const key = `${owner}/${name}`;
  const part = { label: source, ...NO_RATES, method, k: marginal.length, marginal };
  const earlier = records.get(key)?.rates ?? [];
  // What the parts have in common; each is labelled with the whole.
  const whole = source.replace(/ \(log line .*\)$/, '');
  records.set(key, {
    kind: 'rates',
    name,
    provenance: { source: whole, target: owner, dataset: name, engine: null, licence: null },
    rates: [...earlier, part],
  });
}

function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[ _]+/g, '-');
}
