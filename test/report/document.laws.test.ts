/** What holds of the answer to every question, whichever it is. */
import { describe, expect, it } from 'vitest';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { CARDS } from '../../src/questions/cards.ts';
import { markdownOf } from '../../src/report/markdown.ts';
import { textOf } from '../../src/report/text.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { parseOptions } from '../../src/scenario/options.ts';
import { resultOf } from '../../src/scenario/result.ts';

const ASKED: Readonly<Record<string, object>> = {
  tune: { method: 'eagle3' },
  explain: {},
  compare: { gpu: 'h100-sxm,h200-sxm', method: 'none,eagle3' },
  capacity: { slo: 'tpot=20ms', requests: 40, method: 'none,eagle3' },
};

describe.each(CARDS)('$name', ({ name, load }) => {
  it('is answered with plain data, whose rows are those of its groups', async () => {
    const question = await load();
    const named = parseOptions(
      {
        trace: 'gsm8k,cnn',
        requests: 10,
        ...(name === 'capacity' ? {} : { batch: '1,64' }),
        ...ASKED[name],
      },
      String,
    );
    const read = (...[scenario, billed]: Parameters<Parameters<typeof question.gather>[1]>) =>
      gatherInputs(scenario, folderLibrary, billed);
    const asking = await question.gather(named, read, {});
    const seen: number[] = [];
    const answer = await question.ask(asking, (done) => seen.push(done), {});
    expect(seen).toEqual(seen.map((_, i) => i));
    expect(answer.groups.flatMap(({ rows }) => rows)).toEqual(answer.rows);
    expect(Object.keys(resultOf(answer))).not.toContain('groups');
    expect(new Set(answer.groups.map(({ trace }) => trace))).toEqual(new Set([0, 1]));
    const document = question.document(answer, asking);
    const copy = structuredClone(document);
    expect(copy).toEqual(document);
    expect(textOf(copy)).toBe(textOf(document));
    const tables = document.flat().filter((block) => block.kind === 'table');
    const lines = tables.reduce((sum, { rows }) => sum + rows.length + 2, 0);
    expect(markdownOf(document).match(/^\| .* \|$/gm)).toHaveLength(lines);
    expect(question.flat(answer).rows.length).toBeGreaterThan(0);
  });
});
