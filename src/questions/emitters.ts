/**
 * Schedules as files and flags of engines: of the best method that an engine runs. What was computed, and from where to
 * where, is said beside it; an engine whose form begins at batch size 1 is given nothing that was not computed there.
 */
import { UserError } from '../errors.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { isTree } from '../scenario/scenario.ts';
import { weightsOf } from './checkpoints.ts';
import type { EmitName } from './emitted.ts';
import {
  ATOM_METHODS,
  bestFor,
  LLAMACPP_METHODS,
  SGLANG_ADAPTIVE_METHODS,
  SGLANG_METHODS,
  TRTLLM_METHODS,
  VLLM_METHODS,
} from './engine-methods.ts';
import type { Asking, Emitted } from './question.ts';
import { byBatch, byBatchAndContext } from './schedule.ts';
import { scheduleDocument } from './schedule-document.ts';
import { candidateSteps, sglangFlags, stepsPerSecond } from './sglang.ts';
import { atomFlags, llamacppFlags } from './single-length.ts';
import { trtllmConfig } from './trtllm.ts';
import type { MethodSchedule, Tuning } from './tuning.ts';
import { vllmConfig, vllmServe } from './vllm.ts';

/** The best schedule that an engine runs, and what it was found with. */
interface Given {
  readonly schedule: MethodSchedule;
  readonly tuning: Tuning;
  readonly inputs: Inputs;
  /** Where the weights of its drafter are; null for a method that has none of its own. */
  readonly weights: string | null;
  readonly notes: string[];
}

interface Emitter {
  /** The engine, and its words for the methods it runs. */
  readonly engine: string;
  readonly methods: Readonly<Record<string, string>>;
  /** Whether its form covers batch sizes from 1 on: what a schedule does not cover it cannot say. */
  readonly fromOne?: true;
  /** What the engine does above the largest batch size. */
  readonly above?: string;
  /** Whether it may hold several contexts, and a tree. */
  readonly contexts?: true;
  readonly trees?: true;
  /** JSON, or text as it is. */
  make(given: Given): object | string;
}

const vllm = {
  engine: 'vLLM',
  methods: VLLM_METHODS,
  fromOne: true,
  above: 'vLLM keeps the last k',
} as const;
const sglang = { engine: 'SGLang', methods: SGLANG_METHODS } as const;

const byBatchSize = ({ schedule, weights }: Given) =>
  vllmConfig(
    schedule.method,
    { longest: longestOf(schedule), entries: byBatch(schedule.contexts[0]!.ranges) },
    weights,
  );

const EMITTERS: Readonly<Record<Exclude<EmitName, 'json'>, Emitter>> = {
  vllm: { ...vllm, make: byBatchSize },
  'vllm-2d': {
    ...vllm,
    contexts: true,
    make: ({ schedule, weights }) =>
      vllmConfig(
        schedule.method,
        { longest: longestOf(schedule), entries: byBatchAndContext(schedule.contexts) },
        weights,
      ),
  },
  'vllm-serve': {
    ...vllm,
    make: (given) =>
      vllmServe(weightsOf(given.inputs.target, given.notes), given.inputs.scenario.tp, byBatchSize(given)),
  },
  sglang: {
    ...sglang,
    trees: true,
    make: ({ schedule: { method, single }, tuning, weights }) => {
      const tree = tuning.trees.find((row) => row.method === method);
      return sglangFlags(method, tree?.fixed_tree ?? `${single.k}x1x${single.k + 1}`, weights);
    },
  },
  'sglang-adaptive': {
    ...sglang,
    methods: SGLANG_ADAPTIVE_METHODS,
    above: 'SGLang keeps the last steps',
    fromOne: true,
    make: ({ schedule }) => candidateSteps(schedule.contexts[0]!),
  },
  'sglang-sps': { ...sglang, make: ({ schedule }) => stepsPerSecond(schedule.single) },
  trtllm: {
    engine: 'TensorRT-LLM',
    methods: TRTLLM_METHODS,
    fromOne: true,
    above: 'TensorRT-LLM drafts nothing',
    make: ({ schedule, weights }) => {
      const { ranges } = schedule.contexts[0]!;
      const first = ranges[0]!.k;
      const longest = longestOf(schedule);
      if (first !== longest) {
        throw new UserError(
          `--emit trtllm: TensorRT-LLM drafts most at the smallest batch size, and the schedule has k = ${first} there and ${longest} above; expected --max-k ${first}, or --batch from where it drafts most`,
        );
      }
      return trtllmConfig(schedule.method, ranges, weights);
    },
  },
  llamacpp: {
    engine: 'llama.cpp',
    methods: LLAMACPP_METHODS,
    make: ({ schedule: { method, single }, weights, notes }) => {
      if (weights !== null) notes.push(`--model-draft is a file: ${weights}, converted to GGUF`);
      return llamacppFlags(method, single, weights);
    },
  },
  atom: {
    engine: 'ATOM',
    methods: ATOM_METHODS,
    make: ({ schedule: { method, single }, weights }) => atomFlags(method, single, weights),
  },
};

