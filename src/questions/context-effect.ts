/** Why a longer context changes what speculation gains: what is accepted, what drafting and what verification take beside a plain step. */
import type { Method } from '../drafter/methods.ts';
import type { Measures } from '../metrics/measure.ts';
import { fixed, RATIO, type Section, sentence, table, WHOLE } from '../report/document.ts';
import type { Bench } from '../scenario/bench.ts';
import { PLAIN } from '../scenario/setup.ts';

/** The best single length in one context. */
export interface ContextRow {
  readonly trace: string;
  readonly method: string;
  readonly k: number;
  readonly context_tokens: number;
  readonly batch_size: number;
  /** In the mean: fewer than the batch where not all fit in memory. */
  readonly requests_per_step: number;
  readonly tokens_per_round: number;
  /** Of a decode step. */
  readonly draft_ms: number;
  /** All of it but drafting: verification, sampling and host. */
  readonly verify_ms: number;
  /** A step of plain decoding of the same requests. */
  readonly plain_ms: number;
  readonly plain_requests_per_step: number;
  /** Decode tokens per second over plain decoding's. */
  readonly decode_speedup: number;
  /** That over the shortest context's, as a product: of tokens a round, of drafting and of verification, for each request. */
  readonly by_acceptance: number;
  readonly by_drafting: number;
  readonly by_verification: number;
}

/** A context and batch size, and its runs. */
export interface ContextCell {
  readonly context: number;
  readonly batch: number;
  readonly bench: Bench;
}

/** @param cells by context, ascending */
export function contextRows(
  trace: string,
  method: Method,
  k: number,
  cells: readonly ContextCell[],
): ContextRow[] {
  const parts = cells.map(({ context, batch, bench }) => {
    const step = stepOf(bench.measures({ method, k }, batch));
    return { context, batch, step, plain: stepOf(bench.measures(PLAIN, batch)) };
  });
  return parts.map(({ context, batch, step, plain }) => {
    const first = parts.find((one) => one.batch === batch)!;
    // Of a request, over a plain step of a request.
    const share = (one: typeof first, ms: number) =>
      (ms / one.step.requests) * (one.plain.requests / (one.plain.draft + one.plain.verify));
    const [d1, v1] = [share(first, first.step.draft), share(first, first.step.verify)];
    const here = { context, batch, step, plain };
    const [d2, v2] = [share(here, step.draft), share(here, step.verify)];
    return {
      ...{ trace, method: method.name, k, context_tokens: context, batch_size: batch },
      ...{ requests_per_step: step.requests, tokens_per_round: step.tokens },
      ...{ draft_ms: step.draft, verify_ms: step.verify },
      ...{ plain_ms: plain.draft + plain.verify, plain_requests_per_step: plain.requests },
      decode_speedup: step.tokens / (d2 + v2),
      by_acceptance: step.tokens / first.step.tokens,
      by_drafting: (d1 + v1) / (d2 + v1),
      by_verification: (d2 + v1) / (d2 + v2),
    };
  });
}

function stepOf({ step_ms, tokens_per_round, decode_tok_per_s }: Measures) {
  const { draft, verify, sampling, overhead } = step_ms!;
  const ms = draft + verify + sampling + overhead;
  const tokens = tokens_per_round!;
  return { draft, verify: ms - draft, tokens, requests: (decode_tok_per_s! * ms) / 1000 / tokens };
}

/** Nothing for one context. */
export function contextSection(rows: readonly ContextRow[]): Section {
  const last = rows.at(-1);
  if (last === undefined) return [];
  const { context_tokens: from } = rows[0]!;
  const { by_acceptance: accepted, by_drafting: drafting, by_verification: verification } = last;
  const change = accepted * drafting * verification;
  return [
    sentence(
      `${last.method} k=${last.k} at batch ${last.batch_size} decodes ${last.decode_speedup.toFixed(2)} times as fast as plain decoding at ${last.context_tokens} tokens of prompt, ${change.toFixed(2)} times its gain at ${from}: ${accepted.toFixed(2)} by what is accepted, ${drafting.toFixed(2)} by drafting (KV cache of the draft), ${verification.toFixed(2)} by verification (KV cache of the target, and what fits beside it)`,
    ),
    table(rows, [
      { title: 'context', as: WHOLE, cell: (row) => row.context_tokens },
      { title: 'batch', as: WHOLE, cell: (row) => row.batch_size },
      {
        title: 'fit',
        as: fixed(1),
        cell: (row) => row.requests_per_step,
        needs: (row) => row.requests_per_step < row.batch_size - 0.05,
      },
      { title: 'tokens/round', as: fixed(2), cell: (row) => row.tokens_per_round },
      { title: 'draft ms', as: fixed(2), cell: (row) => row.draft_ms },
      { title: 'verify ms', as: fixed(2), cell: (row) => row.verify_ms },
      { title: 'plain ms', as: fixed(2), cell: (row) => row.plain_ms },
      { title: 'decode', as: RATIO, cell: (row) => row.decode_speedup },
    ]),
  ];
}
