/**
 * The trade between one user and the whole machine: tokens/s per user against tokens/s per GPU. A point is on the
 * front of its target, trace and GPU when no other is at least as good in both and better in one. Methods that know
 * the future are bounds, no choices, and stay out unless asked for; open loads have no batch, and so no rate per user.
 */

import { parseMethod, takesK } from '../drafter/methods.ts';
import { entry } from '../memo.ts';
import { parsePolicy } from '../policy/policies.ts';
import type { Row } from '../scenario/result.ts';
import { type PointRecord, SWEEP_SCHEMA_VERSION } from './records.ts';

export interface ParetoPoint {
  readonly target: string;
  readonly trace: string;
  readonly gpu: string;
  readonly user_tok_per_s: number;
  readonly gpu_tok_per_s: number;
  readonly method: string;
  readonly k: number | null;
  readonly batch_size: number;
  readonly tp: number;
  readonly gpus: number;
  readonly speedup: number | null;
  /** Place in the grid, and where it lies on the axes. */
  readonly point: number;
  readonly axes: PointRecord['axes'];
}

export interface Pareto {
  readonly schemaVersion: typeof SWEEP_SCHEMA_VERSION;
  readonly rows: readonly ParetoPoint[];
  /** How many points were not considered, by reason. */
  readonly leftOut: { readonly failed: number; readonly oracle: number; readonly open: number };
}

/** Fronts in order of first appearance, each from the fastest for a user to the fastest for a GPU. */
export function paretoOf(results: readonly PointRecord[], withOracles: boolean): Pareto {
  const { groups, leftOut } = pointsOf(results, withOracles);
  return { schemaVersion: SWEEP_SCHEMA_VERSION, rows: groups.flatMap(front), leftOut };
}

/** The points that are none of a front: each is beaten by one that is. */
export function beatenOf(results: readonly PointRecord[], withOracles: boolean): ParetoPoint[] {
  return pointsOf(results, withOracles).groups.flatMap((points) => {
    const best = new Set(front(points));
    return points.filter((point) => !best.has(point));
  });
}

/** What is compared, by target, trace and GPU. */
function pointsOf(results: readonly PointRecord[], withOracles: boolean) {
  const leftOut = { failed: 0, oracle: 0, open: 0 };
  const groups = new Map<string, ParetoPoint[]>();
  for (const { point, axes, gpus, row } of results) {
    if (row === null) leftOut.failed++;
    else if (!withOracles && knowsTheFuture(row)) leftOut.oracle++;
    else if (row.batch_size === null) leftOut.open++;
    else {
      const { target, trace, gpu, method, k, batch_size, tp, speedup } = row;
      const key = JSON.stringify([target, trace, gpu, whatIf(axes)]);
      entry(groups, key, () => []).push({
        target,
        trace,
        gpu,
        user_tok_per_s: row.throughput_tok_per_s / batch_size,
        gpu_tok_per_s: row.throughput_tok_per_s / gpus,
        method,
        k,
        batch_size,
        tp,
        gpus,
        speedup,
        point,
        axes,
      });
    }
  }
  return { groups: [...groups.values()], leftOut };
}

/** Whether an axis makes another machine, or other drafters, of the same name. */
export function isWhatIf(path: string): boolean {
  return path.startsWith('set.') || path === 'drafterQuality';
}

/** What-if values of a machine or its drafters: with them it is another one, under the same name. */
export function whatIf(axes: PointRecord['axes']): string {
  return Object.entries(axes)
    .filter(([path, value]) => isWhatIf(path) && value !== null)
    .map(([path, value]) => `${path.replace(/^set\./, '')}=${value}`)
    .join(', ');
}

function front(points: readonly ParetoPoint[]): ParetoPoint[] {
  const order = [...points].sort(
    (a, b) => b.user_tok_per_s - a.user_tok_per_s || b.gpu_tok_per_s - a.gpu_tok_per_s || a.point - b.point,
  );
  let best = Number.NEGATIVE_INFINITY;
  return order.filter(({ gpu_tok_per_s }) => {
    if (gpu_tok_per_s <= best) return false;
    best = gpu_tok_per_s;
    return true;
  });
}

function knowsTheFuture({ method, policy }: Row): boolean {
  if (policy !== null && parsePolicy(policy).kind === 'noisy-oracle') return true;
  return method !== 'none' && !takesK(parseMethod(method));
}
