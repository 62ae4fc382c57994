/**
 * The sets of `specsim validate` that were published of self-speculation, other rules of acceptance, diffusion models,
 * networks and number formats (docs/beyond.md). The figures and their sources are in validation/beyond.
 */
import { gatherInputs } from '../scenario/inputs.ts';
import { completeScenario, type Options, parseOptions } from '../scenario/options.ts';
import type { Row } from '../scenario/result.ts';
import { runScenario } from '../scenario/run.ts';
import { type EnginePoint, enginePoint } from './engine-figures.ts';
import { moeSteps } from './expert-figures.ts';
import { folderLibrary } from './folder-library.ts';
import { beyondSheet, formatPoints, kvPoints } from './format-figures.ts';
import type { Role } from './validation.ts';

interface BeyondSet {
  readonly set: string;
  readonly title: string;
  readonly role: Role;
  readonly points: () => Promise<EnginePoint[]>;
}

const figures = (set: string, title: string, role: Role): BeyondSet => ({
  set,
  title,
  role,
  points: () => figurePoints(set),
});

export const BEYOND_SETS: readonly BeyondSet[] = [
  figures('self-speculation', 'gain of a drafter on 512 tokens of KV cache, prompts of 32k', 'validation'),
  figures('acceptance-rules', 'consultant decoding over plain speculation, mapped', 'validation'),
  figures(
    'acceptance-rules-fit',
    'what mapped rules were fitted to: tokens or speed over greedy',
    'calibration',
  ),
  figures('diffusion-cache', 'a cache over none, LLaDA-8B, one token a pass', 'validation'),
  {
    set: 'networks',
    title: 'two stages over 20 Mbit/s, host times from 1000 Mbit/s: tok/s and speedup',
    role: 'validation',
    points: networkPoints,
  },
  {
    set: 'kv-formats',
    title: 'time between tokens by context, KV cache in bf16 and fp8, vLLM 0.19 on h100-sxm',
    role: 'validation',
    points: kvPoints,
  },
  {
    set: 'number-formats',
    title: "matrix products over bf16's, by format and rows; laws were fitted to the same tables",
    role: 'calibration',
    points: formatPoints,
  },
  {
    set: 'moe-steps',
    title: 'step with drafts over a plain one on a mixture of experts, MT-bench',
    role: 'validation',
    points: () => moeSteps('validate'),
  },
  {
    set: 'moe-steps-fit',
    title: 'the same on HumanEval, to which one host time was fitted',
    role: 'calibration',
    points: () => moeSteps('calibrate'),
  },
];

async function figurePoints(set: string): Promise<EnginePoint[]> {
  const points: EnginePoint[] = [];
  for (const row of beyondSheet('figures.csv').rows()) {
    if (row.text('set') !== set) continue;
    const metric = row.text('metric') as keyof Row;
    const options = optionsIn(row.text('options'));
    const over = row.cell('over');
    const value = await figureOf(options, metric);
    const predicted =
      over === '' ? value : value / (await figureOf({ ...options, ...optionsIn(over) }, metric));
    points.push(enginePoint(row.text('setting'), Number(row.cell('value')), predicted));
  }
  return points;
}

async function figureOf(options: Options, metric: keyof Row): Promise<number> {
  return (await rowOf(options))[metric] as number;
}

async function rowOf(options: Options): Promise<Row> {
  return runScenario(await gatherInputs(completeScenario(options), folderLibrary)).rows[0]!;
}

/** `tp=8 acceptance.eagle=0.8 accept=relaxed:10;0.6`: a semicolon is a comma. */
function optionsIn(text: string): Options {
  const raw: Record<string, unknown> = {};
  for (const word of text.replaceAll(';', ',').split(' ')) {
    const [, key, pair, value] = /^(\w+)(?:\.([^=]+))?=(.*)$/.exec(word)!;
    raw[key!] = pair === undefined ? value : { [pair]: value };
  }
  return parseOptions(raw, (key) => `validation/beyond: ${key}`);
}

interface Network {
  readonly link: string;
  readonly method: string;
  readonly batch: number;
  readonly tokens: number;
  readonly speed: number;
}

/** Prompts and outputs are not stated; the context hardly tells in steps of a tenth of a second. */
const NETWORKED: Options = {
  gpu: 'a100-pcie-80',
  target: 'vicuna-13b',
  engine: 'ideal',
  trace: ['llama-3.1-8b/gsm8k'],
  pp: 2,
  requests: 4,
};

/** Drafts of a tree that the target verifies; their drafting is part of the host's time. */
const NETWORK_DRAFTS = 10;

async function networkPoints(): Promise<EnginePoint[]> {
  const rows = [...beyondSheet('networks.csv').rows()].map((row) => ({
    use: row.text('use'),
    link: row.text('link').replace(';', ','),
    method: row.text('method'),
    batch: Number(row.cell('batch')),
    tokens: Number(row.cell('tokens_per_round')),
    speed: Number(row.cell('tok_per_s')),
  }));
  const key = ({ method, batch }: Network) => `${method} ${batch}`;
  const hostS = new Map<string, number>();
  for (const one of rows.filter(({ use }) => use === 'calibrate')) {
    hostS.set(key(one), (one.batch * one.tokens) / one.speed - (await stepS(one)));
  }
  const points: EnginePoint[] = [];
  const plain = new Map<number, EnginePoint>();
  for (const one of rows.filter(({ use }) => use === 'validate')) {
    const predicted = (one.batch * one.tokens) / ((await stepS(one)) + hostS.get(key(one))!);
    const speed = enginePoint(`${one.method} batch ${one.batch}, tok/s`, one.speed, predicted);
    points.push(speed);
    const base = plain.get(one.batch);
    if (base === undefined) plain.set(one.batch, speed);
    else {
      const [measured, own] = [speed.measured / base.measured, speed.predicted / base.predicted];
      points.push(enginePoint(`${one.method} batch ${one.batch}, speedup`, measured, own));
    }
  }
  return points;
}

/** Seconds of the GPUs and the network in a step. */
async function stepS({ link, method, batch }: Network): Promise<number> {
  const drafts =
    method === 'none'
      ? { method: ['none'] }
      : { method: ['ngram'], k: [NETWORK_DRAFTS], acceptance: { ngram: '0.5' } };
  const { step_ms: step } = await rowOf({ ...NETWORKED, ...drafts, batch: [batch], link: { stage: link } });
  return step!.verify / 1e3;
}
