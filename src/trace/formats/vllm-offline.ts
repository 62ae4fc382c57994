/**
 * What vLLM's example of offline speculative decoding prints: totals of rounds that drafted, then the share of them
 * that each position gets to. The output tokens tell how many rounds did not draft.
 */

import { UserError } from '../../errors.ts';
import { meanLengthOf } from '../conventions.ts';
import type { Rates } from '../record.ts';
import { checkFollows, checkTotals, marginalAt, NO_RATES, nameOf, provenanceOf } from './fields.ts';
import type { LineFormat } from './format.ts';
import { neededAfter, numberAfter, withoutProposal } from './rates-format.ts';

const FIELDS = {
  'total_num_output_tokens:': 'generated',
  'num_drafts:': 'drafts',
  'num_draft_tokens:': 'drafted',
  'num_accepted_tokens:': 'accepted',
  'mean acceptance length:': 'length',
} as const;
const POSITION = /acceptance at token (\d{1,3}):/;

type Totals = Partial<Record<(typeof FIELDS)[keyof typeof FIELDS], number>> & { positions: number[] };

export const vllmOffline: LineFormat = {
  name: 'vllm-offline',
  title: "output of vLLM's offline speculative decoding example",
  items: 'lines',
  recognises: (line) =>
    POSITION.test(line) || /(?:^|\s)(?:num_drafts|num_draft_tokens|mean acceptance length):/.test(line),
  open(where) {
    const runs: Rates[] = [];
    let run: Totals = { positions: [] };
    const close = (at: string): void => {
      const rates = ratesOf(run, runs.length + 1, at);
      if (rates !== null) runs.push(checkTotals(rates, at));
      run = { positions: [] };
    };
    return {
      add(line, at) {
        const position = POSITION.exec(line);
        if (position !== null) run.positions[Number(position[1])] = neededAfter(line, position[0], at);
        for (const field of Object.keys(FIELDS) as (keyof typeof FIELDS)[]) {
          const value = numberAfter(line, field, at);
          if (value === null) continue;
          if (run[FIELDS[field]] !== undefined) close(at);
          run[FIELDS[field]] = value;
        }
      },
      finish() {
        close(where);
        if (runs.length === 0)
          throw new UserError(`${where}: no totals of drafts, expected num_drafts and others`);
        return {
          kind: 'rates',
          name: nameOf(where),
          provenance: provenanceOf(where, 'vLLM offline example', { engine: 'vllm' }),
          rates: runs,
        };
      },
    };
  },
};

function ratesOf(
  { generated, drafts, drafted, accepted, length, positions }: Totals,
  number: number,
  at: string,
): Rates | null {
  if (drafts === 0 || (drafts === undefined && length === undefined)) return null;
  const exact = drafts === undefined || accepted === undefined ? null : meanLengthOf(accepted, drafts);
  if (exact !== null && length !== undefined)
    checkFollows(length, exact, 'mean acceptance length', at, 'its totals, the bonus token counted');
  const marginal =
    positions.length === 0 ? null : marginalAt(Array.from(positions), 'acceptance at token', at);
  return {
    ...NO_RATES,
    label: `run ${number}`,
    k: marginal?.length ?? null,
    rounds: drafts ?? null,
    draftedTokens: drafted ?? null,
    acceptedTokens: accepted ?? null,
    meanLength: exact ?? length ?? null,
    marginal,
    roundsWithoutProposal:
      generated === undefined || drafts === undefined || accepted === undefined
        ? null
        : withoutProposal(generated, drafts, accepted),
  };
}
