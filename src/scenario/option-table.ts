/**
 * What may be asked of a run, an option a row. Flags and their help, scenario files and grids, refusals, hashes, the
 * next command, the JSON Schemas and forms are made from it. Its order is that of `config` in every result.
 *
 * Left out: what only a file can tell (inputs.ts), and what one question forbids or presets.
 */
import { COST_MODELS, costTraits } from '../cost/models.ts';
import { runsDraftModel, takesK, takesTree } from '../drafter/methods.ts';
import { ROUTERS } from '../engine/router.ts';
import { KV_BYTES, type KvFormat, WEIGHT_FORMATS } from '../number-formats.ts';
import { CONVERSATION_OPTIONS } from './conversation-options.ts';
import {
  amount,
  costName,
  counts,
  flag,
  lengths,
  list,
  load,
  name,
  oneOf,
  pairs,
  sizes,
  text,
  whole,
} from './kinds.ts';
import { isOpen } from './load.ts';
import { PLACEMENT_OPTIONS } from './placement-options.ts';
import { isTree, type Option, type OptionName, type Scenario, unlessSome } from './scenario.ts';
import { pathWithoutEffect } from './set-effect.ts';
import { lacksConfidence, STEERING_OPTIONS } from './steering-options.ts';
import { usualMethods } from './usual-methods.ts';
import { WRITING_OPTIONS } from './writing-options.ts';

const KV_FORMATS = Object.keys(KV_BYTES) as readonly KvFormat[];

/** Tokens of a prompt or an output: ten times the longest context of any model. */
const MOST_TOKENS = 10_000_000;

/** Tokens deep that a best tree may be, unless k says another depth. */
const BEST_TREE_DEPTH = 10;

const isBestTree = (tree: string): boolean => /^best\b/.test(tree);

const ofLengths = ({ workload }: Scenario) =>
  workload === null ? null : 'with --workload, which has lengths of its own';

const ofServing = ({ load }: Scenario) =>
  load === 'clones' ? 'with --load clones: a batch is served at once, by one engine' : null;

