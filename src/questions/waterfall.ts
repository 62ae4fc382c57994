/**
 * From a setting to its bound: what perfect knowledge and free work would bring, each on top of those before, so that
 * what they save adds up to the gap.
 */
import { parseMethod } from '../drafter/methods.ts';
import type { Measures } from '../metrics/measure.ts';
import type { Bench } from '../scenario/bench.ts';
import type { Setting } from '../scenario/setup.ts';
import { perToken } from './token-time.ts';

/** One of the gifts that lead from the setting to its bound, each on top of those before. */
export interface Gift {
  readonly what: string;
  /** Milliseconds of a decode step for each token of a sequence that it saves; negative where it costs more. */
  readonly saves_ms: number;
  /** What is left. */
  readonly ms_per_token: number;
}

/** The settings that a waterfall goes through. */
export interface Bounds {
  readonly setting: Setting;
  /** The same rounds, rejected tokens left out. */
  readonly exact: Setting;
  /** Exact lengths without end: an oracle, or the better of two parts that both run. */
  readonly oracles: readonly (readonly [what: string, setting: Setting])[];
  /** The most that drafting can do; null for loads of different requests, which have no such plan. */
  readonly best: Setting | null;
}

/** @param second a look-up that may be tried beside the method; null for none */
export function boundsOf(setting: Setting, exact: Setting, second: string | null, clones: boolean): Bounds {
  const bound = (name: string): Setting => ({ method: parseMethod(name), k: null });
  const names = setting.method.parts.map(({ name }) => name);
  const both = second === null || names.includes(second) ? names : [second, ...names];
  const oracles: [string, Setting][] = [];
  if (names.length === 1) {
    oracles.push(['exact lengths beyond k (oracle)', bound(`oracle:${names[0]}`)]);
  }
  if (both.length === 2) {
    oracles.push([`the better of ${both.join(' and ')}, both paid`, bound(`combined:${both.join('+')}`)]);
  }
  return { setting, exact, oracles, best: clones ? bound(`best:${both.join('+')}`) : null };
}

/** @returns gifts whose savings add up to the time of a token less the last `ms_per_token` */
export function waterfall(bench: Bench, { setting, exact, oracles, best }: Bounds, batch: number): Gift[] {
  const measured = (one: Setting): Measures => bench.measures(one, batch);
  const now = perToken(measured(setting));
  const known = perToken(measured(exact));
  const last = perToken(measured(best ?? oracles.at(-1)?.[1] ?? exact));
  const stages: (readonly [string, number])[] = [
    ['rejected tokens verified for nothing', known.total + now.draft - known.draft],
    ['and not drafted (exact lengths up to k)', known.total],
    ...oracles.map(([what, one]) => [what, perToken(measured(one)).total] as const),
    ...(best === null ? [] : [['the best rounds there are (optimum)', last.total] as const]),
    ['drafting for nothing', last.total - last.draft],
    ['host and sampling for nothing (the bound)', last.verify],
  ];
  let before = now.total;
  return stages.map(([what, ms]) => {
    const gift = { what, saves_ms: before - ms, ms_per_token: ms };
    before = ms;
    return gift;
  });
}
