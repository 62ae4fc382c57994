/** What `specsim trace inspect` prints for people. */
import { meanLengthOfMarginal } from '../trace/conventions.ts';
import type { DrafterInspection, Inspection, Spread } from '../trace/inspect.ts';
import type { Rates } from '../trace/record.ts';
import { cellText } from './cell.ts';
import { contextSection } from './context-section.ts';
import {
  type Document,
  type Format,
  fixed,
  type Section,
  type Shown,
  sentence,
  type Table,
  TEXT,
  table,
  WHOLE,
} from './document.ts';

const BAR: Format = { form: 'bar', width: 24, none: '' };
const PERCENT: Format = { form: 'fixed', digits: 1, times: 100, unit: '%' };
const KNOWN: Format = { ...fixed(3), none: 'n/a' };
/** Parts of a rates-only file that are listed; JSON has all. */
const LISTED = 20;
/** Numbers of verified drafts that are listed. */
const LISTED_DRAFTS = 10;

export function inspectionDocument(inspection: Inspection): Document {
  const { name, kind, provenance: from, requests, truncated_requests: truncated, drafters } = inspection;
  const known = [
    from.source,
    `target ${from.target}`,
    from.draft && `draft ${from.draft}`,
    from.engine,
    `licence ${from.licence ?? 'not stated'}`,
  ].filter(Boolean);
  return [
    [
      sentence(`${name}: ${kind}${requests === null ? '' : `, ${requests} requests`}`),
      sentence(known.join(', ')),
      ...(truncated ? [sentence(`${truncated} requests reached the recording's output limit`)] : []),
    ],
    lengths(inspection),
    ...(inspection.pooled === null ? [] : ratesSections(inspection, inspection.pooled)),
    ...drafters.flatMap(drafterSections),
  ];
}

function lengths({ prompt_tokens, output_tokens }: Inspection): Section {
  const spreads = [
    { what: 'prompt tokens', spread: prompt_tokens },
    { what: 'output tokens', spread: output_tokens },
  ].filter((one): one is { what: string; spread: Spread } => one.spread !== null);
  if (spreads.length === 0) return [];
  const columns = ['mean', 'sd', 'min', 'p10', 'median', 'p90', 'max'] as const;
  return [
    table(spreads, [
      { title: '  of requests', cell: ({ what }) => `  ${what}` },
      ...columns.map(
        (title): Shown<(typeof spreads)[number]> => ({
          title,
          as: fixed(title === 'mean' || title === 'sd' ? 1 : 0),
          cell: ({ spread }) => spread[title],
        }),
      ),
    ]),
  ];
}

function drafterSections(drafter: DrafterInspection): Section[] {
  const { method, drafting, kind, max_k: k, rounds, requests, share_without_proposal: without } = drafter;
  const how = drafting === null ? kind : `${kind} of rounds, drafting ${drafting}`;
  const share =
    without === null ? 'not recorded' : `${cellText(without, PERCENT)}  ${cellText(without, BAR)}`.trimEnd();
  const about = [
    sentence(`${method}: ${how}, k up to ${k}, ${rounds} rounds of ${requests} requests`),
    sentence(`  rounds without a proposal: ${share}`),
  ];
  if (drafter.tokens_per_round === null || drafter.request_tokens_per_round === null) {
    return [[...about, sentence('  no rounds: nothing was decoded after the prefill')]];
  }
  const { tokens_per_round, accepted_at_least: shares, drift } = drafter;
  const most = Math.max(...drift.map((value) => value ?? 0));
  return [
    about,
    [
      table(
        [...tokens_per_round.keys()],
        [
          { title: '  k', as: WHOLE, cell: (i) => i + 1 },
          { title: 'tokens/round', as: fixed(3), cell: (i) => tokens_per_round[i]! },
          { title: 'P(k or more accepted)', as: PERCENT, cell: (i) => shares![i]! },
          barColumn((i) => shares![i]!),
        ],
      ),
      ...belowTheLast(drafting),
    ],
    [spreadTable('spread between requests', drafter.request_tokens_per_round)],
    [
      table(
        [...drift.entries()],
        [
          { title: '  part of the output', cell: ([i]) => `  ${10 * i} to ${10 * (i + 1)}%` },
          { title: 'tokens/round', as: KNOWN, cell: ([, value]) => value },
          barColumn(([, value]) => value && value / most),
        ],
      ),
    ],
    contextSection(drafter.context),
    ...confidenceSections(drafter.confidence),
    [
      table(
        [...drafter.autocorrelation.entries()],
        [
          { title: '  rounds apart', cell: ([i]) => `  ${i + 1}` },
          { title: 'autocorrelation', as: KNOWN, cell: ([, value]) => value },
          barColumn(([, value]) => value && Math.abs(value)),
        ],
      ),
    ],
  ];
}

