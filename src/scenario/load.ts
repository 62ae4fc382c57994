/** Loads as `--load` names them: how requests come to the engine. */
import type { Arrivals } from '../workload/arrivals.ts';

export type Load =
  | { readonly kind: 'clones' }
  | { readonly kind: 'closed' }
  /** As many requests as the batch start together, and none is replaced. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'open'; readonly arrivals: Arrivals }
  /** At the times of the workload file. */
  | { readonly kind: 'recorded' };

export const LOAD_FORMS =
  'clones, closed, drain, poisson:RATE, gamma:RATE,CV, constant:RATE (rates above 0, from 1e-6 to 1e6 requests/s; CV, up to 20, is the standard deviation of a gap over its mean) or recorded (with --workload)';

/** The load of a text; null when it is none. */
export function parseLoad(text: string): Load | null {
  if (text === 'clones' || text === 'closed' || text === 'drain' || text === 'recorded')
    return { kind: text };
  const [, process, rate, cv] = /^(poisson|constant|gamma):([^,]+)(?:,([^,]+))?$/.exec(text) ?? [];
  const ratePerS = within(rate, 1e-6, 1e6);
  if (ratePerS === null) return null;
  if (process === 'gamma') {
    const spread = within(cv, 1e-6, 20);
    return spread === null ? null : { kind: 'open', arrivals: { process, ratePerS, cv: spread } };
  }
  if (cv !== undefined) return null;
  return { kind: 'open', arrivals: { process: process as 'poisson' | 'constant', ratePerS } };
}

/** Whether requests come on their own, whatever the engine does; batch sizes then follow and are not asked for. */
export function isOpen(text: string): boolean {
  const kind = parseLoad(text)?.kind;
  return kind === 'open' || kind === 'recorded';
}

function within(text: string | undefined, least: number, most: number): number | null {
  const value = Number(text);
  return value >= least && value <= most ? value : null;
}
