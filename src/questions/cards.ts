/** How questions are called and described: all that a list of commands needs, so that none is loaded for it. */
import type { OptionName } from '../scenario/options.ts';
import { EMIT_NAMES } from './emitted.ts';
import type { Asking, Emitted, Question } from './question.ts';

/** A flag that one question alone has. */
export interface OwnFlag {
  readonly describe: string;
  readonly choices?: readonly string[];
  /** It names a file to write beside the answer. */
  readonly role?: 'beside';
  /** What it prints in place of the answer: loaded when it is asked for. */
  readonly instead?: () => Promise<(answer: never, asking: Asking, value: never) => Emitted>;
}

export interface Card {
  readonly name: string;
  readonly describe: string;
  /** Options that mean something else here. */
  readonly help?: { readonly [K in OptionName]?: string };
  /** Options that this question refuses. */
  readonly without?: readonly OptionName[];
  readonly flags?: Readonly<Record<string, OwnFlag>>;
  load(): Promise<Question>;
}

/** In the order of the help. */
export const CARDS: readonly Card[] = [
  {
    name: 'run',
    describe: 'replay an acceptance trace on a GPU: tokens/s, speedup, and where the time goes',
    flags: {
      timeline: {
        describe: 'write the one row step by step to this file, for ui.perfetto.dev',
        role: 'beside',
      },
    },
    load: async () => (await import('./run.ts')).run,
  },
  {
    name: 'tune',
    describe: 'which method, which k, when to switch off: the best at every batch size, and its schedule',
    help: {
      k: 'not used: --max-k says how far to look',
      method: 'methods to choose from, comma-separated (default ngram,eagle3)',
      batch: 'batch sizes, comma-separated; 1..256 is 1,2,4 and so on (the default)',
    },
    without: ['k'],
    flags: {
      'max-k': { describe: 'longest draft to try (default 16)' },
      context: { describe: "prompt lengths to tune at, such as 1k..32k, instead of the trace's" },
      emit: {
        describe:
          'print instead what an engine reads: a schedule, flags or a command (docs/decide.md lists them)',
        choices: EMIT_NAMES,
        instead: async () => (await import('./emitters.ts')).emit,
      },
    },
    load: async () => (await import('./tune.ts')).tune,
  },
  {
    name: 'explain',
    describe: 'why: what each draft position brings and costs, what is wasted, what binds, what would help',
    help: {
      method: 'the method (default eagle3)',
      k: 'the draft length (default 3)',
      batch: 'batch sizes (with a closed load: concurrencies), comma-separated (default 1,64)',
    },
    load: async () => (await import('./explain.ts')).explain,
  },
  {
    name: 'compare',
    describe: 'GPUs side by side: tokens/s, best method and k, break-even batch, and what binds',
    help: {
      gpu: 'GPUs by name, or profile files, comma-separated (default h100-sxm)',
      k: 'draft lengths to choose from, comma-separated (default 1,2,3,4,5,6,8)',
    },
    load: async () => (await import('./compare.ts')).compare,
  },
  {
    name: 'capacity',
    describe: 'the highest rate of requests that holds an SLO, with and without speculation',
    help: {
      load: 'pattern of arrivals, whose rate is only where the search starts (default poisson:1)',
      slo: 'limits such as ttft=500ms,tpot=30ms,share=95% (also itl, e2e; share: 99% unless said)',
    },
    load: async () => (await import('./capacity.ts')).capacity,
  },
  {
    name: 'sensitivity',
    describe: 'elasticity of throughput and of speedup to every parameter of the GPU and the engine',
    load: async () => (await import('./sensitivity.ts')).sensitivity,
  },
];
