/** From what was named to a whole scenario: keys and values checked, defaults filled in, what would be ignored refused. */
import { costTraits } from '../cost/models.ts';
import { parseMethod } from '../drafter/methods.ts';
import { shown, UserError, unknownName } from '../errors.ts';
import { insteadOf } from './instead.ts';
import { sizes } from './kinds.ts';
import { isOpen } from './load.ts';
import { OPTION_NAMES, OPTIONS } from './option-table.ts';
import type { Asked, Asks, OptionName, Scenario } from './scenario.ts';

export type { OptionName, Scenario } from './scenario.ts';

export const DEFAULTS = Object.fromEntries(
  OPTION_NAMES.map((name) => [name, OPTIONS[name].default]),
) as unknown as Scenario;

/** Options somebody named, checked one by one. */
export type Options = { readonly [K in OptionName]?: NonNullable<Scenario[K]> };

/** An option as a flag has it: `prompt-len`. */
export function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The option that a key names, in camelCase or, as flags are written, with dashes; null for none. */
export function optionNamed(key: string): OptionName | null {
  const name = key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.hasOwn(OPTIONS, name) ? (name as OptionName) : null;
}

/** The same; throws a UserError for none. */
export function optionOf(key: string, where: string): OptionName {
  const name = optionNamed(key);
  if (name !== null) return name;
  const instead = insteadOf(flagOf(key).replaceAll('_', '-'));
  if (instead !== null) throw new UserError(`${where}: ${instead}`);
  throw new UserError(`${where}: ${unknownName('option', key, OPTION_NAMES).message}`);
}

/**
 * Checks named options; `$schema`, which editors read, is passed over.
 *
 * @param raw keys in camelCase or, as flags are written, with dashes
 * @param where how an option is named in an error, such as `--batch` or `scenario.json: batch`
 * @throws UserError for an unknown key or a value of the wrong kind
 */
export function parseOptions(
  raw: Readonly<Record<string, unknown>>,
  where: (key: string) => string,
): Options {
  const options: Record<string, unknown> = {};
  for (const [given, value] of Object.entries(raw)) {
    if (given === '$schema') continue;
    const key = optionOf(given, where(given));
    // A resolved scenario holds null where nobody chose; it must be readable as a scenario file.
    if (value === null && DEFAULTS[key] === null) continue;
    // A key that schemas drop without a word.
    if (typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__')) {
      throw new UserError(`${where(given)}: unknown name "__proto__"`);
    }
    const parsed = OPTIONS[key].schema.safeParse(value);
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!;
      const items = typeof value === 'string' ? value.split(',') : value;
      const got = typeof issue.path[0] === 'number' && Array.isArray(items) ? items[issue.path[0]] : value;
      throw new UserError(`${where(given)}: got ${shown(got)}, expected ${issue.message}`);
    }
    if (Object.hasOwn(options, key)) throw new UserError(`${where(given)}: given twice, expected one value`);
    options[key] = parsed.data;
  }
  return options as Options;
}

/** What options are where nobody names them, beside those that somebody did. */
export function usual(named: Partial<Scenario>): Scenario {
  const values: Record<string, unknown> = { ...DEFAULTS };
  for (const [name, beside] of BESIDE) values[name] = beside(named) ?? values[name];
  return values as unknown as Scenario;
}

const BESIDE = OPTION_NAMES.flatMap((name) => {
  const { beside } = OPTIONS[name];
  return beside === undefined ? [] : [[name, beside] as const];
});

/** Fills what nobody named. */
export function completeScenario(options: Options): Scenario {
  return Object.assign(usual(options), options);
}

/** Whether it is the default, or what that comes to where files say nothing else. */
export function isUsual(name: OptionName, value: unknown): boolean {
  const { default: usual, plain } = OPTIONS[name];
  if (value === usual || (plain !== undefined && value === plain)) return true;
  return typeof value === 'object' && JSON.stringify(value) === JSON.stringify(usual);
}

/** What a hash is made of beside documents: what came later is part of it only where it changes something. */
export function hashedOptions(scenario: Scenario): Partial<Scenario> {
  const changed = HASHED_LATER.filter((name) => !isUsual(name, scenario[name]));
  return Object.fromEntries([...HASHED, ...changed].map((name) => [name, scenario[name]]));
}

const HASHED = OPTION_NAMES.filter((name) => OPTIONS[name].hash === undefined);
const HASHED_LATER = OPTION_NAMES.filter((name) => OPTIONS[name].hash === 'changed');

/** Sizes as a flag lists them, such as 1k..32k. Throws a UserError for anything else. */
export function parseSizes(written: string, where: string): number[] {
  const parsed = sizes.schema.safeParse(written);
  if (!parsed.success)
    throw new UserError(
      `${where}: got ${shown(written)}, expected sizes such as 1k,4k or 1k..32k, each once`,
    );
  return [...new Set(parsed.data)].sort((a, b) => a - b);
}

export function askedOf({ method, load }: Scenario, asks: Asks = {}): Asked {
  return { methods: method.map(parseMethod), billed: load !== 'clones', schedules: false, ...asks };
}

/**
 * Refuses options that change nothing, so that nobody believes they did, and values that lack what they need.
 *
 * @param named flags that somebody wrote, which are refused at their default too
 * @throws UserError for the first of them
 */
export function checkUsed(scenario: Scenario, asked: Asked, named: readonly string[] = []): void {
  for (const name of OPTION_NAMES) {
    const { holds, idle, lacks } = OPTIONS[name];
    const flag = `--${flagOf(name)}`;
    // A pair has no default: it is there because somebody named it.
    const chosen: [string, string | null][] =
      holds === 'pairs'
        ? Object.entries(scenario[name] as object).map(([pair, value]) => [`${flag} ${pair}=${value}`, pair])
        : isUsual(name, scenario[name]) && !named.includes(flagOf(name))
          ? []
          : [[flag, null]];
    for (const [what, pair] of chosen) {
      const reason = idle?.(scenario, asked, pair) ?? null;
      if (reason !== null) throw new UserError(`${what} has no effect ${reason}`);
    }
    const lacking = lacks?.(scenario, asked) ?? null;
    if (lacking !== null) throw new UserError(`${flag} ${lacking}`);
  }
}

/** Why options change nothing, of those that do not; pairs may each have a reason of their own. */
export function idleOptions(scenario: Scenario): Partial<Record<OptionName, string>> {
  const asked = askedOf(scenario);
  const reasons = OPTION_NAMES.map((name) => {
    const { holds, idle } = OPTIONS[name];
    return [name, holds === 'pairs' ? null : (idle?.(scenario, asked, null) ?? null)];
  });
  return Object.fromEntries(reasons.filter(([, reason]) => reason !== null));
}

/** Refuses what a question about the hardware cannot be asked of: open loads, and constants of a fit. */
export function checkHardwareQuestion(command: string, scenario: Scenario): void {
  if (isOpen(scenario.load)) {
    throw new UserError(
      `--load ${scenario.load}: ${command} needs batch sizes, expected clones or closed, as arrivals fix the throughput`,
    );
  }
  if (!costTraits(scenario.cost).machine) {
    throw new UserError(
      `--cost ${scenario.cost}: ${command} needs a price made of the hardware's parts, expected roofline`,
    );
  }
}
