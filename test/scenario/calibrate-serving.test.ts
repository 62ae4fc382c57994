/** Engine times fitted to serving figures: times that made the figures are found again, bad tables are refused. */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseEngine } from '../../src/cost/engine-profile.ts';
import { UserError } from '../../src/errors.ts';
import { calibrate } from '../../src/node/calibrate.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { calibrateServing, withFittedTimes } from '../../src/scenario/calibrate-serving.ts';
import { type EngineTime, withTimes } from '../../src/scenario/engine-times.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario } from '../../src/scenario/options.ts';
import { readPlainServing } from '../../src/scenario/plain-serving.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { selectServed } from '../../src/scenario/served-rows.ts';
import { readServing } from '../../src/scenario/serving-table.ts';

const TRUTH: EngineTime[] = [
  { time: 'layerLaunch', seconds: 2.1e-5 },
  { time: 'draftPassLaunch', seconds: 6e-4 },
  { time: 'stepOverhead.fixed', seconds: 8e-4 },
  { time: 'stepOverhead.each', seconds: 1.2e-5 },
];

const HEADER = 'measure,value,known_to,target,method,k,trace,batch,prompt_len,output_len,requests';

/** Figures as the engine with the times above would show them. */
async function figures(): Promise<string[]> {
  const lines: string[] = [];
  for (const target of ['llama-3.1-8b', 'qwen3-8b']) {
    const tp = 1;
    const options = {
      target,
      tp,
      k: [3],
      trace: ['cnn'],
      batch: [1, 4, 8, 64],
      promptLen: 512,
      outputLen: 32,
    };
    const scenario = completeScenario({
      ...options,
      gpu: 'h200-sxm',
      method: target === 'llama-3.1-8b' ? ['none', 'eagle3'] : ['none'],
      requests: 3,
    });
    const inputs = await gatherInputs(scenario, folderLibrary);
    const { rows } = runScenario({ ...inputs, engine: withTimes(inputs, TRUTH) });
    for (const row of rows) {
      const step = row.step_ms!;
      const settings = `${target},${row.method},${row.k ?? ''},cnn,${row.batch_size},512,32,3`;
      const total = step.draft + step.verify + step.sampling + step.overhead;
      lines.push(`step_ms,${total},0.5,${settings}`, `overhead_ms,${step.overhead},0.5,${settings}`);
      lines.push(`throughput_tok_per_s,${row.throughput_tok_per_s},,${settings}`);
      if (row.method === 'eagle3') lines.push(`draft_percent,${100 * row.time_share.draft},0.1,${settings}`);
    }
  }
  return lines;
}

function refusal(text: string): string {
  try {
    readServing(text, 'serving.csv');
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as UserError).message;
  }
  throw new Error('nothing was refused');
}

describe('tables of serving figures', () => {
  it('hold settings of a scenario and a measure whose name says the unit', () => {
    const { figures, comments } = readServing(
      '# source: us\nmeasure,value,method,batch,prompt_len,acceptance\nstep_ms,7.5,eagle,8,512,eagle=0.62\nverify_percent,80,,,,\n',
      'serving.csv',
    );
    expect(comments.get('source')).toBe('us');
    expect(figures).toEqual([
      {
        measure: 'step_ms',
        value: 7.5,
        knownTo: 3,
        options: { method: ['eagle'], batch: [8], promptLen: 512, acceptance: { eagle: '0.62' } },
        where: 'serving.csv, line 3',
      },
      { measure: 'verify_percent', value: 80, knownTo: 1, options: {}, where: 'serving.csv, line 4' },
    ]);
  });

  it.each<[string, string, string]>([
    [
      'no measure',
      'value\n1\n',
      'serving.csv: missing column measure, expected measure, value and keys of a scenario',
    ],
    ['no rows', 'measure,value\n', 'serving.csv: has no rows, expected measured figures'],
    [
      'a measure without a unit',
      'measure,value\nstep,7\n',
      'unknown measure in serving.csv, line 2, "step": nearest is step_ms (known: step_ms,',
    ],
    [
      'NaN',
      'measure,value\nstep_ms,NaN\n',
      'serving.csv, line 2: value: got "NaN", expected a positive number',
    ],
    ['a negative time', 'measure,value\nstep_ms,-1\n', 'serving.csv, line 2: value: got "-1", expected'],
    [
      'an unknown key',
      'measure,value,bach\nstep_ms,7,1\n',
      'serving.csv, line 2: bach: unknown option "bach": nearest is batch',
    ],
    [
      'a key the command decides',
      'measure,value,gpu\nstep_ms,7,a\n',
      'serving.csv: column gpu: calibrate decides it for all rows, expected none',
    ],
    [
      'two methods',
      'measure,value,method\nstep_ms,7,"none,eagle3"\n',
      'serving.csv, line 2: method: got none,eagle3, expected one a row',
    ],
    [
      'two batch sizes',
      'measure,value,batch\nstep_ms,7,"1,2"\n',
      'serving.csv, line 2: batch: got 2 values, expected one a row',
    ],
    [
      'half a batch',
      'measure,value,batch\nstep_ms,7,1.5\n',
      'serving.csv, line 2: batch: got "1.5", expected a whole number of at least 1',
    ],
    [
      'a rate of nobody',
      'measure,value,acceptance\nstep_ms,7,0.6\n',
      'serving.csv, line 2: acceptance: got "0.6", expected METHOD=SPEC',
    ],
  ])('with %s are refused', (_, text, message) => {
    expect(refusal(text).startsWith(message), refusal(text)).toBe(true);
  });
});

