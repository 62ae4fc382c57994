/** Explanations for people and as flat rows. */

import { UserError } from '../errors.ts';
import { cellText, threeDigits } from '../report/cell.ts';
import {
  answerFirst,
  type Block,
  type Document,
  fixed,
  PERCENT,
  RATIO,
  type Section,
  sentence,
  type Table,
  table,
  WHOLE,
  warningsSection,
} from '../report/document.ts';
import type { FlatTable } from '../report/flat-rows.ts';
import { head, modelOn } from '../report/head.ts';
import { next } from '../report/next-run.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { checkHardwareQuestion, completeScenario, usual } from '../scenario/options.ts';
import type { Answer } from '../scenario/result.ts';
import { settingsOf } from '../scenario/run.ts';
import type { ExplainResult, Explanation } from './explanation.ts';
import { explanationOf } from './explanation.ts';
import type { Question } from './question.ts';
import type { TokenTime } from './token-time.ts';
import { type TreeExplanation, treeExplanationOf } from './tree-explanation.ts';

const PARTS: readonly (readonly [keyof TokenTime, string])[] = [
  ['rejected_draft', 'drafting tokens that are rejected'],
  ['rejected_verify', 'verifying them'],
  ['draft', 'drafting tokens that are kept'],
  ['overhead', 'host and sampling'],
  ['verify', 'verifying tokens that are kept'],
];

export const explain: Question<ExplainResult | Answer<TreeExplanation>, never> = {
  async gather(named, read) {
    const scenario = completeScenario({
      method: usual(named).method.slice(-1),
      batch: [1, 64],
      ...named,
    });
    if (scenario.policy.join() !== 'fixed') {
      throw new UserError(`--policy ${scenario.policy.join()}: explain is about one fixed k, expected none`);
    }
    checkHardwareQuestion('explain', scenario);
    return { scenario, inputs: [await read(scenario, { billed: true })] };
  },
  ask({ inputs }) {
    const [setting, ...others] = settingsOf(inputs[0]!);
    return setting?.tree === undefined || others.length > 0
      ? explanationOf(inputs[0]!)
      : treeExplanationOf(inputs[0]!, setting);
  },
  document: (answer, { inputs }) =>
    isOfTrees(answer) ? treeDocument(answer, inputs[0]!) : documentOf(answer, inputs[0]!),
  flat: (answer) => (isOfTrees(answer) ? flatTrees(answer) : flatExplanations(answer)),
};

function isOfTrees(answer: ExplainResult | Answer<TreeExplanation>): answer is Answer<TreeExplanation> {
  return 'drafts' in answer.rows[0]!;
}

function documentOf(result: ExplainResult, inputs: Inputs): Document {
  const { config, rows, warnings } = result;
  const { method, k } = rows[0]!;
  return [
    answerFirst(
      rows.map(
        (row) =>
          `${method} k=${k} is ${row.speedup.toFixed(2)}x as fast as plain decoding on ${row.trace} at batch ${row.batch_size}: ${stops(row)}`,
      ),
    ),
    head(result, [inputs], `why ${method} k=${k} is as fast as it is, ${modelOn(inputs)}`),
    ...rows.flatMap(explanation),
    warningsSection(warnings),
    [
      sentence('next, the best k at every batch size:'),
      next('tune', inputs, { method: [method], trace: [config.trace[0]!], batch: config.batch }),
    ],
  ];
}

