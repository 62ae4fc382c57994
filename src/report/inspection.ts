/** What `specsim trace inspect` prints for people. */
import { meanLengthOfMarginal } from '../trace/conventions.ts';
import type { DrafterInspection, Inspection, Spread } from '../trace/inspect.ts';
import type { Rates } from '../trace/record.ts';
import { type Column, textTable } from './text-table.ts';

const BAR = 24;
/** Parts of a rates-only file that are listed; JSON has all. */
const LISTED = 20;

export function summarizeInspection(inspection: Inspection): string {
  const { name, kind, provenance: from, requests, truncated_requests: truncated, drafters } = inspection;
  const facts = [
    from.source,
    `target ${from.target}`,
    from.draft && `draft ${from.draft}`,
    from.engine,
    `licence ${from.licence ?? 'not stated'}`,
  ].filter(Boolean);
  const lines = [
    `${name}: ${kind}${requests === null ? '' : `, ${requests} requests`}`,
    facts.join(', '),
    ...(truncated ? [`${truncated} requests reached the recording's output limit`] : []),
  ];
  const spreads: [string, Spread | null][] = [
    ['prompt tokens', inspection.prompt_tokens],
    ['output tokens', inspection.output_tokens],
  ];
  const known = spreads.filter((entry): entry is [string, Spread] => entry[1] !== null);
  if (known.length > 0) {
    const columns = ['mean', 'sd', 'min', 'p10', 'median', 'p90', 'max'] as const;
    lines.push(
      '',
      ...textTable(
        [left('  of requests'), ...columns.map(right)],
        known.map(([what, spread]) => [
          `  ${what}`,
          ...columns.map((column) => spread[column].toFixed(column === 'mean' || column === 'sd' ? 1 : 0)),
        ]),
      ),
    );
  }
  if (inspection.pooled !== null) lines.push('', ...ratesLines(inspection, inspection.pooled));
  for (const drafter of drafters) lines.push('', ...drafterLines(drafter));
  return `${lines.join('\n')}\n`;
}

function drafterLines(drafter: DrafterInspection): string[] {
  const { method, drafting, kind, max_k: k, rounds, requests, share_without_proposal: without } = drafter;
  const how = drafting === null ? kind : `${kind} of rounds, drafting ${drafting}`;
  const lines = [
    `${method}: ${how}, k up to ${k}, ${rounds} rounds of ${requests} requests`,
    `  rounds without a proposal: ${without === null ? 'not recorded' : `${percent(without)}  ${bar(without)}`.trimEnd()}`,
  ];
  if (drafter.tokens_per_round === null || drafter.request_tokens_per_round === null) {
    return [...lines, '  no rounds: nothing was decoded after the prefill'];
  }
  const shares = drafter.accepted_at_least!;
  lines.push(
    '',
    ...textTable(
      [right('  k'), right('tokens/round'), right('P(k or more accepted)'), left('')],
      drafter.tokens_per_round.map((tokens, i) => [
        String(i + 1),
        tokens.toFixed(3),
        percent(shares[i]!),
        bar(shares[i]!),
      ]),
    ),
  );
  if (drafting === 'block') lines.push('  tokens/round (below the last k, of the first drafts of the block)');
  else if (drafting !== null) lines.push('  tokens/round (below the last k a lower bound)');
  lines.push('', ...spreadLines('spread between requests', drafter.request_tokens_per_round));
  const most = Math.max(...drafter.drift.map((value) => value ?? 0));
  lines.push(
    '',
    ...textTable(
      [left('  part of the output'), right('tokens/round'), left('')],
      drafter.drift.map((value, i) => [
        `  ${10 * i} to ${10 * (i + 1)} %`,
        value === null ? 'n/a' : value.toFixed(3),
        value === null ? '' : bar(value / most),
      ]),
    ),
    '',
    ...textTable(
      [left('  rounds apart'), right('autocorrelation'), left('')],
      drafter.autocorrelation.map((value, i) => [
        `  ${i + 1}`,
        value === null ? 'n/a' : value.toFixed(3),
        value === null ? '' : bar(Math.abs(value)),
      ]),
    ),
  );
  return lines;
}

function ratesLines({ rates, part_tokens_per_round: parts }: Inspection, pooled: Rates): string[] {
  const rows = rates.length === 1 ? rates : [...rates.slice(0, LISTED), pooled];
  const number = (value: number | null, digits = 0): string =>
    value === null ? 'n/a' : value.toFixed(digits);
  const lines = textTable(
    [
      left('part'),
      left('method'),
      right('k'),
      right('rounds'),
      right('drafted'),
      right('accepted'),
      right('tokens/round'),
    ],
    rows.map((part) => [
      part.label,
      part.method ?? 'n/a',
      number(part.k),
      number(part.rounds),
      number(part.draftedTokens),
      number(part.acceptedTokens),
      number(part.meanLength ?? (part.marginal && meanLengthOfMarginal(part.marginal)), 3),
    ]),
  );
  if (rates.length > LISTED) lines.push(`${rates.length - LISTED} more parts: --format json lists them`);
  lines.push(
    pooled.roundsWithoutProposal === null
      ? 'rounds without a proposal: not in the file'
      : `rounds without a proposal, beside these: ${pooled.roundsWithoutProposal}`,
  );
  if (pooled.marginal === null) lines.push('acceptance by position: not in the file');
  else {
    lines.push(
      '',
      ...textTable(
        [right('drafts'), right('P(at least so many accepted)'), left('')],
        pooled.marginal.map((share, i) => [String(i + 1), percent(share), bar(share)]),
      ),
    );
  }
  if (parts !== null) lines.push('', ...spreadLines('spread between parts', parts));
  return [...lines, '', 'drift along the output, autocorrelation: not in rates, which have no single rounds'];
}

function spreadLines(title: string, spread: Spread): string[] {
  const { mean, sd, max } = spread;
  return textTable(
    [left(`  ${title}`), right('tokens/round'), left('')],
    [
      ['  mean', mean.toFixed(3), bar(mean / max)],
      ['  standard deviation', sd.toFixed(3), bar(sd / max)],
      ...(['min', 'p10', 'median', 'p90', 'max'] as const).map((quantile) => [
        `  ${quantile}`,
        spread[quantile].toFixed(3),
        bar(spread[quantile] / max),
      ]),
    ],
  );
}

function bar(share: number): string {
  return '#'.repeat(Math.round(BAR * share));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function left(title: string): Column {
  return { title, align: 'left' };
}

function right(title: string): Column {
  return { title, align: 'right' };
}
