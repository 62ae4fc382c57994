/**
 * How far an answer moves with the text: where nobody named a trace and several that ship fit the question, the best
 * setting on each of the others, at the smallest batch, as a warning where one of them is not what the answer says.
 *
 * Left out: open loads, whose rates suit one text and not another.
 */
import { takesK } from '../drafter/methods.ts';
import { UserError } from '../errors.ts';
import { settingLabel } from '../report/setting.ts';
import { Bench, type Ratio } from '../scenario/bench.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { isOpen } from '../scenario/load.ts';
import type { Options } from '../scenario/options.ts';
import { loadKind } from '../scenario/run.ts';
import type { Setting } from '../scenario/setup.ts';
import type { Read } from './question.ts';

/** Of each trace: means of so many differ by a few percent, texts by tens. */
const REQUESTS = 100;

/** And no more than so many where more were asked for, unless a batch takes them: a million of each would be sampled. */
const MOST_REQUESTS = 1000;

/** More than so many traces are told by the slowest and the fastest. */
const SHOWN = 4;

/** A scenario on each of the other traces that ship for its target and have its methods. */
export async function otherTraces(
  named: Options,
  { scenario, shelf, methods, rates }: Inputs,
  read: Read,
): Promise<Inputs[]> {
  const replayed = methods.flatMap(({ parts }) => parts).some(({ name }) => !rates.has(name));
  if (named.trace !== undefined || named.workload !== undefined || isOpen(scenario.load) || !replayed)
    return [];
  const enough = Math.max(MOST_REQUESTS, 4 * Math.max(...scenario.batch));
  const requests = Math.min(scenario.requests ?? REQUESTS, enough);
  const found = await Promise.all(
    shelf.map((trace) =>
      read({ ...scenario, trace: [trace], requests }).catch((error: unknown) => {
        if (error instanceof UserError) return null;
        throw error;
      }),
    ),
  );
  return found.filter((inputs) => inputs !== null);
}

interface Best {
  readonly trace: string;
  readonly label: string;
  readonly speedup: number;
}

/**
 * A warning for an answer; null where it holds on the other traces.
 *
 * @param here the answer's best at `batch`, as a setting is called, and its speedup
 * @param settings to choose from on another trace
 */
export function movedText(
  here: { readonly label: string; readonly over: Ratio },
  own: Inputs,
  others: readonly Inputs[],
  settings: (inputs: Inputs) => readonly Setting[],
  batch: number,
): string | null {
  const found = others.flatMap((inputs) => bestOn(inputs, settings(inputs), batch) ?? []);
  const holds = ({ label, speedup }: Best) =>
    label === here.label && here.over.lo <= speedup && speedup <= here.over.hi;
  if (found.every(holds)) return null;
  const sorted = [...found].sort((a, b) => a.speedup - b.speedup);
  const shown = sorted.length > SHOWN ? [sorted[0]!, sorted.at(-1)!] : sorted;
  const text = ({ label, speedup, trace }: Best) => `${label} ${speedup.toFixed(2)}x on ${trace}`;
  const trace = own.traces[0]!.name;
  return `the text decides: best at batch ${batch} is ${text({ ...here, speedup: here.over.ratio, trace })}, taken as no --trace is named; ${shown.map(text).join(', ')}${shown === sorted ? '' : ` (slowest and fastest of ${sorted.length} more)`}`;
}

/** Null where the requests of a trace cannot run as those of the answer do, as they do not fit in memory. */
function bestOn(inputs: Inputs, settings: readonly Setting[], batch: number): Best | null {
  try {
    return fastest(inputs, settings, batch);
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

function fastest(inputs: Inputs, settings: readonly Setting[], batch: number): Best {
  const trace = inputs.traces[0]!;
  const bench = new Bench(inputs, trace, loadKind(inputs.scenario), new Set());
  let best: Best = { trace: trace.name, label: 'none', speedup: 1 };
  for (const setting of settings) {
    const plain = bench.plainMeasures(setting, batch).throughput_tok_per_s;
    const speedup = bench.measures(setting, batch).throughput_tok_per_s / plain;
    const { method, k } = setting;
    const policy = takesK(method) ? (setting.policy?.name ?? null) : null;
    const label = settingLabel({ method: method.name, k, tree: setting.tree?.name ?? null, policy });
    if (speedup > best.speedup) best = { trace: trace.name, label, speedup };
  }
  return best;
}
