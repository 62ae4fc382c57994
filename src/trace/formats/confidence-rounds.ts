/**
 * Rounds with the drafter's confidence per depth, as inference-lab replays them: CSV with `commits`, `category` and `a0`,
 * `a1`, ..., or the columns of its recordings, `accept` and `conf0`, `conf1`, ... (Parquet, read as such lines). `commits` and
 * `accept` count accepted drafts, the bonus token not among them (calibration/src/specdec_calibration/export.py).
 *
 * Where no column says which request a round is of, rounds of a category are cut into requests of equal length.
 */
import { csvRows } from '../../csv.ts';
import { UserError } from '../../errors.ts';
import { MAX_K } from '../conventions.ts';
import { StepCollector } from '../steps.ts';
import { inBytes } from '../token-confidence.ts';
import { nameOf, provenanceOf } from './fields.ts';
import type { LineFormat } from './format.ts';

/** Rounds of a request where no column tells requests apart: some 300 tokens of output. */
const ROUNDS_EACH = 128;

/** What a request is told by, as far as a file has it. */
const KEYS = ['model', 'speculator', 'config', 'category', 'prompt_idx', 'turn'];

interface Columns {
  readonly names: readonly string[];
  readonly accepted: number;
  readonly confidence: readonly number[];
  readonly keys: readonly number[];
  /** Whether the keys tell requests apart. */
  readonly whole: boolean;
}

interface Rounds {
  readonly at: string;
  readonly emitted: number[];
  readonly proposed: number[];
  readonly confidence: number[];
}

export const confidenceRounds: LineFormat = {
  name: 'confidence-rounds',
  title: 'rounds with confidence per depth',
  items: 'lines',
  recognises: (line) => /(^|,)(commits|accept)(,|$)/.test(line) && /(^|,)(a0|conf0)(,|$)/.test(line),
  open(where, stated) {
    let columns: Columns | null = null;
    let leftOut = 0;
    const requests = new Map<string, Rounds>();
    const counts = new Map<string, number>();
    return {
      add(line, at) {
        const [row] = csvRows(line, at);
        if (row === undefined) return;
        if (columns === null) {
          columns = columnsOf(row.cells, at);
          return;
        }
        if (row.cells.length !== columns.names.length) {
          throw new UserError(
            `${at}: ${row.cells.length} cells, expected ${columns.names.length} as in the header`,
          );
        }
        if (row.cells[columns.accepted]!.trim() === '') {
          leftOut++;
          return;
        }
        const key = columns.keys.map((column) => row.cells[column]!).join('/');
        const count = counts.get(key) ?? 0;
        counts.set(key, count + 1);
        const id = columns.whole ? key : `${key}/${Math.floor(count / ROUNDS_EACH)}`;
        let rounds = requests.get(id);
        if (rounds === undefined) {
          rounds = { at, emitted: [], proposed: [], confidence: [] };
          requests.set(id, rounds);
        }
        addRound(rounds, row.cells, columns, at);
      },
      leftOut: () => leftOut,
      finish() {
        if (requests.size === 0) throw new UserError(`${where}: no rounds, expected one or more rows`);
        const steps = new StepCollector();
        const depths = columns!.confidence.length;
        for (const [id, { at, emitted, proposed, confidence }] of requests) {
          steps.add(
            {
              ...{ id, promptTokens: null, outputTokens: null, emitted, proposed },
              confidence: { depths, list: confidence },
            },
            at,
          );
        }
        return {
          kind: 'step-indexed',
          name: nameOf(where),
          provenance: provenanceOf(where, 'rounds with confidence'),
          drafters: [steps.finish('unknown', stated.drafting ?? 'chain', stated.k)],
          ...(!columns!.whole && {
            notes: [
              `${where}: no prompt_idx tells requests apart: every ${ROUNDS_EACH} rounds of a category are taken as one`,
            ],
          }),
        };
      },
    };
  },
};

function columnsOf(names: readonly string[], at: string): Columns {
  const accepted = names.findIndex((name) => name === 'commits' || name === 'accept');
  const prefix = names.includes('conf0') ? 'conf' : 'a';
  const confidence: number[] = [];
  for (let depth = names.indexOf(`${prefix}0`); depth >= 0; ) {
    confidence.push(depth);
    depth = names.indexOf(`${prefix}${confidence.length}`);
  }
  if (accepted < 0 || confidence.length === 0 || confidence.length > MAX_K) {
    throw new UserError(
      `${at}: columns ${names.join(', ')}, expected commits (or accept) and 1 to ${MAX_K} of a0, a1, ... (or conf0, conf1, ...)`,
    );
  }
  const keys = KEYS.map((name) => names.indexOf(name)).filter((column) => column >= 0);
  return { names, accepted, confidence, keys, whole: names.includes('prompt_idx') };
}

function addRound(rounds: Rounds, cells: readonly string[], columns: Columns, at: string): void {
  const { names, accepted, confidence } = columns;
  let drafts = 0;
  for (const [depth, column] of confidence.entries()) {
    const cell = cells[column]!.trim();
    // Shallower speculators leave deeper columns empty, or not a number.
    if (/^(nan)?$/i.test(cell)) {
      rounds.confidence.push(0);
      continue;
    }
    const chance = Number(cell);
    if (!(chance >= 0 && chance <= 1)) {
      throw new UserError(`${at}, column ${names[column]}: got ${cell}, expected a chance of 0 to 1`);
    }
    rounds.confidence.push(inBytes(chance));
    drafts = depth + 1;
  }
  const count = Number(cells[accepted]);
  if (!Number.isInteger(count) || count < 0 || count > drafts) {
    throw new UserError(
      `${at}, column ${names[accepted]}: got ${cells[accepted]}, expected 0 to ${drafts} accepted drafts, as many as have a confidence`,
    );
  }
  rounds.emitted.push(count + 1);
  rounds.proposed.push(drafts);
}
