/** A service level objective: limits that a request meets or misses, and the share of requests that should meet them. */
import { shown, UserError, unknownName } from '../errors.ts';
import { parseQuantity } from '../units.ts';

/** What a limit may be set on, in the order in which a request goes through them. */
export const SLO_LIMITS = ['ttft', 'tpot', 'itl', 'e2e'] as const;

export type SloLimit = (typeof SLO_LIMITS)[number];

export interface Slo {
  /** Seconds, by what is limited; at least one. */
  readonly limitsS: Readonly<Partial<Record<SloLimit, number>>>;
  /** Of all requests, those that have to meet every limit, for a rate to count as held. */
  readonly share: number;
}

const DEFAULT_SHARE = 0.99;

const FORM = 'limits such as ttft=500ms,tpot=30ms (ttft, tpot, itl, e2e) and, for capacity, share=95%';

/**
 * Reads `ttft=500ms,tpot=30ms,share=95%`; the share is 99 % where none is given.
 *
 * @param where what to name in errors
 * @throws UserError for a limit that is unknown, given twice, or no time; and for no limit at all
 */
export async function parseSlo(text: string, where: string): Promise<Slo> {
  const limitsS: Partial<Record<SloLimit, number>> = {};
  let share: number | null = null;
  for (const term of text.split(',')) {
    const at = term.indexOf('=');
    const [name, written] = [term.slice(0, Math.max(at, 0)).trim(), term.slice(at + 1).trim()];
    if (name === '' || written === '') {
      throw new UserError(`${where}: got ${shown(term)}, expected ${FORM}`);
    }
    const twice = new UserError(`${where}: ${name} given twice, expected one value`);
    if (name === 'share') {
      if (share !== null) throw twice;
      share = parseShare(written, where);
      continue;
    }
    if (!(SLO_LIMITS as readonly string[]).includes(name)) {
      throw new UserError(`${where}: ${unknownName('limit', name, [...SLO_LIMITS, 'share']).message}`);
    }
    const limit = name as SloLimit;
    if (limitsS[limit] !== undefined) throw twice;
    limitsS[limit] = await parseQuantity(written, 's', `${where}: ${name}`);
  }
  if (Object.keys(limitsS).length === 0) {
    throw new UserError(`${where}: got ${shown(text)}, expected ${FORM}`);
  }
  return { limitsS, share: share ?? DEFAULT_SHARE };
}

function parseShare(written: string, where: string): number {
  const [, number, percent] = /^(\d+\.?\d*|\.\d+)(\s*%)?$/.exec(written) ?? [];
  const share = Number(number) / (percent === undefined ? 1 : 100);
  if (share > 0 && share <= 1) return share;
  throw new UserError(`${where}: share: got ${shown(written)}, expected a share such as 95% or 0.95`);
}
