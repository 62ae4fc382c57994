/** The core in a worker: a view in, an answer and its pictures as data out. One question at a time. */
import { profiles, traces } from 'shipped';
import * as z from 'zod/mini';
import { FROM_INPUTS, FROM_ROWS } from '../charts/index.ts';
import { csvTable } from '../csv.ts';
import { BASIC_METHODS, takesTree } from '../drafter/methods.ts';
import { UserError } from '../errors.ts';
import type { Chart, ChartKind } from '../plot/chart.ts';
import { explain } from '../questions/explain.ts';
import type { Question } from '../questions/question.ts';
import { tune } from '../questions/tune.ts';
import { flatRows } from '../report/flat-rows.ts';
import { gatherInputs, type Inputs } from '../scenario/inputs.ts';
import type { Library } from '../scenario/library.ts';
import { OPTION_NAMES, OPTIONS } from '../scenario/option-table.ts';
import {
  askedOf,
  completeScenario,
  type OptionName,
  type Options,
  parseOptions,
} from '../scenario/options.ts';
import { type Result, type Row, resultOf } from '../scenario/result.ts';
import { runPoints, runScenario } from '../scenario/run.ts';
import { workspace } from '../scenario/workspace.ts';
import { type Flags, optionsOf } from './view.ts';

export interface Request {
  readonly id: number;
  readonly flags: Flags;
  readonly at: number;
  readonly look: string;
  readonly pictures: readonly ChartKind[];
  /** Points alone follow a slider; intervals come when it rests. */
  readonly points: boolean;
  /** Other settings that a lesson compares with. */
  readonly beside: readonly Flags[];
  /** Files of the reader's that are new, by name. */
  readonly files: Readonly<Record<string, string>>;
}

export interface Reply {
  readonly id: number;
  readonly points: boolean;
  readonly result: Result;
  readonly charts: Partial<Record<ChartKind, Chart>>;
  readonly beside: readonly (readonly Row[])[];
  readonly csv: string;
  /** Methods that the trace can answer for. */
  readonly methods: readonly string[];
  /** Why an option has no effect. */
  readonly idle: Partial<Record<OptionName, string>>;
}

export interface Failure {
  readonly id: number;
  readonly error: string;
}

const files = new Map<string, string>();

function shelf(kind: keyof typeof profiles, name: string): { where: string; text: string } {
  return { where: `${kind} ${name}`, text: profiles[kind][name]! };
}

const library: Library = workspace({
  names: async (kind) => Object.keys(profiles[kind]),
  profile: async (kind, name) => shelf(kind, name),
  traces: async () => new Map(Object.entries(traces).map(([target, of]) => [target, Object.keys(of)])),
  trace: async (target, dataset) => ({
    where: `trace ${target}/${dataset}`,
    text: traces[target]![dataset]!,
  }),
  file: async (path) => (files.has(path) ? { where: path, text: files.get(path)! } : null),
});

const gather = (options: Options, billed?: boolean): Promise<Inputs> =>
  gatherInputs(completeScenario(options), library, billed);
const parsed = (flags: Flags): Options => parseOptions(optionsOf(flags), (key) => `--${key}`);

/** Listens for views. */
export function serve(scope: {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(reply: Reply | Failure): void;
}): void {
  // A page that allows no code made of text reports zod's attempt to.
  z.config({ jitless: true });
  scope.onmessage = async ({ data }) => {
    try {
      scope.postMessage(await answer(data));
    } catch (error) {
      const { message } = error as Error;
      scope.postMessage({
        id: data.id,
        error: error instanceof UserError ? message : `internal error: ${message}`,
      });
    }
  };
}

async function answer(request: Request): Promise<Reply> {
  for (const [name, text] of Object.entries(request.files)) files.set(name, text);
  const options = parsed(request.flags);
  const inputs = await gather(options);
  const points = request.points && inputs.scenario.load === 'clones';
  const run = points ? runPoints(inputs) : runScenario(inputs);
  const result = resultOf(run);
  const charts: Partial<Record<ChartKind, Chart>> = {};
  for (const kind of request.pictures) charts[kind] = await picture(kind, options, request, inputs, run);
  const asked = askedOf(inputs.scenario);
  const beside: Row[][] = [];
  for (const flags of request.beside) beside.push([...runPoints(await gather(parsed(flags))).rows]);
  return {
    id: request.id,
    points,
    result,
    charts,
    beside,
    csv: csvTable(flatRows(result)),
    methods: methodsOf(inputs),
    idle: Object.fromEntries(
      OPTION_NAMES.flatMap((name) => {
        const reason =
          OPTIONS[name].holds === 'pairs'
            ? null
            : (OPTIONS[name].idle?.(inputs.scenario, asked, null) ?? null);
        return reason === null ? [] : [[name, reason]];
      }),
    ),
  };
}

/** What the best setting is looked for among. */
const BEST = { 'max-k': '8', context: '512,2048,8192' } as const;

async function picture(
  kind: ChartKind,
  options: Options,
  { look, at }: Request,
  inputs: Inputs,
  run: ReturnType<typeof runScenario>,
): Promise<Chart> {
  const looked = inputs.methods.some(({ name }) => name === look) ? look : inputs.methods.at(-1)!.name;
  const { k } = inputs.scenario;
  const one = { ...options, method: [looked], k: [k[0]!], batch: [at] };
  if (kind === 'pass' || kind === 'roofline') return FROM_INPUTS[kind].make(inputs, run);
  if (kind === 'rounds') return FROM_INPUTS.rounds.make(await gather(one));
  if (kind === 'acceptance') return FROM_INPUTS.acceptance.make(inputs);
  const { of, make } = FROM_ROWS[kind];
  if (kind === 'time') {
    const rows = run.rows.filter(({ method }) => method === 'none' || method === looked);
    return make({ ...run, rows } as never);
  }
  if (of.includes('run')) return make(run as never);
  const { k: _, ...others } = options;
  const planted = inputs.methods.filter(takesTree);
  const named: Options =
    kind === 'best'
      ? { ...others, method: inputs.methods.filter((m) => m.kind === 'fixed').map(({ name }) => name) }
      : kind === 'tree'
        ? {
            ...others,
            method: [(planted.find(({ name }) => name === looked) ?? planted[0])?.name ?? looked],
            tree: ['best:32'],
          }
        : kind === 'waterfall'
          ? { ...one, batch: at === 1 ? [1] : [1, at] }
          : options;
  const question: Question = kind === 'waterfall' ? explain : tune;
  const own = kind === 'best' ? BEST : kind === 'tree' ? { 'max-k': '8' } : {};
  const asking = await question.gather(
    named,
    (scenario, billed) => gatherInputs(scenario, library, billed),
    own,
  );
  return make((await question.ask(asking, () => {}, own)) as never);
}

/** Basic methods of the trace, and what two of them make together. */
function methodsOf({ traces: [trace], rates }: Inputs): string[] {
  const basic = BASIC_METHODS.filter(({ name }) => trace!.drafters.has(name) || rates.has(name));
  const search = basic.find(({ proposer }) => proposer === 'search');
  const models = basic.filter(({ proposer }) => proposer === 'model');
  return [
    'none',
    ...basic.map(({ name }) => name),
    ...basic.map(({ name }) => `oracle:${name}`),
    ...(search === undefined ? [] : models.map(({ name }) => `hybrid:${search.name}+${name}`)),
  ];
}
