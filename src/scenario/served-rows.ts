/** Which rows of a table of plain serving an engine's times are fitted to. */
import { UserError } from '../errors.ts';
import { grouped } from '../memo.ts';
import { contradictions } from './contradictions.ts';
import { ENGINES, profileOf } from './engine-versions.ts';
import type { PlainServing } from './plain-serving.ts';
import type { ServingFigure } from './serving-table.ts';

interface ServedFigures {
  readonly figures: readonly ServingFigure[];
  /** The profile whose times they fit. */
  readonly profile: string;
  readonly comments: ReadonlyMap<string, string>;
  /** What was not taken, a sentence each. */
  readonly leftOut: readonly string[];
}

/** What a TPOT is taken to be known to, in percent: repeats differ by 3, the laws of experts miss other shapes by 9. */
const KNOWN_TO = { dense: 3, experts: 9 };

/**
 * The rows of an engine and GPU that are marked to calibrate, of models that the catalogue has.
 *
 * @param framework ENGINE, its newest version, or ENGINE/VERSION
 * @param target the one model to take rows of; all of the catalogue unless said
 * @throws UserError for a framework that is missing or not known, and where no row is left
 */
export function selectServed(
  rows: readonly PlainServing[],
  { framework, target }: { readonly framework: string | undefined; readonly target: string | undefined },
  gpus: readonly string[],
  where: string,
): ServedFigures {
  const [engine = '', version = ''] = (framework ?? '').split('/');
  const profile = profileOf(engine, version, '');
  if (profile === null) {
    throw new UserError(
      `--serving ${where}: holds several engines, expected --framework ${ENGINES.join(' | ')}, with /VERSION for one that is not the newest${framework === undefined ? '' : `; got "${framework}"`}`,
    );
  }
  const asked = rows.filter(
    (row) =>
      row.profile === profile &&
      gpus.includes(row.gpu) &&
      row.calibrates &&
      (target === undefined || row.target === target),
  );
  const contradicted = contradictions(asked);
  const reasons = new Map<string, number>();
  const taken = asked.filter((row) => {
    const reason =
      row.target === null
        ? `${row.model} is not in the catalogue`
        : row.options.dpAttention! > 1
          ? 'copies of attention share experts (dp_attention)'
          : contradicted.get(row.line);
    if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    return reason === undefined;
  });
  if (taken.length === 0) {
    throw new UserError(
      `--serving ${where}: no row to calibrate ${profile} on ${gpus.join(' or ')} is left of ${asked.length}; marked to calibrate are ${marked(rows)}`,
    );
  }
  const ofModel = grouped(taken, ({ target: model }) => model);
  return {
    profile,
    comments: new Map(),
    leftOut: [...reasons].map(([reason, count]) => `${count} of ${asked.length} rows: ${reason}`),
    figures: taken.map(({ gpu, options, load, tpotS, line, experts, target: model }) => ({
      measure: 'tpot_ms',
      value: 1e3 * tpotS,
      // Rows of one model share what its laws miss: each model counts alike, however many rows it has.
      knownTo:
        (experts ? KNOWN_TO.experts : KNOWN_TO.dense) *
        Math.sqrt((ofModel.get(model)!.length * ofModel.size) / taken.length),
      options: { ...options, gpu, batch: [load.concurrency] },
      load,
      where: `${where}, line ${line}`,
    })),
  };
}

function marked(rows: readonly PlainServing[]): string {
  const pairs = rows
    .filter(({ calibrates, profile, target }) => calibrates && profile !== null && target !== null)
    .map(({ profile, gpu }) => `${profile} on ${gpu}`);
  return [...new Set(pairs)].sort().join(', ');
}
