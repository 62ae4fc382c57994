/** Elasticities for people and as flat rows. */

import { cellText } from '../report/cell.ts';
import {
  answerFirst,
  type Document,
  type Format,
  fixed,
  type Section,
  type Shown,
  sentence,
  table,
  warningsSection,
} from '../report/document.ts';
import type { FlatTable } from '../report/flat-rows.ts';
import { head, modelOn } from '../report/head.ts';
import { settingLabel } from '../report/setting.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { checkHardwareQuestion, completeScenario } from '../scenario/options.ts';
import type { Elasticity, Sensitivity, SensitivityRow } from './elasticities.ts';
import { sensitivityOf } from './elasticities.ts';
import type { Question } from './question.ts';

/** Elasticities smaller than this at every batch size are named, not shown. */
const SMALL = 0.005;

export const sensitivity: Question<Sensitivity, never> = {
  async gather(named, read) {
    const scenario = completeScenario(named);
    checkHardwareQuestion('sensitivity', scenario);
    return { scenario, inputs: [await read(scenario)] };
  },
  ask: ({ inputs }, progress) => sensitivityOf(inputs[0]!, progress),
  document: (answer, { inputs }) => documentOf(answer, inputs[0]!),
  flat: flatElasticities,
};

function documentOf(result: Sensitivity, inputs: Inputs): Document {
  const { groups, warnings, step } = result;
  return [
    answerFirst([firstAnswer(groups.at(-1)!.rows[0]!)]),
    [
      ...head(result, [inputs], `what moves ${modelOn(inputs)}`),
      sentence(
        `elasticities: change of the result in % for 1% more of the parameter (central differences, ${100 * step}%)`,
      ),
    ],
    ...groups.map(({ rows }) => section(rows)),
    warningsSection(warnings),
  ];
}

/** One line for each row and parameter. */
function flatElasticities({ schemaVersion, rows }: Sensitivity): FlatTable {
  const flat = rows.flatMap(({ elasticities, ...row }) =>
    elasticities.map(({ parameter, throughput, speedup }) => ({
      schema_version: schemaVersion,
      ...row,
      parameter,
      throughput_elasticity: throughput,
      speedup_elasticity: speedup,
    })),
  );
  return { columns: Object.keys(flat[0] ?? {}), rows: flat.map((row) => Object.values(row)) };
}

const SIGNED: Format = { ...fixed(3), signed: true };

function firstAnswer(row: SensitivityRow): string | null {
  const [most] = row.elasticities;
  if (most === undefined) return null;
  return `${most.parameter} moves ${settingLabel(row)} on ${row.trace} most: 1% more changes its tokens/s by ${cellText(most.throughput, { ...SIGNED, digits: 2, unit: '%' })} at batch ${row.batch_size}`;
}

/** One trace, method and k: parameters down, batch sizes across. */
function section(rows: readonly SensitivityRow[]): Section {
  const [first] = rows;
  const by = rows.map(({ elasticities }) => new Map(elasticities.map((one) => [one.parameter, one])));
  const most = (name: string) => Math.max(...by.map((of) => size(of.get(name)!)));
  const names = first!.elasticities.map(({ parameter }) => parameter).sort((a, b) => most(b) - most(a));
  const shown = names.filter((name) => most(name) >= SMALL);
  const small = names.filter((name) => most(name) < SMALL && most(name) > 0);
  const across = (what: string, of: 'throughput' | 'speedup') =>
    rows.map(
      ({ batch_size }, i): Shown<string> => ({
        title: `${what} @${batch_size}`,
        as: SIGNED,
        cell: (name) => by[i]!.get(name)![of],
      }),
    );
  return [
    sentence(`trace ${first!.trace}, ${settingLabel(first!)}`),
    table(shown, [
      { title: 'parameter', cell: (name) => name },
      ...across('tokens/s', 'throughput'),
      ...(first!.method === 'none' ? [] : across('speedup', 'speedup')),
    ]),
    ...(small.length === 0 ? [] : [sentence(`  below ${SMALL}: ${small.join(', ')}`)]),
  ];
}

function size({ throughput, speedup }: Elasticity): number {
  return Math.max(Math.abs(throughput), Math.abs(speedup ?? 0));
}
