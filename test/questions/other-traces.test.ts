/** What an answer comes to on the other traces that ship: told where it is something else, and only where nobody named one. */
import { expect, it } from 'vitest';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { movedText, otherTraces } from '../../src/questions/other-traces.ts';
import type { Read } from '../../src/questions/question.ts';
import { run } from '../../src/questions/run.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { settingsOf } from '../../src/scenario/run.ts';

const read: Read = (scenario) => gatherInputs(scenario, folderLibrary);

async function warningsOf(named: Options): Promise<string[]> {
  const asking = await run.gather({ requests: 10, batch: [1], ...named }, read, {});
  const { warnings } = await run.ask(asking, () => {}, {});
  return warnings.filter((text) => text.startsWith('the text decides'));
}

it('a run without a trace says what other texts come to, one with a trace does not', async () => {
  const [warning] = await warningsOf({ method: ['none', 'ngram'] });
  expect(warning).toContain('on gsm8k, taken as no --trace is named; ');
  expect(warning).toContain('on instructcoder');
  expect(await warningsOf({ method: ['none', 'ngram'], trace: ['gsm8k'] })).toEqual([]);
});

it('acceptance that is stated is that of no text', async () => {
  expect(await warningsOf({ method: ['none', 'eagle3'], acceptance: { eagle3: '2.5@3' } })).toEqual([]);
});

it('of the others no more requests are read than tell them apart, or than a batch takes', async () => {
  const asked: Options = { method: ['ngram'], load: 'closed', requests: 1_000_000 };
  const own = await read(completeScenario({ ...asked, requests: 10, batch: [1] }));
  const requestsAt = async (batch: number, requests: number) => {
    const seen = new Set<number | null>();
    const scenario = completeScenario({ ...asked, requests, batch: [batch] });
    await otherTraces(asked, { ...own, scenario }, (other) => {
      seen.add(other.requests);
      return Promise.resolve(own);
    });
    return [...seen];
  };
  expect(await requestsAt(128, 1_000_000)).toEqual([1000]);
  expect(await requestsAt(512, 1_000_000)).toEqual([2048]);
  expect(await requestsAt(1, 300)).toEqual([300]);
});

it('an answer that holds on the others is left alone', async () => {
  const of = (trace: string) =>
    read(completeScenario({ method: ['ngram'], requests: 10, batch: [1], trace: [trace] }));
  const [own, other] = [await of('gsm8k'), await of('cnn')];
  const text = (lo: number, hi: number) =>
    movedText({ label: 'ngram k=3', over: { ratio: 1.2, lo, hi } }, own, [other], settingsOf, 1);
  expect(text(0.5, 3)).toBeNull();
  expect(text(1.19, 1.21)).toMatch(/^the text decides: best at batch 1 is ngram k=3 1\.20x on gsm8k/);
});
