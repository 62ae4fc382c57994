/** Batches that drain, and outputs of drawn lengths. */
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { Bench } from '../../src/scenario/bench.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options, parseOptions } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { PLAIN } from '../../src/scenario/setup.ts';
import { lognormalLengths } from '../../src/trace/reshape.ts';

const inputsOf = (options: Options) =>
  gatherInputs(
    completeScenario({ requests: 40, load: 'drain', outputLen: 'lognormal:120,1.2', ...options }),
    folderLibrary,
  );

describe('a batch that drains', () => {
  it('ends when its longest ends, and no place is taken again', async () => {
    const inputs = await inputsOf({ method: ['none', 'eagle3'], batch: [1, 8, 40] });
    const { rows } = runScenario(inputs);
    const tokens = [...inputs.traces[0]!.outputTokens];
    for (const row of rows) {
      const own = tokens.slice(0, row.batch_size!);
      expect(row.requests).toBe(row.batch_size);
      const total = own.reduce((sum, one) => sum + one, 0);
      expect(row.throughput_tok_per_s).toBeCloseTo(total / row.makespan_s!, 6);
    }
    const bench = new Bench(inputs, inputs.traces[0]!, 'closed', new Set());
    const ended = bench.watched(PLAIN, 40, { onStep() {} });
    expect(Math.max(...ended.map(({ endS }) => endS))).toBeCloseTo(rows[2]!.makespan_s!, 9);
    expect(ended.at(-1)!.tokens).toBe(Math.max(...tokens));
    // Of one request no place is idle; of plain decoding at least as much as short outputs leave.
    expect(rows[0]!.idle_share!).toBeCloseTo(0, 6);
    const longest = Math.max(...tokens);
    const idle = 1 - tokens.reduce((sum, one) => sum + one, 0) / (tokens.length * longest);
    expect(rows[2]!.idle_share!).toBeGreaterThan(0.5 * idle);
    expect(rows[2]!.idle_share!).toBeLessThan(1);
  });

  it('speculates below a batch, and is then between never and always', async () => {
    const inputs = await inputsOf({
      method: ['none', 'eagle3'],
      policy: ['fixed', 'off-above:4'],
      batch: [40],
    });
    const [never, always, below] = runScenario(inputs).rows;
    expect(below!.drafted_per_round!).toBeLessThan(always!.drafted_per_round!);
    expect(below!.makespan_s!).toBeLessThan(never!.makespan_s!);
  });

  it('has requests enough', async () => {
    await expect(inputsOf({ batch: [41], method: ['none'] }).then(runScenario)).rejects.toThrow(
      new UserError(
        '--batch 41: trace gsm8k has 40 requests, and a drained batch starts that many together; expected at most that',
      ),
    );
  });
});

describe('drawn lengths', () => {
  it('have the mean and the spread that were asked', () => {
    const drawn = lognormalLengths(20_000, 500, 0.8, 1);
    const mean = drawn.reduce((sum, one) => sum + one, 0) / drawn.length;
    const variance = drawn.reduce((sum, one) => sum + (one - mean) ** 2, 0) / drawn.length;
    expect(mean).toBeGreaterThan(485);
    expect(mean).toBeLessThan(515);
    expect(Math.sqrt(variance) / mean).toBeCloseTo(0.8, 1);
    expect([...lognormalLengths(5, 500, 0.8, 1)]).toEqual([...drawn.slice(0, 5)]);
  });

  it.each(['lognormal:0,1', 'lognormal:100', 'lognormal:100,11', 'normal:5,1'])(
    '%s is refused',
    (outputLen) => {
      expect(() => parseOptions({ outputLen }, () => '--output-len')).toThrow(
        `--output-len: got "${outputLen}", expected a whole number from 1 to 10000000, or lognormal:MEAN,CV, CV from above 0 to 10`,
      );
    },
  );

  it('are whole numbers as before', () => {
    expect(parseOptions({ outputLen: '120' }, String)).toEqual({ outputLen: 120 });
    expect(() => parseOptions({ outputLen: 0 }, () => '--output-len')).toThrow(
      '--output-len: got 0, expected a whole number of at least 1',
    );
  });
});
