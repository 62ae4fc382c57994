/** `specsim pareto`: the fronts of a sweep. */
import { UserError } from '../errors.ts';
import { readJson } from '../json.ts';
import { paretoOf } from '../sweep/pareto.ts';
import { flatPareto, paretoDocument } from '../sweep/pareto-document.ts';
import { checkIds, headAt, type MergedSweep, mergeRecords, recordAt } from '../sweep/records.ts';
import { type Delivery, deliver } from './deliver.ts';
import { readText } from './input.ts';
import { checkWritable } from './output.ts';
import { mergeFolders } from './sweep-merge.ts';

interface ParetoRequest extends Delivery {
  /** Folders of a sweep, or one file that `sweep merge --format json` wrote. */
  readonly paths: readonly string[];
  readonly oracles: boolean;
}

/** @throws UserError before anything is written */
export async function pareto({ paths, oracles, format, out }: ParetoRequest): Promise<void> {
  if (out !== undefined) await checkWritable(out, '--out');
  const [first] = paths;
  const { results } =
    paths.length === 1 && first!.endsWith('.json') ? await readMerged(first!) : await mergeFolders(paths);
  const result = paretoOf(results, oracles);
  await deliver(
    { result, flat: () => flatPareto(result), document: () => paretoDocument(result) },
    { format, out },
  );
}

async function readMerged(path: string): Promise<MergedSweep> {
  const text = await readText(path);
  const json = readJson({ text, where: path }) as Partial<MergedSweep> | null;
  if (!Array.isArray(json?.results)) {
    throw new UserError(`${path}: no results of a sweep, expected what sweep merge --format json wrote`);
  }
  const results = json.results.map((record, i) => recordAt(record, `${path}: results[${i}]`));
  return checkIds(mergeRecords(headAt(json, path), results));
}
