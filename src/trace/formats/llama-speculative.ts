/**
 * What llama.cpp's examples of speculation (`llama-speculative`, `-simple`, `llama-lookup`) print at the end. The first
 * of the predicted tokens is the prefill's; the others are accepted drafts and one token a round.
 */

import { UserError } from '../../errors.ts';
import { meanLengthOf } from '../conventions.ts';
import type { Rates } from '../record.ts';
import { checkTotals, NO_RATES, nameOf, provenanceOf } from './fields.ts';
import type { LineFormat } from './format.ts';
import { neededAfter } from './rates-format.ts';

const FIELD = /(?:^|\s)(n_draft|n_predict|n_drafted|n_accept) += /;
const FIELDS = ['n_draft', 'n_predict', 'n_drafted', 'n_accept'] as const;
type Field = (typeof FIELDS)[number];

export const llamaSpeculative: LineFormat = {
  name: 'llama-speculative',
  title: 'output of llama-speculative',
  items: 'lines',
  recognises: (line) => FIELD.test(line),
  open(where) {
    const runs: Rates[] = [];
    const run: Partial<Record<Field, number>> = {};
    return {
      add(line, at) {
        const field = FIELD.exec(line)?.[1] as Field | undefined;
        if (field === undefined) return;
        run[field] = neededAfter(line, '=', at);
        // The last of them.
        if (field !== 'n_accept') return;
        runs.push(checkTotals(ratesOf(run, runs.length + 1, at), at));
        for (const one of FIELDS) delete run[one];
      },
      finish() {
        if (runs.length === 0)
          throw new UserError(`${where}: n_accept is missing, expected it after ${FIELDS.join(', ')}`);
        return {
          kind: 'rates',
          name: nameOf(where),
          provenance: provenanceOf(where, 'llama-speculative', { engine: 'llama.cpp' }),
          rates: runs,
        };
      },
    };
  },
};

function ratesOf(run: Partial<Record<Field, number>>, number: number, at: string): Rates {
  const { n_draft: k, n_predict: predicted, n_drafted: drafted, n_accept: accepted } = run;
  if (predicted === undefined || drafted === undefined || accepted === undefined)
    throw new UserError(`${at}: n_predict or n_drafted is missing before n_accept, expected both`);
  const all = predicted - 1 - accepted;
  if (all < 1)
    throw new UserError(
      `${at}: ${accepted} drafts accepted of ${predicted} predicted tokens, expected fewer`,
    );
  const rounds = Math.min(all, drafted);
  return {
    ...NO_RATES,
    label: `run ${number}`,
    k: k ?? null,
    rounds,
    draftedTokens: drafted,
    acceptedTokens: accepted,
    meanLength: rounds === 0 ? null : meanLengthOf(accepted, rounds),
    roundsWithoutProposal: all - rounds,
  };
}
