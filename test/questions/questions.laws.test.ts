/** What every question that has a card obeys: its answer in groups and rows, and as a document that is plain data. */
import { expect, it } from 'vitest';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { CARDS } from '../../src/questions/cards.ts';
import { markdownOf } from '../../src/report/markdown.ts';
import { textOf } from '../../src/report/text.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { type Options, parseOptions } from '../../src/scenario/options.ts';
import { resultOf } from '../../src/scenario/result.ts';

/** What a question needs, or what makes it quick. */
const NAMED: Readonly<Record<string, Options>> = {
  capacity: { slo: 'tpot=20ms', method: ['none', 'eagle3'] },
  compare: { gpu: 'h100-sxm,a40', batch: [2], method: ['none', 'eagle3'] },
  explain: { batch: [2], method: ['eagle3'], k: [2] },
  tune: { batch: [1, 8], method: ['eagle3'] },
};

it.each(CARDS)('$name', async (card) => {
  const question = await card.load();
  const named = { batch: [1, 8], method: ['none', 'eagle3'], k: [2] };
  const own = card.flags?.['max-k'] === undefined ? {} : { 'max-k': '3' };
  const asking = await question.gather(
    // A GPU without tables of its own, so that there is a warning to keep.
    parseOptions(
      { requests: 12, trace: ['gsm8k', 'cnn'], gpu: 'a40', ...(NAMED[card.name] ?? named) },
      String,
    ),
    (scenario, billed) => gatherInputs(scenario, folderLibrary, billed),
    own,
  );
  const progress: number[] = [];
  const shares: number[] = [];
  const answer = await question.ask(
    asking,
    (done, total) => {
      progress.push(done);
      shares.push(done / total);
    },
    own,
  );

  expect(answer.rows.length).toBeGreaterThan(0);
  expect(answer.groups.flatMap(({ rows }) => rows)).toEqual(answer.rows);
  expect(new Set(answer.groups.map(({ trace }) => trace))).toEqual(new Set([0, 1]));
  expect(JSON.parse(JSON.stringify(answer))).toEqual(answer);
  expect(Object.keys(resultOf(answer))).not.toContain('groups');

  const document = question.document(answer, asking);
  const posted = structuredClone(document);
  expect(posted).toEqual(document);
  expect(textOf(posted)).toBe(textOf(document));
  const text = textOf(document, Number.POSITIVE_INFINITY);
  expect(answer.warnings.length).toBeGreaterThan(0);
  for (const warning of answer.warnings) expect(text).toContain(warning);
  const tables = document.flat().filter((block) => block.kind === 'table');
  const lines = tables.reduce((sum, { rows }) => sum + rows.length + 2, 0);
  expect(markdownOf(document).match(/^\| .* \|$/gm)).toHaveLength(lines);

  const { columns, rows } = question.flat(answer);
  expect(new Set(columns).size).toBe(columns.length);
  expect(rows.length).toBeGreaterThanOrEqual(answer.rows.length);
  for (const row of rows) expect(row).toHaveLength(columns.length);

  expect(progress).toEqual(progress.map((_, i) => i));
  expect(Math.max(0, ...shares)).toBeLessThanOrEqual(1);
});