/** @throws UserError where the engine runs none of the methods, or its form cannot say what was computed */
export function emit(tuning: Tuning, { inputs }: Asking, name: EmitName): Emitted {
  if (name === 'json') return { text: JSON.stringify(scheduleDocument(tuning)), notes: [] };
  const [first] = inputs;
  const { trace } = tuning.config;
  if (trace.length > 1) {
    throw new UserError(`--emit ${name}: a schedule is of one trace, got ${trace.join(', ')}`);
  }
  const emitter = EMITTERS[name];
  const tree = tuning.config.tree.find(isTree);
  if (tree !== undefined && emitter.trees === undefined) {
    throw new UserError(
      `--emit ${name}: its form has chains alone, so that --tree ${tree} has no effect; expected no tree, or --emit sglang`,
    );
  }
  const schedule = bestFor(tuning.schedules, emitter.methods);
  if (schedule === undefined) {
    throw new UserError(
      `--emit ${name}: ${emitter.engine} runs none of ${tuning.config.method.join(', ')} so, expected ${Object.keys(emitter.methods).join(' or ')}`,
    );
  }
  checkSayable(schedule, emitter, name);
  const notes = [computedAt(schedule, emitter)];
  const draft = first!.drafts.get(schedule.method);
  const weights = draft === undefined || draft.kind === 'mtp' ? null : weightsOf(draft, notes);
  const made = emitter.make({ schedule, tuning, inputs: first!, weights, notes });
  return {
    text: typeof made === 'string' ? made : JSON.stringify(made),
    notes: [...new Set([...notes, ...tuning.warnings])],
  };
}

function checkSayable(schedule: MethodSchedule, { contexts, fromOne, engine }: Emitter, name: string): void {
  if (schedule.contexts.length > 1 && contexts === undefined) {
    throw new UserError(`--emit ${name}: it has no contexts, expected one --context, or --emit vllm-2d`);
  }
  const { method } = schedule;
  if (longestOf(schedule) === 0) {
    throw new UserError(
      `--emit ${name}: ${method} pays at none of these batch sizes, so there is no schedule`,
    );
  }
  const [least] = schedule.contexts[0]!.ranges;
  if (fromOne && least!.lo > 1) {
    throw new UserError(
      `--emit ${name}: nothing was computed below batch ${least!.lo}, and a schedule of ${engine} begins at 1; expected --batch from 1 on, such as 1..${least!.lo}`,
    );
  }
}

function longestOf({ contexts }: MethodSchedule): number {
  return Math.max(...contexts.flatMap(({ ranges }) => ranges.map(({ k }) => k)));
}

function computedAt(
  { method, contexts }: MethodSchedule,
  { fromOne, above, contexts: byContext }: Emitter,
): string {
  const { ranges } = contexts[0]!;
  const sizes = ranges.map(({ lo }) => lo);
  const tokens = contexts.flatMap(({ contextTokens }) => contextTokens ?? []);
  const inTwo = byContext !== undefined && tokens.length > 0;
  return [
    `${method}, computed at batch ${sizes.join(', ')}`,
    tokens.length === 0 ? '' : ` and context ${tokens.join(', ')}`,
    sizes.length === 1
      ? ''
      : `; ${fromOne ? 'a size between takes what was found at the one below' : 'one setting for all of them'}`,
    inTwo ? `; contexts below ${tokens[0]} and above ${tokens.at(-1)} take what was found there` : '',
    above === undefined
      ? ''
      : `; above ${inTwo ? 'batch ' : ''}${sizes.at(-1)} nothing was computed: ${above}`,
  ].join('');
}
