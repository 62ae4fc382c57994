/** Rows of plain serving that cannot be what their table says, told from what was measured alone. */
import { grouped } from '../memo.ts';
import type { PlainServing } from './plain-serving.ts';

/**
 * Why rows are left out, by line: requests that wait for memory, repeats that differ, times that fall as more requests run,
 * and runs that drafted although their table is of plain serving.
 */
export function contradictions(rows: readonly PlainServing[]): Map<number, string> {
  const left = drafting(rows);
  const plain = rows.filter(({ line }) => !left.has(line));
  for (const row of plain) {
    const { load, ttftS, tpotS } = row;
    if (ttftS > WAITING * load.outputTokens * tpotS) left.set(row.line, 'requests waited for memory');
  }
  for (const series of grouped(plain, seriesOf).values()) {
    for (const a of series) {
      for (const b of series) {
        if (a === b) continue;
        const [fewer, more] = [a.load.concurrency, b.load.concurrency];
        if (fewer === more && a.tpotS > REPEATS * b.tpotS) {
          left.set(a.line, 'repeats of it differ');
          left.set(b.line, 'repeats of it differ');
        }
        if (fewer < more && a.tpotS > FALLS * b.tpotS) {
          left.set(a.line, 'its time falls as more requests run');
          left.set(b.line, 'its time falls as more requests run');
        }
      }
    }
  }
  return left;
}

/** Waiting for a first token, as a share of the time of a whole output. */
export const WAITING = 0.25;
/** Times of one setting, measured twice. */
const REPEATS = 1.1;
/** Times of a setting under fewer requests over those under more. */
const FALLS = 1.05;
/** Times of a setting in one run over those in another of the same release, where only the other drafts. */
const DRAFTS = 1.25;

/**
 * The rows of runs that drafted. Of two runs of one release on one model the faster one drafts where it is faster by more
 * than `DRAFTS` in at least half of the settings that both measured: builds and days of one release differ by a tenth at
 * most. In the tables of InferenceX these are the runs that it names after multi-token prediction (`dsr1-*-trt-mtp`).
 */
function drafting(rows: readonly PlainServing[]): Map<number, string> {
  const left = new Map<number, string>();
  for (const ofRelease of grouped(rows, releaseOf).values()) {
    const runs = [...grouped(ofRelease, ({ version, measured }) => `${version} ${measured}`).values()];
    for (const run of runs) {
      if (!runs.some((other) => other !== run && isFaster(run, other))) continue;
      for (const { line } of run) left.set(line, 'its run drafted');
    }
  }
  return left;
}

function isFaster(run: readonly PlainServing[], other: readonly PlainServing[]): boolean {
  const times = new Map(other.map((row) => [settingOf(row), row.tpotS]));
  const ratios = run.flatMap((row) => {
    const tpotS = times.get(settingOf(row));
    return tpotS === undefined ? [] : [tpotS / row.tpotS];
  });
  return ratios.length > 0 && 2 * ratios.filter((ratio) => ratio > DRAFTS).length >= ratios.length;
}

/** Builds after a release are the same program; rows without a version are releases of their own days. */
function releaseOf({ engine, version, measured, model }: PlainServing): string {
  return JSON.stringify([engine, version === '' ? measured : version.replace(/\.post\d+$/, ''), model]);
}

function settingOf({ gpu, options, load }: PlainServing): string {
  return JSON.stringify([gpu, options, load]);
}

function seriesOf(row: PlainServing): string {
  const { engine, version, gpu, model, options, load } = row;
  const { promptTokens, outputTokens } = load;
  return JSON.stringify([engine, version, gpu, model, options, promptTokens, outputTokens]);
}
