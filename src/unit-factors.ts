/**
 * Units that are not in the table of units.ts, with mathjs. It is large and slow to load, so that this module is loaded
 * on demand, and bundled with the functions used (scripts/bundle.mjs).
 */
import { create, createUnitDependencies, type Unit, unitDependencies } from 'mathjs';

const math = create({ ...createUnitDependencies, ...unitDependencies });
math.createUnit('FLOP', { prefixes: 'short' });
math.createUnit('USD');
math.createUnit('FLOPS', { definition: '1 FLOP/s', prefixes: 'short' });

/** How many of one unit another is. */
export function unitFactor(from: string, to: string): number | 'unknown' | 'other dimension' {
  let one: Unit;
  try {
    one = math.unit(1, from);
  } catch {
    return 'unknown';
  }
  return one.equalBase(math.unit(1, to)) ? one.toNumber(to) : 'other dimension';
}