function explanation(row: Explanation): Section[] {
  const bound = row.draft_bound_by === null ? '' : `drafting is bound by ${row.draft_bound_by}, `;
  const speedup = `${row.speedup.toFixed(2)}x (${row.speedup_lo.toFixed(2)}-${row.speedup_hi.toFixed(2)})`;
  return [
    [
      sentence(
        `trace ${row.trace}, batch ${row.batch_size}: ${speedup}, ${stops(row)}; ${lastThatPays(row)}`,
      ),
      sentence(
        `${bound}verification by ${row.verify_bound_by}; ${cellText(row.wasted_verify_share, PERCENT)} of the verified tokens are rejected`,
      ),
      ...expertSentence(row),
      positions(row),
      ...(row.positions.length > row.k ? [sentence(`  * beyond k=${row.k}`)] : []),
    ],
    [timePerToken(row), ...rejectedCosts(row)],
    [waterfall(row)],
    [
      table(row.remedies, [
        { title: 'what would help', cell: ({ what }) => what },
        { title: 'decode tokens/s', as: { ...PERCENT, signed: true }, cell: ({ gain }) => gain - 1 },
      ]),
    ],
  ];
}

/** What of a mixture of experts a step loads. */
function expertSentence(row: Explanation) {
  const { k, target_efficiency: efficiency, experts, tokens_per_expert: tokens } = row;
  if (experts === null) return [];
  const [plain, verifying] = [row.plain_distinct_experts!, row.distinct_experts!].map((n) => n.toFixed(0));
  return [
    sentence(
      `a plain step loads ${plain} of the ${experts} experts of a layer, ${k} more tokens a sequence ${verifying}, with ${tokens!.toFixed(1)} tokens each: verification costs ${(1 / efficiency).toFixed(2)} plain passes (target efficiency ${efficiency.toFixed(2)}); from batch ${row.experts_saturate_at} on 95% are loaded anyway`,
    ),
  ];
}

function positions({ k, positions }: Explanation): Table {
  return table(positions, [
    {
      title: 'draft',
      as: WHOLE,
      cell: ({ position }) => (position > k ? { value: position, text: `${position}*` } : position),
    },
    { title: 'tokens it adds', as: fixed(3), cell: ({ tokens }) => tokens },
    { title: 'needed to pay', as: fixed(3), cell: ({ break_even_tokens }) => break_even_tokens },
    { title: 'ms it adds', as: fixed(3), cell: ({ cost_ms }) => cost_ms },
    { title: 'pays', cell: ({ pays, sure }) => `${pays ? 'yes' : 'no'}${sure ? '' : ', not sure'}` },
  ]);
}

function timePerToken({ ms_per_token: ms }: Explanation): Table {
  return table(
    [...PARTS, ['total', 'all'] as const],
    [
      { title: 'time per token', cell: ([, label]) => label },
      { title: 'ms', as: fixed(3), cell: ([part]) => ms[part] },
      { title: 'share', as: PERCENT, cell: ([part]) => ms[part] / ms.total },
    ],
  );
}

function waterfall({ waterfall: gifts, ms_per_token: now }: Explanation): Table {
  return table(gifts, [
    { title: 'if, each on top of the last', cell: ({ what }) => what },
    { title: 'saves ms', as: fixed(3), cell: ({ saves_ms }) => saves_ms },
    { title: 'ms per token', as: fixed(3), cell: ({ ms_per_token }) => ms_per_token },
    { title: 'times as fast', as: RATIO, cell: ({ ms_per_token }) => now.total / ms_per_token },
  ]);
}

function stops({
  break_even_batch: batch,
  unsure_from_batch: unsure,
  break_even_searched_to: limit,
}: Explanation): string {
  if (batch === 1) return 'never pays';
  const surely =
    unsure === batch ? '' : unsure === 1 ? ', nowhere surely' : `, surely up to ${(unsure ?? limit) - 1}`;
  return batch === null
    ? `pays up to batch ${limit} at least${surely}`
    : `stops paying at batch ${batch}${surely}`;
}

function lastThatPays({ positions }: Explanation): string {
  const last = positions.findLast(({ pays }) => pays)?.position;
  if (last === undefined) return 'no draft pays';
  if (last === positions.length) return `draft ${last}, the last tried, still pays`;
  return `the last draft that pays is number ${last}`;
}

