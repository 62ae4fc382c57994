/** Options of what a target keeps of drafts, and how a diffusion model writes: rows of the table of options. */
import { costTraits } from '../cost/models.ts';
import { isDiffusion, type Method } from '../drafter/methods.ts';
import { oneOf, text, whole } from './kinds.ts';
import { isTree, type Rows, unlessSome } from './scenario.ts';

/** Whether it has a cache that goes stale. */
const remakes = (method: Method) => method.kind === 'diffusion' && method.scheme.endsWith('-cache');

export const WRITING_OPTIONS: Rows<'accept' | 'block' | 'unmask' | 'refresh' | 'prefill'> = {
  accept: {
    ...text('a rule such as relaxed:10,0.6'),
    default: 'greedy',
    help: 'how the target keeps drafts: greedy (as recorded), sample:T, relaxed:N,DELTA, typical:EPS,DELTA or consultant:EPS,BETA',
    group: 'acceptance',
    hash: 'changed',
    idle: (_, asked) => unlessSome(asked, ({ parts }) => parts.length > 0, 'drafts'),
    lacks: ({ accept, tree }) =>
      accept !== 'greedy' && tree.some(isTree)
        ? `${accept}: with --tree ${tree.join()}: which of a tree's drafts such a rule keeps is not known, expected chains`
        : null,
  },
  block: {
    ...whole(1, 4096),
    default: null,
    help: "tokens of a block of a diffusion model, instead of its card's (32 where it has none)",
    group: 'method',
    hash: 'changed',
    idle: (_, asked) => unlessSome(asked, isDiffusion, 'writes by diffusion'),
  },
  refresh: {
    ...whole(1, 100_000),
    default: null,
    help: 'passes after which a diffusion model makes the cache of a block anew; only when a block begins unless said',
    group: 'method',
    hash: 'changed',
    idle: (_, asked) => unlessSome(asked, remakes, 'makes a cache anew'),
  },
  prefill: {
    ...oneOf(['causal', 'bidirectional']),
    default: null,
    help: 'whether tokens of a prompt see those behind them: causal with diffusion:block, else bidirectional, unless said',
    group: 'method',
    hash: 'changed',
    idle: ({ cost }, asked) =>
      costTraits(cost).machine
        ? unlessSome(asked, isDiffusion, 'writes by diffusion')
        : `with --cost ${cost}`,
  },
  unmask: {
    ...text('tokens such as 2.8, or threshold:0.9'),
    default: null,
    help: 'tokens that a pass of a diffusion model finalises, in the mean, or threshold:CONFIDENCE, from 0.6 to 0.9, as was published of a small one',
    group: 'acceptance',
    hash: 'changed',
    idle: (_, asked) => unlessSome(asked, isDiffusion, 'writes by diffusion'),
    lacks: ({ unmask }, { methods }) => {
      const writes = methods.find(isDiffusion);
      return unmask === null && writes !== undefined
        ? `missing: ${writes.name} finalises as many tokens a pass as its model is sure of, expected such as --unmask 2.8`
        : null;
    },
  },
};
