/**
 * What `vllm bench serve` and SGLang's `bench_serving` print at the end, one after another in a file. vLLM's counts are
 * of rounds that drafted, the generated tokens tell the others; SGLang has a mean over all rounds, and no draft length.
 */
import { UserError } from '../../errors.ts';
import { meanLengthOf, shareOfPercent } from '../conventions.ts';
import type { Rates } from '../record.ts';
import { checkFollows, checkTotals, marginalAt, NO_RATES, nameOf, provenanceOf } from './fields.ts';
import type { LineFormat } from './format.ts';
import { neededAfter, numberAfter, withoutProposal } from './rates-format.ts';

/** Lines that are read, by what they begin with. */
const FIELDS = {
  'Successful requests:': 'requests',
  'Total generated tokens:': 'generated',
  'Acceptance rate (%):': 'percent',
  'Acceptance length:': 'length',
  'Drafts:': 'drafts',
  'Draft tokens:': 'drafted',
  'Accepted tokens:': 'accepted',
  'Accept length:': 'lengthOfAll',
} as const;
const POSITION = /^Position (\d{1,3}):/;

type Summary = Partial<Record<(typeof FIELDS)[keyof typeof FIELDS], number>> & { positions: number[] };

export const benchSummary: LineFormat = {
  name: 'bench-summary',
  title: 'printed summary of vllm bench serve or SGLang bench_serving',
  items: 'lines',
  recognises: (line) => /^(?:Acceptance length:|Accept length:|Drafts:) /.test(line.trim()),
  open(where) {
    const runs: Rates[] = [];
    let run: Summary = { positions: [] };
    let leftOut = 0;
    const close = (at: string): void => {
      const rates = ratesOf(run, runs.length + 1, at);
      if (rates !== null) runs.push(checkTotals(rates, at));
      else if (run.requests !== undefined) leftOut++;
      run = { positions: [] };
    };
    return {
      add(line, at) {
        const text = line.trim();
        if (text.includes('Serving Benchmark Result')) close(at);
        const position = POSITION.exec(text);
        if (position !== null) run.positions[Number(position[1])] = neededAfter(text, ':', at);
        const start = (Object.keys(FIELDS) as (keyof typeof FIELDS)[]).find((field) =>
          text.startsWith(field),
        );
        if (start === undefined) return;
        // A second one of the same run is the next, whose first line is not in the file.
        if (run[FIELDS[start]] !== undefined) close(at);
        const value = numberAfter(text, start, at);
        if (value !== null) run[FIELDS[start]] = value;
      },
      leftOut: () => leftOut,
      finish() {
        close(where);
        if (runs.length === 0)
          throw new UserError(`${where}: no summary with acceptance: was speculation on?`);
        return {
          kind: 'rates',
          name: nameOf(where),
          provenance: provenanceOf(where, 'printed benchmark summary'),
          rates: runs,
        };
      },
    };
  },
};

function ratesOf(run: Summary, number: number, at: string): Rates | null {
  const { requests, generated, percent, length, drafts, drafted, accepted, lengthOfAll } = run;
  const label = `run ${number}`;
  if (lengthOfAll !== undefined) {
    const rounds =
      generated === undefined || requests === undefined ? null : (generated - requests) / lengthOfAll;
    return {
      ...NO_RATES,
      label,
      meanLength: lengthOfAll,
      roundsWithoutProposal: 0,
      ...(rounds !== null && rounds > 0 && { weight: rounds }),
    };
  }
  if (drafts === 0 || (drafts === undefined && length === undefined)) return null;
  if (drafted !== undefined && drafted > 0 && accepted !== undefined && percent !== undefined)
    checkFollows(
      shareOfPercent(percent),
      accepted / drafted,
      'acceptance rate (as a share)',
      at,
      'the totals',
    );
  const marginal =
    run.positions.length === 0
      ? null
      : marginalAt(
          Array.from(run.positions, (share) => shareOfPercent(share ?? Number.NaN)),
          'per-position acceptance',
          at,
        );
  const exact = drafts === undefined || accepted === undefined ? null : meanLengthOf(accepted, drafts);
  if (exact !== null && length !== undefined)
    checkFollows(length, exact, 'acceptance length', at, 'the totals');
  return {
    ...NO_RATES,
    label,
    k: marginal?.length ?? null,
    rounds: drafts ?? null,
    draftedTokens: drafted ?? null,
    acceptedTokens: accepted ?? null,
    meanLength: exact ?? length!,
    marginal,
    roundsWithoutProposal:
      generated === undefined || requests === undefined || drafts === undefined || accepted === undefined
        ? null
        : withoutProposal(generated - requests, drafts, accepted),
  };
}
