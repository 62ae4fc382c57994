/** The core in a worker: a view in, an answer and its pictures as data out. One question at a time. */
import { profiles, traces } from 'shipped';
import { CHARTS, type Run } from '../charts/index.ts';
import { takesTree } from '../drafter/methods.ts';
import { UserError } from '../errors.ts';
import type { Chart, ChartKind } from '../plot/chart.ts';
import { capacityOf, withArrivals } from '../questions/highest-rate.ts';
import { tuningOf } from '../questions/tuning.ts';
import { fallsOf } from '../questions/waterfall.ts';
import { answerableMethods } from '../scenario/answerable.ts';
import type { Ratio } from '../scenario/bench.ts';
import { type Flags, keysOf } from '../scenario/flags.ts';
import { gatherInputs, type Inputs } from '../scenario/inputs.ts';
import type { Library } from '../scenario/library.ts';
import { isOpen } from '../scenario/load.ts';
import {
  checkHardwareQuestion,
  completeScenario,
  idleOptions,
  type OptionName,
  type Options,
  parseOptions,
} from '../scenario/options.ts';
import { type Contender, ratioBetween } from '../scenario/ratio.ts';
import { type Result, type Row, resultOf } from '../scenario/result.ts';
import { runPoints, runScenario, settingsOf } from '../scenario/run.ts';
import { workspace } from '../scenario/workspace.ts';
import { lookedAt, named, type View } from './view.ts';

type Looked = Pick<View, 'flags' | 'at' | 'look'>;

export interface Request extends Looked {
  readonly pictures: readonly ChartKind[];
  /** Points alone follow a slider; intervals come when it rests. */
  readonly points: boolean;
  /** Other settings that a lesson compares with. */
  readonly beside: readonly Flags[];
  /** What is pinned, to compare with. */
  readonly against: Looked | null;
}

export interface Reply {
  readonly points: boolean;
  readonly result: Result;
  readonly charts: Partial<Record<ChartKind, Chart>>;
  /** Why rows fill no picture of a kind. */
  readonly unfit: Partial<Record<ChartKind, string>>;
  readonly beside: readonly (readonly Row[])[];
  /** Throughput over that of what is pinned; null where they do not face the same requests. */
  readonly over: Ratio | null;
  /** Methods that the trace can answer for. */
  readonly methods: readonly string[];
  /** Why an option has no effect. */
  readonly idle: Partial<Record<OptionName, string>>;
}

export type Failure = Readonly<Record<'error', string>>;

/** A file of the reader's. */
export type Upload = Readonly<Record<'name' | 'text', string>>;

const files = new Map<string, string>();

const library: Library = workspace({
  names: async (kind) => Object.keys(profiles[kind]),
  profile: async (kind, name) => ({ where: `${kind} ${name}`, text: profiles[kind][name]! }),
  traces: async () => new Map(Object.entries(traces).map(([target, of]) => [target, Object.keys(of)])),
  trace: async (target, name) => ({ where: `trace ${target}/${name}`, text: traces[target]![name]! }),
  file: async (path) => (files.has(path) ? { where: path, text: files.get(path)! } : null),
});

const gather = (options: Options): Promise<Inputs> => gatherInputs(completeScenario(options), library);
const parsed = (flags: Flags): Options => parseOptions(keysOf(named(flags)), (key) => `--${key}`);

/** Listens for files and views. */
export function serve(scope: {
  onmessage: ((event: MessageEvent<Request | Upload>) => void) | null;
  postMessage(reply: Reply | Failure): void;
}): void {
  scope.onmessage = async ({ data }) => {
    if ('text' in data) files.set(data.name, data.text);
    else scope.postMessage(await answer(data).catch((error) => ({ error: said(error) })));
  };
}

const said = (error: Error) =>
  error instanceof UserError ? error.message : `internal error: ${error.message}`;

async function answer(request: Request): Promise<Reply> {
  const { flags, against } = request;
  const options = parsed(flags);
  const inputs = await gather(options);
  const points = request.points && inputs.scenario.load === 'clones';
  const run = points ? runPoints(inputs) : runScenario(inputs);
  const result = resultOf(run);
  const charts: Reply['charts'] = {};
  const unfit: Reply['unfit'] = {};
  for (const kind of request.pictures) {
    try {
      charts[kind] = await picture(kind, options, request, inputs, run);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      unfit[kind] = error.message;
    }
  }
  const others = await Promise.all(request.beside.map((other) => gather(parsed(other))));
  const beside = others.map((other) => runPoints(other).rows);
  const over =
    against === null || points
      ? null
      : ratioBetween(contender(inputs, request), contender(await gather(parsed(against.flags)), against));
  const [methods, idle] = [answerableMethods(inputs), idleOptions(inputs.scenario)];
  return { points, result, charts, unfit, beside, over, methods, idle };
}

/** The setting that is looked at, at its batch size. */
function contender(inputs: Inputs, { at, look }: Looked): Contender {
  const settings = settingsOf(inputs).map((of) => ({ setting: of, method: of.method.name, k: of.k }));
  return { inputs, setting: lookedAt(settings, look)!.setting, batch: at };
}

/** Limits that a load has to hold where nobody says any, and requests at the most, as each rate serves them all. */
const [SLO, FEW] = ['ttft=500ms,tpot=10ms', 400];

/** What the best setting is looked for among. */
const BEST = { maxK: 8, contexts: [512, 2048, 8192] } as const;

async function picture(kind: ChartKind, options: Options, { look, at }: Looked, inputs: Inputs, run: Run) {
  const { methods, scenario } = inputs;
  const method = methods.some(({ name }) => name === look) ? look : methods.at(-1)!.name;
  // Beside plain decoding: more would hide each other.
  const few = { ...run, rows: run.rows.filter((row) => row.method === 'none' || row.method === method) };
  const { k: _, ...others } = options;
  const one = { ...options, method: [method], k: [scenario.k[0]!] };
  const { make, draw } = CHARTS[kind];
  if (draw !== undefined)
    return draw(kind === 'rounds' ? await gather({ ...one, batch: [at] }) : inputs, few);
  const fixed = (options: Options): Promise<Inputs> => {
    const asked = completeScenario({ ...options, policy: ['fixed'] });
    checkHardwareQuestion(`plot ${kind}`, asked);
    return gatherInputs(asked, library, { billed: kind === 'waterfall', schedules: kind === 'best' });
  };
  const answer = async () => {
    switch (kind) {
      case 'best': {
        const basic = methods.filter((of) => of.kind === 'fixed').map(({ name }) => name);
        const of = { ...others, method: basic };
        return tuningOf(
          await Promise.all(BEST.contexts.map((promptLen) => fixed({ ...of, promptLen }))),
          BEST.maxK,
        );
      }
      case 'tree': {
        const planted = methods.filter(takesTree);
        const { name } = planted.find((of) => of.name === look) ?? planted[0] ?? { name: method };
        return tuningOf([await fixed({ ...others, method: [name], tree: ['best:32'] })], BEST.maxK);
      }
      case 'capacity': {
        const { batch: ___, load, requests = FEW, slo = SLO, ...rest } = one;
        const arrives = load !== undefined && isOpen(load) ? { ...rest, load } : withArrivals(rest);
        const of = { ...arrives, method: ['none', method], slo, requests: Math.min(requests, FEW) };
        return capacityOf(await gather(of));
      }
      case 'waterfall':
        return fallsOf(await fixed({ ...one, batch: [...new Set([1, at])] }));
      default:
        return kind === 'time' ? few : run;
    }
  };
  return make!((await answer()) as never);
}