export const OPTIONS: { readonly [K in OptionName]: Option<K> } = {
  gpu: {
    ...name('gpu'),
    default: 'h100-sxm',
    lacks: ({ gpu }) =>
      /^[\w.-]+(,[\w.-]+)+$/.test(gpu)
        ? `${gpu}: names several, expected one; specsim compare --gpu ${gpu} compares them`
        : null,
    help: 'GPU by name, or a profile file',
    group: 'machine',
    hash: 'contents',
  },
  set: {
    ...pairs('PATH=VALUE, such as hardware.memoryBandwidth=1.2x', true),
    default: {},
    help: 'what if: PATH=VALUE, such as hardware.memoryBandwidth=1.2x; may be repeated',
    group: 'machine',
    idle: (scenario, asked, path) =>
      costTraits(scenario.cost).machine
        ? pathWithoutEffect(path!, scenario, asked)
        : `with --cost ${scenario.cost}, which has its own constants`,
  },
  tp: {
    ...whole(1, 1024),
    default: 1,
    help: 'GPUs that share the model (tensor parallel)',
    group: 'machine',
  },
  target: {
    ...name('model'),
    default: 'llama-3.1-8b',
    help: 'target model by name, or a Hugging Face config.json',
    group: 'model',
    hash: 'contents',
  },
  draft: {
    ...name('model'),
    default: null,
    help: 'draft model or head by name, or a file; serves the methods it fits',
    group: 'model',
    hash: 'contents',
    idle: ({ cost }, asked) =>
      cost === 'specdecode-bench'
        ? 'with --cost specdecode-bench, which has its own price of drafting'
        : unlessSome(asked, runsDraftModel, 'runs a draft model'),
    next: 'used',
  },
  dtype: {
    ...oneOf(['auto', ...WEIGHT_FORMATS]),
    default: 'auto',
    plain: 'bf16',
    help: 'number format of the target weights: auto (what its checkpoint says, else bf16), fp8, int4, nvfp4, ...',
    group: 'model',
  },
  engine: {
    ...name('engine'),
    default: 'vllm-0.10',
    help: 'engine profile by name, or a file',
    group: 'machine',
    hash: 'contents',
    idle: ({ cost }) =>
      costTraits(cost).machine ? null : `with --cost ${cost}, which has its own overheads`,
  },
  method: {
    ...list(name('method')),
    default: ['none', 'ngram', 'eagle3'],
    beside: ({ target }) => (target === undefined ? undefined : usualMethods(target)),
    help: 'methods, comma-separated (specsim list methods); eagle3 where a head of the target ships',
    group: 'method',
    lacks({ load, cost, draftGpu }, { methods }) {
      const parallel = methods.find(({ kind }) => kind === 'parallel');
      if (parallel !== undefined && draftGpu === null) {
        return `${parallel.name}: it drafts while the target's GPUs verify, expected GPUs of its own (--draft-gpu)`;
      }
      const best = methods.find(({ kind }) => kind === 'best');
      return best === undefined || (load === 'clones' && costTraits(cost).machine)
        ? null
        : `${best.name}: the best lengths are those of copies of one request at roofline prices, expected --load clones and --cost roofline`;
    },
    next: 'asked',
  },
  k: {
    ...counts(whole(1, 1000)),
    default: [3],
    help: 'draft lengths, comma-separated; with a policy, the longest',
    group: 'method',
    beside: ({ tree }) =>
      tree?.some(isBestTree) === true && !tree.includes('chain') ? [BEST_TREE_DEPTH] : undefined,
    idle: ({ tree }, asked) =>
      unlessSome(
        asked,
        (method) =>
          takesK(method) && (!takesTree(method) || tree.some((one) => !isTree(one) || isBestTree(one))),
        tree.every(isTree) ? 'takes a draft length beside a tree, which has a depth' : 'takes a draft length',
      ),
    next: 'asked',
  },
  policy: {
    ...list(name('policy')),
    default: ['fixed'],
    help: 'who decides how far to draft, comma-separated: fixed, table:FILE, off-above:BATCH, goodput, goodput:confidence, budget:TOKENS, budget:auto, confidence:CHANCE, per-request, cascade, oracle, noisy-oracle:CHANCE',
    group: 'method',
    hash: 'contents',
    idle: (_, asked) => unlessSome(asked, takesK, 'takes a draft length'),
    lacks: lacksConfidence,
  },
  trace: {
    ...list(name('trace')),
    default: ['gsm8k'],
    help: 'acceptance traces, comma-separated: NAME of the target, TARGET/NAME, or files',
    group: 'acceptance',
    hash: 'contents',
    next: 'asked',
  },
  acceptance: {
    ...pairs('METHOD=SPEC, such as eagle=0.62'),
    default: {},
    help: 'stated acceptance METHOD=SPEC; SPEC is 0.62, 0.85:0.6:0.35 or 3.1@3, then /0.4 if 40 % of rounds draft; may be repeated',
    group: 'acceptance',
    idle: (_, asked, method) =>
      unlessSome(asked, ({ parts }) => parts.some((part) => part.name === method), `uses ${method}`),
  },
  drafterQuality: {
    ...amount(0.8, 1.3),
    default: 1,
    help: 'what if: drafters that accept 0.8 to 1.3 times as many tokens a round (fitted traces)',
    group: 'acceptance',
    hash: 'changed',
    idle: (_, asked) => unlessSome(asked, ({ parts }) => parts.length > 0, 'drafts'),
    lacks({ drafterQuality, acceptance }, { methods }) {
      const parts = methods.flatMap((method) => method.parts.map((part) => part.name));
      const stated = drafterQuality === 1 ? undefined : parts.find((part) => Object.hasOwn(acceptance, part));
      return stated === undefined
        ? null
        : `${drafterQuality}: the acceptance of ${stated} is stated with --acceptance, expected a fitted trace's; state another`;
    },
  },
  promptLen: {
    ...whole(1, MOST_TOKENS),
    default: null,
    help: "prompt length in tokens, instead of the trace's",
    group: 'load',
    idle: ofLengths,
  },
  outputLen: {
    ...lengths(MOST_TOKENS),
    default: null,
    help: "output length in tokens, instead of the trace's, or drawn: lognormal:MEAN,CV",
    group: 'load',
    idle: ofLengths,
  },
  batch: {
    ...sizes,
    default: [1, 16, 64, 128],
    help: 'batch sizes (with a closed load: concurrencies), comma-separated',
    group: 'load',
    idle: ({ load }) => (isOpen(load) ? `with --load ${load}: arrivals decide the batch` : null),
    next: 'asked',
  },
  load: {
    ...load,
    default: 'clones',
    beside: ({ workload }) => ((workload ?? null) === null ? undefined : 'recorded'),
    help: 'clones, closed, drain (N start together, none is replaced), poisson:RATE, gamma:RATE,CV, constant:RATE (requests/s) or recorded',
    group: 'load',
    lacks: ({ load, workload }) =>
      load === 'recorded' && workload === null
        ? 'recorded: arrives as a workload file says, expected one named with --workload'
        : null,
  },
  replicas: {
    ...whole(1, 1024),
    default: 1,
    help: 'identical engines that share the load, tp GPUs each',
    group: 'machine',
    idle: ofServing,
  },
  router: {
    ...oneOf(ROUTERS),
    default: 'round-robin',
    help: 'how replicas share the load: round-robin, least-loaded or prefix-aware',
    group: 'machine',
    idle: (scenario) =>
      ofServing(scenario) ??
      (scenario.replicas === 1 && (scenario.prefillReplicas ?? 1) === 1
        ? 'with one replica, expected --replicas of 2 or more'
        : null),
    lacks: ({ router, workload, turns }) =>
      router === 'prefix-aware' && workload === null && turns === null
        ? 'prefix-aware: traces say nothing of what their prompts share, expected --turns or a --workload with hash_ids (Mooncake)'
        : null,
  },
  workload: {
    ...name('workload'),
    default: null,
    help: 'recorded workload (Azure, BurstGPT, Mooncake, Vidur): its lengths and, as recorded, its times',
    group: 'load',
    hash: 'contents',
  },
  timeScale: {
    ...amount(1e-6, 1e6),
    default: 1,
    help: 'how many times as fast a recorded workload arrives',
    group: 'load',
    idle: ({ load }) =>
      load === 'recorded'
        ? null
        : `with --load ${load}: it scales the times of a --workload that arrives as recorded`,
  },
  duration: {
    ...amount(1e-6, 1e9),
    default: null,
    help: 'seconds after which an open load is cut off; who has not ended counts as unfinished',
    group: 'load',
    hash: 'changed',
    idle: ({ load }) =>
      isOpen(load)
        ? null
        : `with --load ${load}, which ends with its requests, expected an open load, such as poisson:RATE`,
  },
  slo: {
    ...text('limits such as ttft=500ms,tpot=30ms'),
    default: null,
    help: 'limits a request should meet, such as ttft=500ms,tpot=30ms (also itl, e2e)',
    group: 'load',
    idle: ({ load }) =>
      load === 'clones'
        ? 'with --load clones, whose requests never wait, expected another load, such as closed or poisson:RATE'
        : null,
  },
  requests: {
    ...whole(1, 2_000_000),
    default: null,
    help: 'how many requests of the trace',
    group: 'load',
  },
  keepTruncated: {
    ...flag,
    default: false,
    help: "keep requests that reached the recording's output limit",
    group: 'acceptance',
  },
  seed: {
    ...whole(0, Number.MAX_SAFE_INTEGER),
    default: 1,
    help: 'seed of everything random',
    group: 'run',
  },
  cost: {
    ...costName(Object.keys(COST_MODELS)),
    default: 'roofline',
    help: 'cost model: roofline, specdecode-bench, or table:FILE of measured steps',
    group: 'run',
  },
  tree: {
    ...list(text('trees such as 3x4x21, best or file:PATH')),
    default: ['chain'],
    help: 'what is drafted, comma-separated: chain (k in a row), trees STEPSxTOPKxTOKENS (3x4x21, the root counted), best or best:TOKENS (at most k deep), file:PATH',
    group: 'method',
    hash: 'changed',
    idle: ({ cost }, asked) =>
      costTraits(cost).trees
        ? unlessSome(asked, takesTree, 'drafts trees')
        : `with --cost ${cost}, which prices chains`,
    lacks({ tree, policy, load }) {
      if (!tree.some(isTree)) return null;
      const other = policy.find((name) => !/^(fixed$|off-above:|table:)/.test(name));
      if (other !== undefined) {
        return `${tree.join()}: policy ${other} chooses draft lengths, expected fixed or off-above:BATCH, as a tree is drafted whole`;
      }
      return tree.some(isBestTree) && isOpen(load)
        ? `${tree.join()}: the best tree is that of a batch size, expected --load clones or closed, or a tree such as 3x4x21`
        : null;
    },
  },
  missCapture: {
    ...text('shares such as 0.27,0.14,0.07, rows by depth with / between them'),
    default: null,
    help: 'of the tokens that the first choice misses, shares that the second, the third, ... are: 0.27,0.14,0.07; rows by depth with / between them',
    group: 'acceptance',
    hash: 'changed',
    idle: ({ tree }) => (tree.some(isTree) ? null : 'without --tree'),
  },
  kvDtype: {
    ...oneOf(['auto', ...KV_FORMATS]),
    default: 'auto',
    help: 'number format of the KV cache: auto (what the checkpoint says, else bf16), bf16 or fp8',
    group: 'model',
    hash: 'changed',
    plain: 'bf16',
    idle: ({ cost }) => (costTraits(cost).machine ? null : `with --cost ${cost}`),
  },
  draftDtype: {
    ...oneOf(['auto', ...WEIGHT_FORMATS]),
    default: 'auto',
    help: 'number format of draft models and heads: auto (what their files say, else bf16), fp8, int4, ...',
    group: 'model',
    hash: 'changed',
    idle: ({ cost }, asked) =>
      costTraits(cost).machine
        ? unlessSome(asked, runsDraftModel, 'runs a draft model')
        : `with --cost ${cost}`,
  },
  ignoreContextLimit: {
    ...flag,
    default: false,
    help: 'what if: prompts and outputs longer than the context of the model',
    group: 'model',
    hash: 'changed',
  },
  ...STEERING_OPTIONS,
  ...PLACEMENT_OPTIONS,
  ...CONVERSATION_OPTIONS,
  ...WRITING_OPTIONS,
  ep: {
    ...whole(1, 1024),
    default: 1,
    help: 'groups of GPUs that share out the experts; 1: every GPU has a slice of each',
    group: 'machine',
    hash: 'changed',
    idle: ({ cost }) => (costTraits(cost).machine ? null : `with --cost ${cost}`),
  },
  dpAttention: {
    ...whole(1, 1024),
    default: 1,
    help: 'copies of attention, each on --tp GPUs, that share the experts of a replica (data-parallel attention)',
    group: 'machine',
    hash: 'changed',
    idle: ({ cost }) => (costTraits(cost).machine ? null : `with --cost ${cost}`),
    lacks: ({ dpAttention, pp, draftGpu }) =>
      dpAttention === 1 || (pp === 1 && draftGpu === null)
        ? null
        : `${dpAttention}: copies share the GPUs of one replica, expected neither --pp nor --draft-gpu`,
  },
};

export const OPTION_NAMES = Object.keys(OPTIONS) as readonly OptionName[];
