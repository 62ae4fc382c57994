/** Each kind of chart: its stored picture, and marks that hold the values of the rows, one to one and in order. */
import { describe, expect, test } from 'vitest';
import { acceptanceChart } from '../../src/charts/acceptance.ts';
import { capacityChart } from '../../src/charts/capacity.ts';
import { paretoChart } from '../../src/charts/pareto.ts';
import { passChart, rooflineChart } from '../../src/charts/passes.ts';
import { roundsChart } from '../../src/charts/rounds.ts';
import { speedupChart } from '../../src/charts/speedup.ts';
import { timeChart } from '../../src/charts/time.ts';
import { bestChart, treeChart } from '../../src/charts/tuned.ts';
import { waterfallChart } from '../../src/charts/waterfall.ts';
import { grouped } from '../../src/memo.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { CHART_KINDS, type Chart } from '../../src/plot/chart.ts';
import { draw, figuresOf } from '../../src/plot/draw.ts';
import { explanationOf } from '../../src/questions/explanation.ts';
import { capacityOf } from '../../src/questions/highest-rate.ts';
import { tuningOf } from '../../src/questions/tuning.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { passesOf } from '../../src/scenario/passes.ts';
import { roundsOf } from '../../src/scenario/rounds.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { acceptanceMap } from '../../src/trace/acceptance-map.ts';
import { acceptedAtLeast } from '../../src/trace/statistics.ts';
import { elements, marks } from '../plot/marks.ts';

const gather = (options: Options) =>
  gatherInputs(completeScenario({ requests: 60, ...options }), folderLibrary);

const inputs = await gather({ batch: [1, 4, 16, 64], method: ['none', 'ngram', 'eagle3', 'oracle:eagle3'] });
const result = runScenario(inputs);
const passes = passesOf(await gather({ batch: [1, 16, 256] }));
const lengths = inputs.traces[0]!.drafters.get('eagle3')!;
const map = acceptanceMap(lengths, 6);
const tuning = await tuningOf(
  [await gather({ promptLen: 512, batch: [1, 64] }), await gather({ promptLen: 4096, batch: [1, 64] })],
  4,
);
const trees = await tuningOf([await gather({ method: ['eagle3'], batch: [1, 16, 64], tree: ['best'] })], 4);
const explained = explanationOf(await gather({ method: ['eagle3'], batch: [1, 128] }));
const capacity = capacityOf(await gather({ load: 'poisson:1', slo: 'ttft=40ms,tpot=8ms' }));
const rounds = roundsOf(await gather({ method: ['eagle3'], batch: [8] }), 2);
const charts: Record<string, Chart> = {
  speedup: speedupChart(result, [{ trace: 'gsm8k', method: 'eagle3', k: 3, batch_size: 16, speedup: 1.6 }]),
  time: timeChart(result),
  pass: passChart(passes),
  roofline: rooflineChart(passes),
  acceptance: acceptanceChart(inputs, 6),
  best: bestChart(tuning),
  tree: treeChart(trees),
  waterfall: waterfallChart(explained),
  pareto: paretoChart(result),
  capacity: capacityChart(capacity),
  rounds: roundsChart(rounds),
};

/** Marks hold six digits. */
const six = (value: number | null) => (value === null ? undefined : String(Number(value.toPrecision(6))));
const marksOf = (kind: string) => marks(draw(charts[kind]!));
const wordsOf = (chart: Chart, width: number) =>
  elements(draw(chart, 'light', { width, height: 340 }), 'text').map(({ text }) => text);

test('every kind of the closed list is drawn', () => {
  expect(Object.keys(charts).sort()).toEqual([...CHART_KINDS].sort());
});

test.each(Object.entries(charts))('%s: the stored picture', async (kind, chart) => {
  const svg = draw(chart);
  await expect(svg).toMatchFileSnapshot(`stored/${kind}.svg`);
  expect(svg).toContain(`config ${chart.foot.split('config ')[1]!.slice(0, 12)}`);
  for (const word of ['specsim ', 'seed 1', 'trace gsm8k', 'engine vllm-0.10'])
    expect(chart.foot).toContain(word);
  expect(draw(chart, 'dark')).not.toBe(svg);
  expect(marks(svg).every(({ title }) => title !== '')).toBe(true);
});

test.each(['waterfall', 'tree', 'best'])('%s: words are whole where it is narrow', (kind) => {
  const { title, subtitle, foot, panels } = charts[kind]!;
  const names = panels.flatMap((panel) =>
    panel.form === 'bars' ? panel.groups[0]!.bands.map(({ name }) => name) : [panel.y.label],
  );
  for (const width of [340, 470]) {
    const written = wordsOf(charts[kind]!, width).join(' ');
    for (const one of [title, subtitle, foot, ...names]) expect(written).toContain(one);
  }
});

test('time: settings of a method are told apart where they are many', () => {
  const own = result.rows.filter(({ method }) => method === 'eagle3');
  const rows = [1, 2, 3, 5, 8].flatMap((k) => own.map((row) => ({ ...row, k })));
  const words = wordsOf(timeChart({ ...result, rows }), 470);
  for (const k of [1, 2, 3, 5, 8]) expect(words.join(' ')).toContain(`eagle3 k=${k}`);
});

