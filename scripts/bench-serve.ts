/**
 * How fast the serving engine is, on one core: EAGLE-3 with k = 3 for Llama-3.1-8B on H100s, priced by rooflines.
 *
 *   npm run bench:serve
 *
 * Closed loads of mixed requests by batch and by number of requests, under policies (in turn, beside a fixed k whose rounds
 * are added ahead and one whose rounds are not), then an hour like Mooncake's (25,000 requests of long prompts that share
 * prefixes, 8 replicas). A request-step is one request in one step; seconds are those of
 * the processor and of the fastest of a few runs, so that a busy machine disturbs little. Acceptance is a column that is
 * laid out beforehand, a byte a token; but for one row of a million requests, whose rounds are sampled as they are asked
 * for: that is what a run of the program does and holds.
 */
import { Roofline } from '../src/cost/roofline.ts';
import { totalSeconds } from '../src/cost/work.ts';
import { assembleDrafter } from '../src/drafter/assemble.ts';
import { parseMethod } from '../src/drafter/methods.ts';
import { AS_RECORDED } from '../src/drafter/replay.ts';
import { Engine, type EngineParts } from '../src/engine/engine.ts';
import { Closed, Open } from '../src/engine/load.ts';
import { forwardShape, headShape } from '../src/model/shape.ts';
import { folderLibrary } from '../src/node/folder-library.ts';
import { parsePolicy } from '../src/policy/policies.ts';
import { normal, stream } from '../src/random/streams.ts';
import { gatherInputs } from '../src/scenario/inputs.ts';
import { completeScenario } from '../src/scenario/options.ts';
import type { AcceptanceTrace, PositionLengths } from '../src/trace/trace.ts';
import { arrivalTimes } from '../src/workload/arrivals.ts';
import { headFor } from '../test/shipped-models.ts';

const K = 3;
/** A fixed k whose rounds are decided step by step, as those of a policy are. */
const STEPWISE = 'fixed, stepwise';
const { hardware, engine, target, traces } = await inputsFor(1000);
const trace = traces[0]!;
const targetShape = forwardShape(target, { tp: 1, dtype: 'bf16' });
const head = headShape(headFor(target.name, 'eagle3'), target, { tp: 1 });
const limits = { ...engine, kvBlocks: 24_000 };

interface Requests {
  readonly promptTokens: Int32Array;
  readonly outputTokens: Int32Array;
}

/** Requests of a fitted process, as a run of the program has them. */
function inputsFor(requests: number) {
  return gatherInputs(completeScenario({ trace: ['sharegpt'], requests }), folderLibrary);
}

function engineFor(
  requests: Requests,
  rest: Partial<EngineParts['workload']> & Pick<EngineParts, 'load' | 'replicas'>,
  name = 'eagle3',
  policy = 'fixed',
  drafters?: AcceptanceTrace['drafters'],
): Engine {
  const { load, replicas = 1, ...hashes } = rest;
  const method = parseMethod(name);
  const acceptance = method.parts.map(
    (part) => drafters?.get(part.name) ?? acceptanceOf(part.name, requests.outputTokens),
  );
  const cost = new Roofline(targetShape, [head], hardware, engine, 1);
  const deciding = policy.startsWith('fixed') ? null : { policy: parsePolicy(policy), cost, seed: 1 };
  const drafter = assembleDrafter(method, K, acceptance, AS_RECORDED, deciding);
  if (policy === STEPWISE) Object.assign(drafter, { known: undefined });
  return new Engine({
    workload: { ...requests, ...hashes },
    load,
    replicas,
    drafter,
    cost,
    draftModels: 1,
    limits,
  });
}

/** Recorded-like acceptance, laid out request after request as a real trace is. */
function acceptanceOf(method: string, outputTokens: Int32Array): PositionLengths {
  const { maxK, kind, emitted, proposed } = trace.drafters.get(method)!;
  const offsets = new Int32Array(outputTokens.length + 1);
  for (let r = 0; r < outputTokens.length; r++) offsets[r + 1] = offsets[r]! + outputTokens[r]!;
  const repeated = (column: Uint8Array): Uint8Array => {
    const whole = new Uint8Array(offsets.at(-1)!);
    for (let at = 0; at < whole.length; at += column.length) {
      whole.set(column.subarray(0, whole.length - at), at);
    }
    return whole;
  };
  return {
    maxK,
    kind,
    offsets,
    emitted: repeated(emitted),
    proposed: proposed instanceof Uint8Array ? repeated(proposed) : proposed,
  };
}

function mixed(requests: number): Requests {
  return {
    promptTokens: Int32Array.from({ length: requests }, (_, r) => trace.promptTokens[r % 1000]!),
    outputTokens: Int32Array.from({ length: requests }, (_, r) => trace.outputTokens[(7 * r) % 1000]!),
  };
}

