/** Columns that several tables of tune have. */
import { type Shown, WHOLE } from '../report/document.ts';
import type { Ratio } from '../scenario/bench.ts';

interface At {
  /** Null where the trace's own prompts are taken. */
  readonly context_tokens: number | null;
  readonly batch_size: number;
}

/** Where a row was tuned. */
export const AT: readonly Shown<At>[] = [
  {
    title: 'context',
    as: WHOLE,
    cell: (row) => row.context_tokens,
    needs: (row) => row.context_tokens !== null,
  },
  { title: 'batch', as: WHOLE, cell: (row) => row.batch_size },
];

/** Flat columns of a ratio and its interval. */
export function spread(name: string, ratio: Ratio | null): Record<string, number | null> {
  return {
    [name]: ratio?.ratio ?? null,
    [`${name}_lo`]: ratio?.lo ?? null,
    [`${name}_hi`]: ratio?.hi ?? null,
  };
}