test('a chart is plain JSON, and its figures are the numbers of its marks', () => {
  for (const chart of Object.values(charts)) {
    expect(draw(JSON.parse(JSON.stringify(chart)))).toBe(draw(chart));
    const tables = figuresOf(chart);
    const cells = tables.flatMap(({ columns, rows }) => {
      for (const row of rows) expect(row).toHaveLength(columns.length);
      return rows;
    });
    expect(cells).toHaveLength(marks(draw(chart)).length);
  }
});

describe('values read back from the marks are those of the rows', () => {
  test('speedup', () => {
    const rows = result.rows.filter(({ method }) => method !== 'none');
    const drawn = marksOf('speedup');
    expect(
      drawn
        .filter(({ name }) => name === 'circle')
        .map((m) => [m['data-x'], m['data-y'], m['data-lo'], m['data-hi']]),
    ).toEqual(
      rows.map((row) => [six(row.batch_size), six(row.speedup), six(row.speedup_lo), six(row.speedup_hi)]),
    );
    expect(drawn.filter(({ name }) => name === 'path').map((m) => m['data-y'])).toEqual(['1.6']);
  });

  test('time: shares add to 1', () => {
    const drawn = marksOf('time');
    const parts = ['draft', 'verify', 'sampling', 'overhead', 'prefill'] as const;
    expect(drawn.map((mark) => [mark['data-part'], mark['data-value']])).toEqual(
      result.rows.flatMap(({ time_share }) =>
        parts.filter((part) => time_share[part] !== 0).map((part) => [part, six(100 * time_share[part])]),
      ),
    );
    const sum = drawn.reduce((total, mark) => total + Number(mark['data-value']), 0);
    expect(sum).toBeCloseTo(100 * result.rows.length, 2);
  });

  test('pass and roofline', () => {
    const [curve] = [marksOf('pass').filter((mark) => mark['data-series'] === 'a pass')];
    expect(curve.map((m) => [m['data-x'], m['data-y']])).toEqual(
      passes.curve.map(({ tokens, ms }) => [six(tokens), six(ms)]),
    );
    const dots = marksOf('roofline').map((m) => `${m['data-series']} ${m['data-x']} ${m['data-y']}`);
    const rows = passes.passes.map(
      ({ pass, flops, bytes, ms }) => `${pass} ${six(flops / bytes)} ${six((1e3 * flops) / ms)}`,
    );
    expect([...dots].sort()).toEqual([...rows].sort());
  });

  test('acceptance: cells weighed by their rounds are the shares of the replay', () => {
    const cells = marksOf('acceptance').map((mark) => mark['data-value']);
    const { along, between } = map;
    expect(cells).toEqual(
      [along, between].flatMap(({ shares }) => [...shares].reverse().flatMap((of) => of.map(six))),
    );
    const whole = acceptedAtLeast(lengths, 6);
    const [least, most] = [Math.min, Math.max].map((of) => of(...along.shares[0]!.map((share) => share!)));
    expect(whole[0]).toSatisfy((share: number) => share >= least! && share <= most!);
    expect(between.columns).toHaveLength(10);
    const means = between.columns.map((_, c) => between.shares.reduce((sum, of) => sum + of[c]!, 0));
    expect([...means].sort((a, b) => a - b)).toEqual(means);
  });

  test('best', () => {
    const cells = marksOf('best').map((m) => [m['data-y'], m['data-x'], m['data-value'], m['data-text']]);
    const rows = [...tuning.rows].sort(
      (a, b) => b.context_tokens! - a.context_tokens! || a.batch_size - b.batch_size,
    );
    expect(cells).toEqual(
      rows.map((row) => [
        String(row.context_tokens),
        String(row.batch_size),
        six(row.over_none.ratio),
        `k=${row.k} ${row.method} ${row.over_none.ratio.toFixed(2)}x`,
      ]),
    );
  });

  test('waterfall: gifts lead from the setting to its bound', () => {
    const bars = marksOf('waterfall');
    for (const row of explained.rows) {
      const own = bars.filter((m) => m['data-group'] === `batch ${row.batch_size}`);
      const ends = [row.ms_per_token.total, ...row.waterfall.map((gift) => gift.ms_per_token)];
      expect(own.map((m) => m['data-to'])).toEqual([...ends, ends.at(-1)!].map(six));
      expect(own.slice(1, -1).map((m) => m['data-from'])).toEqual(ends.slice(0, -1).map(six));
    }
  });

  test('pareto', () => {
    const dots = marksOf('pareto').map((m) => [m['data-x'], m['data-y']]);
    // An oracle is a bound, no choice.
    const rows = result.rows.filter((row) => row.method !== 'oracle:eagle3');
    const all = rows.map(
      (row) => [row.throughput_tok_per_s / row.batch_size!, row.throughput_tok_per_s] as const,
    );
    expect([...dots].sort()).toEqual(all.map((of) => of.map(six)).sort());
    const beats = ([u, g]: readonly [number, number]) =>
      all.some(([x, y]) => x >= u && y >= g && (x > u || y > g));
    const faint = elements(draw(charts.pareto!), 'circle').filter((m) => m['fill-opacity'] !== undefined);
    expect(faint).toHaveLength(all.filter(beats).length);
  });

  test('tree: the best tree with its interval and the best chain, by batch size', () => {
    const drawn = marksOf('tree').map((m) => [m['data-series'], m['data-x'], m['data-y']]);
    expect(drawn).toEqual([
      ...trees.trees.map((row) => ['best tree', String(row.batch_size), six(row.over_none.ratio)]),
      ...trees.trees.map((row) => [
        'best chain',
        String(row.batch_size),
        six(row.over_none.ratio / row.over_chain.ratio),
      ]),
    ]);
    const { k } = trees.rows[0]!;
    expect(Number(drawn[3]![2])).toBeCloseTo(trees.rows[0]!.over_none.ratio, 1);
    expect(draw(charts.tree!)).toContain(`chain of ${k}`);
    expect(() => treeChart(tuning)).toThrow(/no trees, expected a tune with --tree best/);
  });

  test('capacity: every rate tried, up to twice the highest that holds, by what meets the limits', () => {
    // At the rate of eagle3 all 60 requests arrive before the first has left.
    const [eagle3, ...rest] = [...capacity.rows].reverse();
    expect(eagle3!.requests / eagle3!.max_rate_req_per_s!).toBeLessThan(eagle3!.e2e_s!.p50);
    expect(charts.capacity!.subtitle).toContain('too few requests for eagle3 k=3');
    expect(() => capacityChart({ ...capacity, rows: [eagle3!] })).toThrow(/the 60 requests arrive before/);
    const sustained = rest.reverse();
    const highest = Math.max(...sustained.map((row) => row.max_rate_req_per_s!));
    expect(marksOf('capacity').map((m) => [m['data-series'], m['data-x'], m['data-y']])).toEqual(
      sustained.flatMap(({ method, k, judged }) =>
        judged
          .filter(({ rate_req_per_s: rate }) => rate <= 2 * highest)
          .map(({ rate_req_per_s: rate, slo_share: share }) => [
            method === 'none' ? 'none' : `${method} k=${k}`,
            six(rate),
            six(rate * share),
          ]),
      ),
    );
    for (const { max_rate_req_per_s: most, judged, limited_by: limit } of sustained) {
      expect(judged.find(({ rate_req_per_s: rate }) => rate === most)!.slo_share).toBeGreaterThanOrEqual(
        0.99,
      );
      expect(draw(charts.capacity!)).toContain(`limited by ${limit}`);
    }
  });

  test('rounds emit the tokens of the request, and their steps take the mean', () => {
    const drawn = marksOf('rounds');
    const cells = drawn.filter((mark) => mark['data-y'] !== undefined);
    // Columns from the left, a place of the draft after the other, full where it was accepted.
    const byColumn = grouped(cells, (mark) => mark.x);
    expect([...byColumn.values()].map((of) => of.map((mark) => mark['data-value']).join(''))).toEqual(
      rounds.rounds
        .slice(0, 96)
        .map(({ drafted, accepted }) => '0'.repeat(drafted - accepted) + '1'.repeat(accepted + 1)),
    );
    for (const mark of cells) expect(mark.stroke !== undefined).toBe(mark['data-value'] === '0');
    const tokens = rounds.rounds.reduce((sum, { accepted }) => sum + accepted + 1, 0);
    expect(tokens).toBe(inputs.traces[0]!.outputTokens[2]! - 1);
    const last = drawn.filter((mark) => mark['data-lane'] === 'none').at(-1)!;
    expect(Number(last['data-ms'])).toBeCloseTo(tokens * rounds.baselineStepMs, 1);
  });
});

test('places on the paper are the values of the axes, to half a pixel', () => {
  const svg = draw(charts.speedup!);
  const words = elements(svg, 'text');
  const ticks = words.filter((one) => one['text-anchor'] === 'end' && /^[\d.]+$/.test(one.text));
  const pairs = ticks.map((one) => [Number(one.text), Number(one.y) - 4] as const);
  const [[v0, y0], [v1, y1]] = [pairs[0]!, pairs.at(-1)!];
  const below = words.filter((one) => one['text-anchor'] === 'middle' && /^\d+$/.test(one.text));
  const batches = below.map((one) => [Math.log2(Number(one.text)), Number(one.x)] as const);
  const [[b0, x0], [b1, x1]] = [batches[0]!, batches.at(-1)!];
  expect(pairs.length).toBeGreaterThan(3);
  for (const mark of elements(svg, 'circle')) {
    expect(y0 + ((Number(mark['data-y']) - v0) / (v1 - v0)) * (y1 - y0)).toBeCloseTo(Number(mark.cy), 0);
    expect(x0 + ((Math.log2(Number(mark['data-x'])) - b0) / (b1 - b0)) * (x1 - x0)).toBeCloseTo(
      Number(mark.cx),
      0,
    );
  }
});
