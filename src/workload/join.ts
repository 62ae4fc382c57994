/**
 * Joins a workload with an acceptance trace: lengths are the workload's, acceptance is that of whole requests
 * drawn from the trace, with replacement. All drafters of a request read the same drawn requests, so that
 * methods stay comparable.
 *
 * Where the workload's output is longer than the drawn request's, it goes on with another drawn request from
 * its first decoded position; where it is shorter, the rest is cut. Requests keep their drift and bursts, and
 * are not made longer than anything recorded.
 *
 * Left out: any relation between a request's length and its acceptance.
 */

import { UserError } from '../errors.ts';
import { stream } from '../random/streams.ts';
import { offsetsOfLengths } from '../trace/flat.ts';
import { hasSignals, withSignalsFrom } from '../trace/reshape.ts';
import type { AcceptanceTrace, PositionLengths } from '../trace/trace.ts';

/** What a join takes of a workload. */
interface RequestLengths {
  readonly promptTokens: Int32Array;
  readonly outputTokens: Int32Array;
}

interface Joined {
  readonly trace: AcceptanceTrace;
  /** Requests whose acceptance is of more than one recorded request, with some drafter. */
  readonly continued: number;
}

/** @throws UserError when no recorded output has a second token, so that there is nothing to draw, and for outputs without end */
export function joinWorkload(
  { promptTokens, outputTokens }: RequestLengths,
  trace: AcceptanceTrace,
  seed: number,
): Joined {
  const requests = promptTokens.length;
  const offsets = offsetsOfLengths(outputTokens);
  for (const [name, lengths] of trace.drafters) {
    if (lengths.emitted.length > trace.outputTokens.length) continue;
    throw new UserError(
      `trace ${trace.name}: no output with ${name} has a second token, expected acceptance to draw for the workload`,
    );
  }
  const continued = new Uint8Array(requests);
  const drafters = new Map(
    [...trace.drafters].map(([name, lengths]) => [
      name,
      drawn(lengths, offsets, trace.outputTokens.length, seed, continued),
    ]),
  );
  return {
    trace: {
      ...trace,
      ids: Array.from({ length: requests }, (_, r) => `${r + 1} of the workload`),
      promptTokens,
      outputTokens,
      outputLimit: null,
      drafters,
      tokens: null,
    },
    continued: continued.reduce((sum, one) => sum + one, 0),
  };
}

/** One drafter's lengths along every output of the workload; marks requests that took more than one. */
function drawn(
  lengths: PositionLengths,
  offsets: Int32Array,
  recorded: number,
  seed: number,
  continued: Uint8Array,
): PositionLengths {
  const total = offsets.at(-1)!;
  const emitted = new Uint8Array(total).fill(1);
  const proposed = lengths.proposed instanceof Uint8Array ? new Uint8Array(total) : lengths.proposed;
  const sources = hasSignals(lengths) ? new Int32Array(total).fill(-1) : null;
  for (let r = 0; r < continued.length; r++) {
    const draw = stream(seed, 'workload', r);
    const end = offsets[r + 1]!;
    const begin = offsets[r]! + 1;
    let at = begin;
    while (at < end) {
      const source = Math.floor(draw() * recorded);
      const from = lengths.offsets[source]! + 1;
      const upTo = Math.min(lengths.offsets[source + 1]!, from + end - at);
      if (upTo <= from) continue;
      if (at > begin) continued[r] = 1;
      emitted.set(lengths.emitted.subarray(from, upTo), at);
      if (proposed instanceof Uint8Array) {
        proposed.set((lengths.proposed as Uint8Array).subarray(from, upTo), at);
      }
      sources?.set(
        Array.from({ length: upTo - from }, (_, i) => from + i),
        at,
      );
      at += upTo - from;
    }
  }
  const joined = { ...lengths, offsets, emitted, proposed };
  return sources === null ? joined : withSignalsFrom(joined, lengths, sources);
}
