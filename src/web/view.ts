/**
 * What the page shows, as a link holds it: flags as the command line has them, and where the reader looks. Only what
 * differs from the page's start is written, so that links are short and can be read.
 */
import { CHART_KINDS, type ChartKind } from '../plot/chart.ts';
import { OPTION_NAMES, OPTIONS } from '../scenario/option-table.ts';
import { flagOf, type OptionName, type Scenario } from '../scenario/options.ts';
import { inShell } from '../shell.ts';

/** Links of this meaning; the start view of another would be another version. */
const VERSION = '1';

export type Flags = Readonly<Partial<Record<OptionName, string>>>;

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

/** Pictures beside those that are always there; capacity needs limits and arrivals, which its command asks for. */
export const CHOICES = CHART_KINDS.filter((kind) => !['speedup', 'time', 'capacity'].includes(kind));

const START_FLAGS: Flags = {
  method: 'none,ngram,eagle3,oracle:eagle3,hybrid:ngram+eagle3',
  batch: '1..128',
};

export const START: View = { flags: START_FLAGS, at: 64, look: 'eagle3', picture: 'pass', scene: 0 };

const IN_LINE = { gpu: undefined, ...START_FLAGS } as Record<string, string | undefined>;

/** The part of a link behind the hash. */
export function linkOf(view: View): string {
  const parts = new URLSearchParams({ v: VERSION });
  for (const name of OPTION_NAMES) {
    const value = view.flags[name];
    if (value !== IN_LINE[name]) parts.set(flagOf(name), value ?? '');
  }
  for (const key of ['at', 'look', 'picture', 'scene'] as const) {
    if (view[key] !== START[key]) parts.set(key, String(view[key]));
  }
  return parts.toString().replaceAll('%2C', ',').replaceAll('%3A', ':').replaceAll('%2F', '/');
}

/** What a link shows; what it names and nobody knows is left out. */
export function viewOf(link: string): View {
  const parts = new URLSearchParams(link);
  const flags: Partial<Record<OptionName, string>> = { ...START_FLAGS };
  for (const name of OPTION_NAMES) {
    const value = parts.get(flagOf(name));
    if (value === '') delete flags[name];
    else if (value !== null) flags[name] = value;
  }
  const number = (key: string, otherwise: number, most: number) => {
    const value = Number(parts.get(key) ?? otherwise);
    return Number.isInteger(value) && value >= 0 && value <= most ? value : otherwise;
  };
  const picture = CHOICES.find((kind) => kind === parts.get('picture'));
  return {
    flags,
    at: number('at', START.at, 2 ** 20) || START.at,
    look: parts.get('look') ?? START.look,
    picture: picture ?? START.picture,
    scene: number('scene', 0, 6),
  };
}

/** Flags as scenario keys: pairs taken apart, all else as the command line has it. */
export function optionsOf(flags: Flags): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(flags).map(([name, value]) => {
      const { holds } = OPTIONS[name as OptionName];
      if (holds === 'switch') return [name, value === 'true'];
      return [name, holds === 'pairs' ? pairsOf(value) : value];
    }),
  );
}

export function pairsOf(value: string): Record<string, string> {
  const pairs = value.split(',').map((pair) => /^([^=]*)=?(.*)$/s.exec(pair)!.slice(1) as [string, string]);
  return Object.fromEntries(pairs);
}

/** The command that prints the same numbers, quoted for a POSIX shell. */
export function commandOf(flags: Flags, command = 'specsim run'): string {
  const words = OPTION_NAMES.flatMap((name): string[] => {
    const value = flags[name];
    if (value === undefined) return [];
    const flag = `--${flagOf(name)}`;
    const { holds } = OPTIONS[name];
    if (holds === 'switch') return value === 'true' ? [flag] : [];
    return (holds === 'pairs' ? value.split(',') : [value]).flatMap((one) => [flag, inShell(one)]);
  });
  return [command, ...words].join(' ');
}

/** A whole scenario as flags: what differs from the defaults. */
export function flagsOf(scenario: Readonly<Record<string, unknown>>): Flags {
  const flags: Partial<Record<OptionName, string>> = {};
  for (const name of OPTION_NAMES) {
    const value = scenario[name] as Scenario[OptionName] | undefined;
    if (value === undefined || value === null) continue;
    if (JSON.stringify(value) === JSON.stringify(OPTIONS[name].default)) continue;
    flags[name] =
      typeof value === 'object' && !Array.isArray(value)
        ? Object.entries(value)
            .map((pair) => pair.join('='))
            .join()
        : String(value);
  }
  return flags;
}
