/**
 * From a setting to its bound: what perfect knowledge and free work would bring, each on top of those before, so that
 * what they save adds up to the gap.
 */
import { parseMethod, takesK } from '../drafter/methods.ts';
import { UserError } from '../errors.ts';
import type { Measures } from '../metrics/measure.ts';
import type { NamedPolicy } from '../policy/policies.ts';
import { Bench } from '../scenario/bench.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { answerOf, type Envelope } from '../scenario/result.ts';
import { loadKind, settingsOf } from '../scenario/run.ts';
import type { Setting } from '../scenario/setup.ts';
import type { AcceptanceTrace } from '../trace/trace.ts';
import { perToken, type TokenTime, tokenTime } from './token-time.ts';

/** One of the gifts that lead from the setting to its bound, each on top of those before. */
export interface Gift {
  readonly what: string;
  /** Milliseconds of a decode step for each token of a sequence that it saves; negative where it costs more. */
  readonly saves_ms: number;
  /** What is left. */
  readonly ms_per_token: number;
}

/** The settings that a waterfall goes through. */
export interface Bounds {
  readonly setting: Setting;
  /** The same rounds, rejected tokens left out. */
  readonly exact: Setting;
  /** Exact lengths without end: an oracle, or the better of two parts that both run. */
  readonly oracles: readonly (readonly [what: string, setting: Setting])[];
  /** The most that drafting can do; null for loads of different requests, which have no such plan. */
  readonly best: Setting | null;
}

/** Drafts what will be accepted and no more. */
const EXACT: NamedPolicy = { name: 'oracle', spec: { kind: 'noisy-oracle', chance: 1 } };

/** Of a setting with its k; a look-up that the trace knows may be tried beside its method. */
export function boundsOf(setting: Setting, { drafters }: AcceptanceTrace, clones: boolean): Bounds {
  const { method, k } = setting;
  const bound = (name: string): Setting => ({ method: parseMethod(name), k: null });
  const names = method.parts.map(({ name }) => name);
  const second = drafters.has('ngram') && method.kind === 'fixed' && !names.includes('ngram');
  const both = second ? ['ngram', ...names] : names;
  const oracles: [string, Setting][] = [];
  if (names.length === 1) {
    oracles.push(['exact lengths beyond k (oracle)', bound(`oracle:${names[0]}`)]);
  }
  if (both.length === 2) {
    oracles.push([`the better of ${both.join(' and ')}, both paid`, bound(`combined:${both.join('+')}`)]);
  }
  const exact = { method, k, policy: EXACT };
  return { setting, exact, oracles, best: clones ? bound(`best:${both.join('+')}`) : null };
}

/** A setting at a batch size, and the way to its bound. */
export interface Fall {
  readonly trace: string;
  readonly method: string;
  readonly k: number;
  readonly batch_size: number;
  readonly ms_per_token: TokenTime;
  /** From the setting to its bound; what is saved adds up to the gap between the two. */
  readonly waterfall: readonly Gift[];
}

/** @throws UserError unless exactly one method and one k are asked about */
export function oneSetting(inputs: Inputs): Setting {
  const { method, k } = inputs.scenario;
  const [setting, ...others] = settingsOf(inputs);
  if (others.length > 0 || !takesK(setting!.method)) {
    throw new UserError(
      `--method ${method.join()} --k ${k.join()}: explain is about one method and one k, such as --method eagle3 --k 3`,
    );
  }
  return setting!;
}

/** @throws UserError where nothing is decoded */
export function fallOf(bench: Bench, bounds: Bounds, trace: string, batch: number): Fall {
  const { method, k } = bounds.setting;
  const measures = bench.measures(bounds.setting, batch);
  if (measures.step_ms === null) {
    throw new UserError(`trace ${trace}: no request has a second output token, so there is nothing to draft`);
  }
  return {
    trace,
    method: method.name,
    k: k!,
    batch_size: batch,
    ms_per_token: tokenTime(measures, bench.measures(bounds.exact, batch)),
    waterfall: waterfall(bench, bounds, batch),
  };
}

/** Of one setting on every trace at every batch size. */
export function fallsOf(inputs: Inputs): Envelope<Fall> {
  const { scenario } = inputs;
  const setting = oneSetting(inputs);
  const load = loadKind(scenario);
  const warnings = new Set(inputs.warnings);
  const groups = inputs.traces.map((of, trace) => {
    const bench = new Bench(inputs, of, load, warnings);
    const bounds = boundsOf(setting, of, load === 'clones');
    return { trace, rows: scenario.batch.map((batch) => fallOf(bench, bounds, of.name, batch)) };
  });
  return answerOf(scenario, inputs, warnings, groups);
}

/** @returns gifts whose savings add up to the time of a token less the last `ms_per_token` */
function waterfall(bench: Bench, { setting, exact, oracles, best }: Bounds, batch: number): Gift[] {
  const measured = (one: Setting): Measures => bench.measures(one, batch);
  const now = perToken(measured(setting));
  const known = perToken(measured(exact));
  const last = perToken(measured(best ?? oracles.at(-1)?.[1] ?? exact));
  const stages: (readonly [string, number])[] = [
    ['rejected tokens verified for nothing', known.total + now.draft - known.draft],
    ['and not drafted (exact lengths up to k)', known.total],
    ...oracles.map(([what, one]) => [what, perToken(measured(one)).total] as const),
    ...(best === null ? [] : [['the best rounds there are (optimum)', last.total] as const]),
    ['drafting for nothing', last.total - last.draft],
    ['host and sampling for nothing (the bound)', last.verify],
  ];
  let before = now.total;
  return stages.map(([what, ms]) => {
    const gift = { what, saves_ms: before - ms, ms_per_token: ms };
    before = ms;
    return gift;
  });
}