/** Prompts of about 8,000 tokens, half of them a shared beginning, and outputs of about 200. */
function mooncakeLike(requests: number) {
  const draw = stream(1, 'bench');
  const lengths = (median: number, sigma: number) =>
    Int32Array.from(
      { length: requests },
      () => 1 + Math.min(60_000, median * Math.exp(sigma * normal(draw))),
    );
  const promptTokens = lengths(5500, 0.9);
  const outputTokens = lengths(150, 0.8);
  const offsets = new Int32Array(requests + 1);
  const hashes: number[] = [];
  promptTokens.forEach((tokens, r) => {
    const family = Math.floor(draw() * 500);
    const blocks = Math.ceil(tokens / 512);
    for (let b = 0; b < blocks; b++) hashes.push(b < blocks / 2 ? 1e6 + family * 200 + b : 1e9 + r * 200 + b);
    offsets[r + 1] = hashes.length;
  });
  return { requests: { promptTokens, outputTokens }, prefixHashes: { offsets, hashes, blockTokens: 512 } };
}

/** The fastest of `times` runs. */
function timed(label: string, times: number, make: () => Engine): void {
  let seconds = Number.POSITIVE_INFINITY;
  let run: Engine;
  let makespanS: number;
  for (let i = 0; i < times; i++) {
    run = make();
    const start = process.cpuUsage();
    makespanS = run.run();
    const { user, system } = process.cpuUsage(start);
    seconds = Math.min(seconds, (user + system) / 1e6);
  }
  const { rounds, prefills, steps, preemptions, sequenceSeconds, all } = run!.totals;
  console.log(
    [
      label.padEnd(40),
      `${((rounds + prefills) / seconds / 1e6).toFixed(1).padStart(5)} M request-steps/s`,
      `${seconds.toFixed(3).padStart(7)} s`,
      `${((seconds / steps) * 1e9).toFixed(0).padStart(5)} ns/step`,
      `mean batch ${(sequenceSeconds / totalSeconds(all)).toFixed(1)}`,
      `${preemptions} preemptions`,
      `${makespanS!.toFixed(0)} s simulated`,
      `${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`,
    ].join('  '),
  );
}

const warmUp = mixed(2000);
for (let i = 0; i < 3; i++) engineFor(warmUp, { load: new Closed(2000, 128) }).run();

for (const batch of [64, 128, 256]) {
  const requests = mixed(20_000);
  timed(`closed, 20000 requests, batch ${batch}`, 5, () =>
    engineFor(requests, { load: new Closed(20_000, batch) }),
  );
}
const requests = mixed(20_000);
timed('the same as n-gram and EAGLE-3, batch 128', 3, () =>
  engineFor(requests, { load: new Closed(20_000, 128) }, 'hybrid:ngram+eagle3'),
);
/** Seconds of one engine run under each policy, in turn, the least of five; and over those of a fixed k. */
function compared(policies: readonly string[], batch: number): void {
  const least = new Map<string, number>();
  for (let i = 0; i < 5; i++) {
    for (const policy of policies) {
      const run = engineFor(requests, { load: new Closed(20_000, batch) }, 'eagle3', policy);
      const start = process.cpuUsage();
      run.run();
      const { user, system } = process.cpuUsage(start);
      const seconds = (user + system) / 1e6;
      least.set(policy, Math.min(seconds, least.get(policy) ?? seconds));
    }
  }
  for (const [policy, seconds] of least) {
    const over = (other: string) => (seconds / least.get(other)!).toFixed(2);
    console.log(
      `batch ${batch}, ${policy.padEnd(22)} ${seconds.toFixed(3)} s  ${over(STEPWISE)} of fixed stepwise  ${over('fixed')} of fixed ahead`,
    );
  }
}
for (const [batch, tokens] of [
  [64, 150],
  [128, 300],
  [256, 600],
] as const) {
  compared(['fixed', STEPWISE, 'goodput', 'goodput:confidence', `budget:${tokens}`, 'budget:auto'], batch);
}
const hour = mooncakeLike(25_000);
const arrivals = arrivalTimes({ process: 'poisson', ratePerS: 25_000 / 3600 }, 25_000, 1);
timed('an hour, 25000 long prompts, 8 replicas', 3, () =>
  engineFor(hour.requests, { load: new Open(arrivals), replicas: 8, prefixHashes: hour.prefixHashes }),
);
{
  const [sampled] = (await inputsFor(1_000_000)).traces;
  const { promptTokens, outputTokens, drafters } = sampled!;
  timed('1000000 requests, rounds sampled', 1, () =>
    engineFor(
      { promptTokens, outputTokens },
      { load: new Closed(1_000_000, 128) },
      'eagle3',
      'fixed',
      drafters,
    ),
  );
}
for (const count of [1000, 10_000, 100_000, 1_000_000]) {
  const requests = mixed(count);
  timed(`closed, ${count} requests, batch 128`, count > 100_000 ? 1 : 5, () =>
    engineFor(requests, { load: new Closed(count, 128) }),
  );
}