function rejectedCosts({
  rejected_joules_per_mtok: joules,
  rejected_usd_per_mtok: usd,
}: Explanation): Block[] {
  const costs = [
    ...(joules === null ? [] : [`${threeDigits(joules / 1000)} kJ`]),
    ...(usd === null ? [] : [`${usd.toPrecision(3)} USD`]),
  ];
  return costs.length === 0
    ? []
    : [sentence(`rejected tokens cost ${costs.join(' and ')} for a million tokens that are kept`)];
}

function treeDocument(answer: Answer<TreeExplanation>, inputs: Inputs): Document {
  const { rows, config, warnings } = answer;
  const { method, tree } = rows[0]!;
  return [
    answerFirst(
      rows.map((row) => {
        const paying = row.drafts.filter(({ pays }) => pays).length;
        return `${method} ${row.tree} is ${row.speedup.toFixed(2)}x as fast as plain decoding on ${row.trace} at batch ${row.batch_size}: ${paying} of its ${row.drafts.length} drafts are worth their time`;
      }),
    ),
    head(answer, [inputs], `what each draft of ${method} ${tree} brings, ${modelOn(inputs)}`),
    ...rows.map(
      (row): Section => [
        sentence(
          `trace ${row.trace}, batch ${row.batch_size}: ${row.speedup.toFixed(2)}x (${row.speedup_lo.toFixed(2)}-${row.speedup_hi.toFixed(2)}), ${cellText(row.tokens_per_round, fixed(2))} tokens of ${cellText(row.verified_per_round, fixed(0))} verified a round; ${cellText(row.wasted_verify_share, PERCENT)} of the verified tokens are rejected`,
        ),
        table(row.drafts, [
          { title: 'draft', as: WHOLE, cell: ({ draft }) => draft },
          { title: 'depth', as: WHOLE, cell: ({ depth }) => depth },
          { title: 'ranks', cell: ({ path }) => path },
          { title: 'adds tokens', as: fixed(3), cell: ({ tokens }) => tokens },
          { title: 'to pay', as: fixed(3), cell: ({ break_even_tokens }) => break_even_tokens },
          { title: 'adds ms', as: fixed(3), cell: ({ cost_ms }) => cost_ms },
          { title: 'pays', cell: ({ pays }) => (pays ? 'yes' : 'no') },
          { title: 'up to batch', as: WHOLE, cell: ({ pays_up_to_batch }) => pays_up_to_batch },
        ]),
      ],
    ),
    warningsSection(warnings),
    [
      sentence('next, the best tree and the best chain at every batch size:'),
      next('tune', inputs, {
        method: [method],
        trace: [config.trace[0]!],
        batch: config.batch,
        tree: ['best'],
      }),
    ],
  ];
}

/** One line for each trace, batch size and draft of the tree. */
function flatTrees({ schemaVersion, rows }: Answer<TreeExplanation>): FlatTable {
  const flat = rows.flatMap(({ drafts, ...row }) =>
    drafts.map((draft) => ({
      schema_version: schemaVersion,
      ...row,
      ...draft,
      pays: draft.pays ? 1 : 0,
    })),
  );
  return { columns: Object.keys(flat[0] ?? {}), rows: flat.map((row) => Object.values(row)) };
}

/** One line for each trace, batch size and draft position. */
function flatExplanations({ schemaVersion, rows }: ExplainResult): FlatTable {
  const flat = rows.flatMap(({ positions, ms_per_token, remedies: _, waterfall: __, ...row }) =>
    positions.map((position) => ({
      schema_version: schemaVersion,
      ...row,
      ...Object.fromEntries(
        Object.entries(ms_per_token).map(([part, ms]) => [`ms_per_token.${part}`, ms as number]),
      ),
      ...position,
      pays: position.pays ? 1 : 0,
      sure: position.sure ? 1 : 0,
    })),
  );
  return { columns: Object.keys(flat[0] ?? {}), rows: flat.map((row) => Object.values(row)) };
}
