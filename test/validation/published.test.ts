/** Published measurements, and the authors' own predictions, against ours. The tables are in docs/validation.md. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { folderLibrary } from '../../src/node/folder-library.ts';
import {
  coverageOf,
  errorOf,
  readFigures,
  SETS,
  type SetName,
  validation,
} from '../../src/node/validation.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario } from '../../src/scenario/options.ts';
import { runPoints } from '../../src/scenario/run.ts';
import { selectRequests } from '../../src/trace/reshape.ts';
import { expectCommitted } from '../committed.ts';
import { describeWithRecordings } from '../recordings.ts';

describeWithRecordings('Llama-3.1-8B on an H100, recordings replayed', (recordings) => {
  it('predicts what it was not fitted to as well as the committed figures say', async () => {
    const { machine, jointFit, predict } = await validation(recordings);
    const points = predict(machine.engine);
    expect(points.filter((point) => point.set === 'speedups')).toHaveLength(36);
    const joint = predict(jointFit);
    const sets = Object.entries(SETS) as [SetName, { role: string }][];
    const count = (set: SetName) => points.filter((point) => point.set === set).length;
    expectCommitted('committed-published.csv', [
      ...sets.map(([set, { role }]) => ({ set, role, points: count(set), ...errorOf(points, set) })),
      ...sets.map(([set]) => ({
        set,
        rows: 'joint fit',
        role: 'in-sample',
        points: count(set),
        ...errorOf(joint, set),
      })),
    ]);
    const plain = points.find((point) => point.set === 'steps' && point.batchSize === 1)!;
    expect(plain.predicted).toBeGreaterThan(6.7);
    expect(plain.predicted).toBeLessThan(7.5);
    const { inside, of, halfWidth } = coverageOf(points);
    expect(inside / of).toBeGreaterThanOrEqual(0.9);
    expect(halfWidth).toBeLessThan(0.04);
  });

  const ids = `${recordings}/../../measured/seed-simulator-requests.json`;
  const sampled = existsSync(ids) ? JSON.parse(readFileSync(ids, 'utf8')) : null;
  if (sampled === null) console.warn(`SKIPPED, no list of the authors' requests: ${ids}`);

  it.runIf(sampled !== null)(
    "gives every speedup of the authors' simulator within 0.02 with their cost model and their requests",
    async () => {
      const figures = readFigures('seed-simulator.csv');
      const inputs = await gatherInputs(
        completeScenario({
          cost: 'specdecode-bench',
          keepTruncated: true,
          method: ['ngram', 'eagle3', 'oracle:ngram', 'oracle:eagle3', 'combined:ngram+eagle3'],
          k: [1, 3, 5],
          batch: [1, 8, 16, 32, 64, 128],
          trace: ['gsm8k', 'cnn', 'sharegpt', 'instructcoder'].map(
            (set) => `${recordings}/combined_${set}.jsonl`,
          ),
        }),
        folderLibrary,
      );
      const traces = inputs.traces.map((trace) => {
        const indexOf = new Map(trace.ids!.map((id, index) => [id, index]));
        const named = sampled[trace.provenance.dataset] as string[];
        return selectRequests(
          trace,
          named.map((id) => indexOf.get(id)!),
        );
      });
      const { rows } = runPoints({ ...inputs, traces });
      const errors = figures.map((figure) => {
        const row = rows.find(
          (candidate) =>
            candidate.trace === figure.dataset &&
            candidate.method === figure.method &&
            (candidate.k ?? '') === (figure.k === '' ? '' : Number(figure.k)) &&
            candidate.batch_size === Number(figure.batch_size),
        );
        return Math.abs(row!.speedup! - Number(figure.speedup));
      });
      expect(errors).toHaveLength(216);
      expect(Math.max(...errors)).toBeLessThan(0.02);
    },
  );
});

describe('Llama-3.1-8B on an H100, fitted processes', () => {
  it('predicts the published speedups nearly as well as the recordings do', async () => {
    const { machine, predict } = await validation(null);
    const points = predict(machine.engine);
    expect(errorOf(points, 'speedups').mean).toBeLessThan(3);
    expect(errorOf(points, 'speedups').worst).toBeLessThan(8);
  });
});
