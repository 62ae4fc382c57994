/** A scenario as flags, each a text as the command line has it. */
import { OPTION_NAMES, OPTIONS } from './option-table.ts';
import { flagOf, isUsual, type OptionName } from './options.ts';

export type Flags = Readonly<Partial<Record<OptionName, string>>>;

/** Between two pairs; a value may be a list. */
const BETWEEN = /,(?=[^,=]*=)/;

/** `a=1,b=2` taken apart. */
export function pairsOf(text: string): Record<string, string> {
  return Object.fromEntries(text.split(BETWEEN).map((pair) => /^([^=]*)=?(.*)$/s.exec(pair)!.slice(1)));
}

export function pairsText(pairs: object): string {
  return Object.entries(pairs)
    .map((pair) => pair.join('='))
    .join();
}

/** Flags as scenario keys, to be parsed: pairs taken apart, all else as it is written. */
export function keysOf(flags: Flags): Record<string, unknown> {
  const read = { pairs: pairsOf, switch: (value: string) => value === 'true' } as const;
  return Object.fromEntries(
    Object.entries(flags).map(([name, value]) => {
      const { holds } = OPTIONS[name as OptionName];
      return [name, holds === 'pairs' || holds === 'switch' ? read[holds](value) : value];
    }),
  );
}

/** A whole scenario as flags: what differs from the defaults. */
export function flagsOf(scenario: Readonly<Record<string, unknown>>): Flags {
  const flags: Partial<Record<OptionName, string>> = {};
  for (const name of OPTION_NAMES) {
    const value = scenario[name];
    if (value === undefined || value === null || isUsual(name, value)) continue;
    flags[name] = typeof value === 'object' && !Array.isArray(value) ? pairsText(value) : String(value);
  }
  return flags;
}

/** An option in a command: its flag and its value, of pairs one after the other. */
export function wordsOf(name: OptionName, value: string): string[] {
  const flag = `--${flagOf(name)}`;
  const { holds } = OPTIONS[name];
  if (holds === 'switch') return [flag];
  return (holds === 'pairs' ? value.split(BETWEEN) : [value]).flatMap((one) => [flag, one]);
}
