/** What `specsim trace inspect` prints for people. */
import type { DrafterInspection, Inspection, Spread } from '../trace/inspect.ts';
import type { Rates } from '../trace/record.ts';
import { type Column, textTable } from './text-table.ts';

const BAR = 24;
/** Parts of a rates-only file that are listed; JSON has all. */
const LISTED = 20;

export function summarizeInspection(inspection: Inspection): string {
  const { name, kind, provenance: from, requests, drafters, rates } = inspection;
  const facts = [
    from.source,
    `target ${from.target}`,
    from.draft && `draft ${from.draft}`,
    from.engine,
  ].filter(Boolean);
  const lines = [`${name}: ${kind}${requests === null ? '' : `, ${requests} requests`}`, facts.join(', ')];
  const spreads: [string, Spread | null][] = [
    ['prompt tokens', inspection.prompt_tokens],
    ['output tokens', inspection.output_tokens],
  ];
  const known = spreads.filter((entry): entry is [string, Spread] => entry[1] !== null);
  if (known.length > 0) lines.push('', ...spreadTable(known, 0));
  if (inspection.pooled !== null) lines.push('', ...ratesLines(rates, inspection.pooled));
  for (const drafter of drafters) lines.push('', ...drafterLines(drafter));
  return `${lines.join('\n')}\n`;
}

function drafterLines(drafter: DrafterInspection): string[] {
  const { method, drafting, kind, max_k: k, rounds, requests, share_without_proposal: without } = drafter;
  const how = drafting === null ? kind : `${kind} of rounds, drafting ${drafting}`;
  const lines = [
    `${method}: ${how}, k up to ${k}, ${rounds} rounds of ${requests} requests`,
    `  rounds without a proposal: ${without === null ? 'not recorded' : percent(without)}`,
  ];
  if (drafter.tokens_per_round === null || drafter.request_tokens_per_round === null) {
    return [...lines, '  no rounds: nothing was decoded after the prefill'];
  }
  const low = drafting === null ? '' : ' (below the last k a lower bound)';
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
  if (low !== '') lines.push(`  tokens/round${low}`);
  lines.push('', ...spreadTable([['tokens/round by request', drafter.request_tokens_per_round]], 3));
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
    `  autocorrelation at 1 to 5 rounds: ${drafter.autocorrelation.map((value) => value?.toFixed(3) ?? 'n/a').join(', ')}`,
  );
  return lines;
}

function ratesLines(rates: readonly Rates[], pooled: Rates): string[] {
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
      number(part.meanLength, 3),
    ]),
  );
  if (rates.length > LISTED) lines.push(`${rates.length - LISTED} more parts: --format json lists them`);
  if (pooled.roundsWithoutProposal !== null) {
    lines.push(`rounds without a proposal, beside these: ${pooled.roundsWithoutProposal}`);
  }
  if (pooled.marginal === null) return [...lines, 'acceptance by position: not in the file'];
  return [
    ...lines,
    '',
    ...textTable(
      [right('drafts'), right('P(at least so many accepted)'), left('')],
      pooled.marginal.map((share, i) => [String(i + 1), percent(share), bar(share)]),
    ),
  ];
}

function spreadTable(rows: readonly (readonly [string, Spread])[], digits: number): string[] {
  return textTable(
    [left('  of requests'), ...['mean', 'min', 'p10', 'median', 'p90', 'max'].map(right)],
    rows.map(([name, { mean, ...rest }]) => [
      `  ${name}`,
      mean.toFixed(Math.max(digits, 1)),
      ...[rest.min, rest.p10, rest.median, rest.p90, rest.max].map((value) => value.toFixed(digits)),
    ]),
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
