/** What the page shows: flags as the command line has them, and where the reader looks. */
import { CHART_KINDS, type ChartKind } from '../plot/chart.ts';
import { type Flags, wordsOf } from '../scenario/flags.ts';
import { OPTION_NAMES } from '../scenario/option-table.ts';
import { DEFAULTS } from '../scenario/options.ts';
import type { Row } from '../scenario/result.ts';
import { inShell } from '../shell.ts';

export interface View {
  readonly flags: Flags;
  /** Batch size that the cards are of. */
  readonly at: number;
  /** Method that the cards are of; the last that drafts where it is not among the rows. */
  readonly look: string;
  /** The picture beside those that are always there. */
  readonly picture: ChartKind;
  /** Number of a lesson from 1; 0 for none. */
  readonly scene: number;
}

/** Pictures beside those that are always there. */
export const CHOICES = CHART_KINDS.filter((kind) => kind !== 'speedup' && kind !== 'time');

export const START: View = {
  flags: { method: 'none,ngram,eagle3,oracle:eagle3,hybrid:ngram+eagle3', batch: '1..128' },
  at: 64,
  look: 'eagle3',
  picture: 'pass',
  scene: 0,
};

/** What differs from the start. */
export const PRESETS: Readonly<Record<string, Flags>> = {
  'chat on an H100': {},
  'a larger GPU': { gpu: 'b200-sxm' },
  'code that is edited': { trace: 'instructcoder' },
  'a 70B model on four GPUs': { target: 'llama-3-70b', tp: '4', method: 'none,ngram,eagle' },
};

/** What is pinned as A. */
export interface Pinned {
  readonly row: Row;
  readonly rows: readonly Row[];
  readonly view: View;
}

/** The row or setting that is looked at: of the method named, else the last that drafts. */
export function lookedAt<T extends { readonly method: string; readonly k: number | null }>(
  all: readonly T[],
  look: string,
): T | undefined {
  return all.find(({ method }) => method === look) ?? all.findLast(({ k }) => k !== null) ?? all.at(-1);
}

/** The flags of a command: the trace is one that the reader sees named. */
export const named = (flags: Flags): Flags => ({ trace: DEFAULTS.trace.join(), ...flags });

/** The command that prints the same numbers, quoted for a POSIX shell. */
export function commandOf(asked: Flags): string {
  const flags = named(asked);
  const words = OPTION_NAMES.flatMap((name) => (flags[name] === undefined ? [] : wordsOf(name, flags[name])));
  return ['specsim run', ...words.map(inShell)].join(' ');
}