describe('specsim calibrate --serving', () => {
  const folder = mkdtempSync(join(tmpdir(), 'specsim-serving-'));
  const engineOut = join(folder, 'engine.json');
  const printed: string[] = [];
  const request = {
    gpu: 'h200-sxm',
    ops: [],
    serving: [join(folder, 'serving.csv')],
    engine: undefined,
    framework: undefined,
    target: undefined,
    kernel: undefined,
    system: undefined,
    source: undefined,
    keepUnphysical: false,
    out: undefined,
    engineOut,
  };
  beforeAll(async () => {
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
    const comment = '# source: made up\n';
    writeFileSync(join(folder, 'serving.csv'), `${comment}${HEADER}\n${(await figures()).join('\n')}\n`);
  });
  afterAll(() => vi.restoreAllMocks());

  it('finds the times behind the figures to 2 %, and says where they come from', async () => {
    await calibrate(request);
    const json = JSON.parse(readFileSync(engineOut, 'utf8'));
    await parseEngine(json, 'engine.json');
    for (const { time, seconds } of TRUTH) {
      const { value } = time.split('.').reduce((of, key) => of[key], json);
      expect(Math.abs(value / seconds - 1), time).toBeLessThan(0.02);
    }
    expect(json.calibration).toMatchObject({
      device: 'h200-sxm',
      sources: ['made up'],
      range: { batch: [1, 64], context: [512, 544], drafted: [0, 3], tp: [1, 1], dtypes: ['bf16'] },
      error: expect.stringMatching(/^mean 0\.\d\d% and 0\.\d\d points on 40 figures; .* with one model/),
    });
    expect(json.calibration.standardErrors.layerLaunch).toBeLessThan(0.05);
    expect(json.search.each.source).toMatch(/fit-engine/);
    const output = printed.join('');
    expect(output).toMatch(/layerLaunch +2[01]\.\d\d us/);
    expect(output).toContain('no figure depends on: search.each');
    expect(output).toContain('one model or parallel size left out at a time');
  });

  it.each<[string, object, RegExp]>([
    [
      'too few figures',
      { serving: [few()] },
      /^--serving: got 2 figures for 4 times \(layerLaunch, .*expected at least as many/,
    ],
    [
      'settings that do not fit',
      { serving: [table(`step_ms,7,,nowhere,none,,cnn,1,,,`)] },
      /line 2: unknown target "nowhere"/,
    ],
    ['no measurements', { serving: [] }, /^calibrate: missing --ops or --serving/],
    ['nowhere to write', { engineOut: undefined }, /^--serving: missing --engine-out/],
    ['a profile nobody asked for', { out: 'x.json' }, /^--out x\.json has no effect without --ops/],
    [
      'a model that is too large',
      {
        serving: [
          table(
            'step_ms,7,,llama-3.1-70b,none,,cnn,1,512,8,1',
            'step_ms,8,,llama-3.1-70b,none,,cnn,2,512,8,1',
          ),
        ],
      },
      /table-2\.csv, line 2: llama-3\.1-70b in bf16: weights take/,
    ],
    ['an unknown engine', { engine: 'vllm' }, /^unknown engine "vllm": nearest is vllm-0\.10/],
    ['operations without a profile', { ops: ['x'], serving: [] }, /^--ops: missing --out/],
    [
      'an engine without figures',
      { ops: ['x'], serving: [], out: 'x.json', engineOut: undefined, engine: 'ideal' },
      /^--engine ideal has no effect without --serving/,
    ],
  ])('with %s writes nothing', async (_, change, message) => {
    const target = join(folder, 'never.json');
    const error = await calibrate({ ...request, engineOut: target, ...change }).catch((reason) => reason);
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('\n');
    expect(existsSync(target)).toBe(false);
  });

  function table(...rows: string[]): string {
    const path = join(mkdtempSync(join(folder, 'case-')), `table-${rows.length}.csv`);
    writeFileSync(path, `${HEADER}\n${rows.join('\n')}\n`);
    return path;
  }

  function few(): string {
    const settings = 'llama-3.1-8b,none,,cnn';
    return table(`step_ms,7,,${settings},1,512,8,1`, `step_ms,9,,${settings},8,512,8,1`);
  }
});

it('what ships of vLLM 0.19 is what calibrate fits again, from the profile itself', async () => {
  const file = 'validation/serving/plain-serving.csv';
  const rows = readPlainServing(readFileSync(file, 'utf8'), file);
  const gpus = ['h100-sxm', 'b200-sxm'];
  const { figures } = selectServed(rows, { framework: 'vllm/0.19', target: undefined }, gpus, file);
  const fit = await calibrateServing({ gpu: gpus[0]!, engine: 'vllm-0.19' }, figures, folderLibrary);
  const shipped = JSON.parse(readFileSync('hardware-profiles/engines/vllm-0.19.json', 'utf8'));
  const where = { device: gpus[0]!, source: shipped.calibration.sources[0], date: shipped.calibration.date };
  expect(withFittedTimes(shipped, fit, where)).toEqual(shipped);
});