function confidenceSections(confidence: DrafterInspection['confidence']): Section[] {
  if (confidence === null) return [];
  const { assumed, auc, calibration_error: error, tenths, at_equal_drafts: equal } = confidence;
  const told = `  confidence${assumed ? ' (assumed)' : ''}: ${cellText(error, PERCENT)} from what is observed in the mean, AUC ${auc === null ? 'n/a' : auc.toFixed(3)}`;
  return [
    [
      sentence(told),
      table(tenths, [
        { title: '  confidence', cell: ({ from }) => `  ${from.toFixed(1)} to ${(from + 0.1).toFixed(1)}` },
        { title: 'drafts', as: WHOLE, cell: ({ drafts }) => drafts },
        { title: 'expected right', as: PERCENT, cell: ({ expected }) => expected },
        { title: 'observed', as: PERCENT, cell: ({ observed }) => observed },
      ]),
    ],
    [
      sentence('  tokens/round where so many drafts are verified in the mean'),
      table(equal.slice(0, LISTED_DRAFTS), [
        { title: '  drafts', as: WHOLE, cell: (row) => row.drafts_per_round },
        { title: 'one length', as: fixed(3), cell: (row) => row.one_length },
        { title: 'by confidence', as: fixed(3), cell: (row) => row.by_confidence },
        { title: 'perfect', as: fixed(3), cell: (row) => row.perfect },
      ]),
    ],
  ];
}

function belowTheLast(drafting: DrafterInspection['drafting']): Section {
  if (drafting === null) return [];
  return [
    sentence(
      drafting === 'block'
        ? '  tokens/round (below the last k, of the first drafts of the block)'
        : '  tokens/round (below the last k a lower bound)',
    ),
  ];
}

function ratesSections(
  { rates, part_tokens_per_round: parts, tokens_over_all_rounds: over }: Inspection,
  pooled: Rates,
): Section[] {
  const rows = rates.length === 1 ? rates : [...rates.slice(0, LISTED), pooled];
  const number = { ...WHOLE, none: 'n/a' };
  return [
    [
      table(rows, [
        { title: 'part', cell: (part) => part.label },
        { title: 'method', as: { ...TEXT, none: 'n/a' }, cell: (part) => part.method },
        { title: 'k', as: number, cell: (part) => part.k },
        { title: 'rounds', as: number, cell: (part) => part.rounds },
        { title: 'drafted', as: number, cell: (part) => part.draftedTokens },
        { title: 'accepted', as: number, cell: (part) => part.acceptedTokens },
        {
          title: 'tokens/round',
          as: KNOWN,
          cell: (part) => part.meanLength ?? (part.marginal && meanLengthOfMarginal(part.marginal)),
        },
      ]),
      ...(rates.length > LISTED
        ? [sentence(`${rates.length - LISTED} more parts: --format json lists them`)]
        : []),
      sentence(
        pooled.roundsWithoutProposal === null
          ? 'rounds without a proposal: not in the file'
          : `rounds without a proposal, beside these: ${pooled.roundsWithoutProposal}${over === null || pooled.roundsWithoutProposal === 0 ? '' : `; over all rounds ${over.toFixed(3)} tokens a round`}`,
      ),
      ...(pooled.marginal === null ? [sentence('acceptance by position: not in the file')] : []),
    ],
    pooled.marginal === null
      ? []
      : [
          table(
            [...pooled.marginal.entries()],
            [
              { title: 'drafts', as: WHOLE, cell: ([i]) => i + 1 },
              { title: 'P(at least so many accepted)', as: PERCENT, cell: ([, share]) => share },
              barColumn(([, share]) => share),
            ],
          ),
        ],
    parts === null ? [] : [spreadTable('spread between parts', parts)],
    [sentence('drift along the output, autocorrelation: not in rates, which have no single rounds')],
  ];
}

function spreadTable(title: string, spread: Spread): Table {
  const names = {
    mean: 'mean',
    sd: 'standard deviation',
    min: 'min',
    p10: 'p10',
    median: 'median',
    p90: 'p90',
    max: 'max',
  };
  return table(Object.keys(names) as (keyof typeof names)[], [
    { title: `  ${title}`, cell: (name) => `  ${names[name]}` },
    { title: 'tokens/round', as: fixed(3), cell: (name) => spread[name] },
    barColumn((name) => spread[name] / spread.max),
  ]);
}

function barColumn<R>(cell: (row: R) => number | null): Shown<R> {
  return { title: '', align: 'left', as: BAR, cell };
}
