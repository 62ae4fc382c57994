/** Loads as `--load` names them: how requests come to the engine. */
import type { Arrivals } from '../workload/arrivals.ts';

export type Load =
  | { readonly kind: 'clones' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'open'; readonly arrivals: Arrivals }
  /** At the times of the workload file. */
  | { readonly kind: 'recorded' };

export const LOAD_FORMS =
  'clones, closed, poisson:RATE, gamma:RATE,CV, constant:RATE (rates above 0 in requests/s; CV is the standard deviation of a gap over its mean) or recorded (with --workload)';

/** The load of a text; null when it is none. */
export function parseLoad(text: string): Load | null {
  if (text === 'clones' || text === 'closed' || text === 'recorded') return { kind: text };
  const [, process, rate, cv] = /^(poisson|constant|gamma):([^,]+)(?:,([^,]+))?$/.exec(text) ?? [];
  const ratePerS = positive(rate);
  if (ratePerS === null) return null;
  if (process === 'gamma') {
    const spread = positive(cv);
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

function positive(text: string | undefined): number | null {
  const value = Number(text);
  return text !== undefined && text.trim() !== '' && value > 0 && Number.isFinite(value) ? value : null;
}
