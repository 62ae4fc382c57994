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
  /** As they are typed, of at most 78 columns. */
  readonly examples: readonly [string, string];
  load(): Promise<Question>;
}

/** What questions about the hardware refuse: arrivals fix the throughput, and a price that is no machine's has no parts. */
const OF_HARDWARE = ['timeScale', 'duration', 'cost'] as const;
const BATCHES = 'clones, or closed: different requests in a batch (default clones)';

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
    examples: [
      'specsim run --gpu h200-sxm --method none,eagle3 --k 1,3,5 --batch 1,64',
      'specsim run --trace mine.jsonl --load poisson:20 --slo ttft=500ms,tpot=10ms',
    ],
    load: async () => (await import('./run.ts')).run,
  },
  {
    name: 'tune',
    describe: 'which method, which k, when to switch off: the best at every batch size, and its schedule',
    help: {
      load: BATCHES,
      method: 'methods to choose from, comma-separated (default ngram,eagle3)',
      batch: 'batch sizes, comma-separated; 1..256 is 1,2,4 and so on (the default)',
    },
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
    without: ['k', 'policy', 'confidence', ...OF_HARDWARE],
    examples: [
      'specsim tune --batch 1..256 --emit vllm',
      'specsim tune --method ngram,eagle3 --trace instructcoder --max-k 10',
    ],
    load: async () => (await import('./tune.ts')).tune,
  },
  {
    name: 'explain',
    describe: 'why: what each draft position brings and costs, what is wasted, what binds, what would help',
    help: {
      load: BATCHES,
      method: 'the method (default eagle3)',
      k: 'the draft length (default 3)',
      batch: 'batch sizes (with a closed load: concurrencies), comma-separated (default 1,64)',
    },
    without: ['policy', 'confidence', ...OF_HARDWARE],
    examples: [
      'specsim explain --method eagle3 --k 3 --batch 1,128',
      'specsim explain --method ngram --k 5 --trace cnn --format json',
    ],
    load: async () => (await import('./explain.ts')).explain,
  },
  {
    name: 'compare',
    describe: 'GPUs side by side: tokens/s, best method and k, break-even batch, and what binds',
    help: {
      load: BATCHES,
      gpu: 'GPUs by name, or profile files, comma-separated (default h100-sxm)',
      k: 'draft lengths to choose from, comma-separated (default 1,2,3,4,5,6,8)',
    },
    without: OF_HARDWARE,
    examples: [
      'specsim compare --gpu h100-sxm,h200-sxm,b200-sxm --batch 1,64',
      'specsim compare --gpu h100-sxm,my-gpu.json --set hardware.memoryBandwidth=1.2x',
    ],
    load: async () => (await import('./compare.ts')).compare,
  },
  {
    name: 'capacity',
    describe: 'the highest rate of requests that holds an SLO, with and without speculation',
    help: {
      load: 'pattern of arrivals, whose rate is only where the search starts (default poisson:1)',
      slo: 'limits such as ttft=500ms,tpot=30ms,share=95% (also itl, e2e; share: 99% unless said)',
    },
    without: ['batch', 'duration'],
    examples: [
      'specsim capacity --slo ttft=500ms,tpot=20ms',
      'specsim capacity --slo tpot=30ms --method none,eagle3 --workload load.csv',
    ],
    load: async () => (await import('./capacity.ts')).capacity,
  },
  {
    name: 'sensitivity',
    describe: 'elasticity of throughput and of speedup to every parameter of the GPU and the engine',
    help: { load: BATCHES },
    without: OF_HARDWARE,
    examples: [
      'specsim sensitivity --method eagle3 --batch 1,128',
      'specsim sensitivity --gpu h200-sxm --method ngram --trace instructcoder',
    ],
    load: async () => (await import('./sensitivity.ts')).sensitivity,
  },
];
