/** Options of where models run: rows of the table of options. */
import { costTraits } from '../cost/models.ts';
import { isDiffusion, runsDraftModel } from '../drafter/methods.ts';
import { name, pairs, text, whole } from './kinds.ts';
import { LINKS } from './placement.ts';
import { type Asked, type Rows, unlessSome } from './scenario.ts';

/** Why draft models cannot run elsewhere. */
const onTarget = (value: string, { methods }: Asked) => {
  const own = methods.flatMap(({ parts }) => parts).find(({ model }) => model?.card === 'target');
  return own === undefined
    ? null
    : `${value}: ${own.name} drafts on the target's own KV cache, expected methods with a draft model`;
};

export const PLACEMENT_OPTIONS: Rows<
  'draftGpu' | 'draftTp' | 'ahead' | 'pp' | 'microbatches' | 'prefillReplicas' | 'link'
> = {
  draftGpu: {
    ...name('gpu'),
    default: null,
    help: 'GPU of its own for draft models, by name or a profile file; counted in what is said per GPU',
    group: 'machine',
    hash: 'contents',
    idle: ({ cost }, asked) =>
      costTraits(cost).machine
        ? unlessSome(asked, runsDraftModel, 'runs a draft model')
        : `with --cost ${cost}`,
    lacks: ({ draftGpu }, asked) => (draftGpu === null ? null : onTarget(draftGpu, asked)),
  },
  draftTp: {
    ...whole(1, 1024),
    default: null,
    help: "GPUs that share a draft model, instead of the target's (of a --draft-gpu: instead of 1)",
    group: 'machine',
    hash: 'changed',
    idle: ({ cost }, asked) =>
      costTraits(cost).machine
        ? unlessSome(asked, runsDraftModel, 'runs a draft model')
        : `with --cost ${cost}`,
    lacks: ({ draftTp, draftGpu, tp }, asked) =>
      draftTp === null
        ? null
        : draftGpu === null && draftTp > tp
          ? `${draftTp}: the target has ${tp} GPUs (--tp), expected at most that, or a --draft-gpu`
          : onTarget(String(draftTp), asked),
  },
  ahead: {
    ...text('CHANCE,OUTCOMES such as 0.8,12'),
    default: null,
    help: 'outcomes of a verification for which a parallel drafter has drafts ready, CHANCE,OUTCOMES: that the right one is among them, and how many are drafted (SSD); unless said, the one in which all is accepted (PEARL)',
    group: 'method',
    hash: 'changed',
    idle: (_, asked) => unlessSome(asked, ({ kind }) => kind === 'parallel', 'drafts in parallel'),
  },
  pp: {
    ...whole(1, 64),
    default: 1,
    help: 'groups of --tp GPUs with a part of the layers each (pipeline parallel), one batch in them at a time unless --microbatches says more',
    group: 'machine',
    hash: 'changed',
    idle: ({ cost }) => (costTraits(cost).machine ? null : `with --cost ${cost}`),
    lacks: ({ pp, link }) =>
      pp === 1 || link.stage !== undefined
        ? null
        : `${pp}: activations move from stage to stage, expected --link stage=LATENCY,BANDWIDTH`,
  },
  microbatches: {
    ...whole(1, 1024),
    default: 1,
    help: 'batches in the stages of --pp at a time, which share out the sequences',
    group: 'machine',
    hash: 'changed',
    idle: ({ pp, cost }) => (pp === 1 || !costTraits(cost).machine ? 'with --pp 1' : null),
  },
  prefillReplicas: {
    ...whole(1, 1024),
    default: null,
    help: 'further engines that prefill for the --replicas, which then decode alone (disaggregated prefill); their KV moves over --link kv',
    group: 'machine',
    hash: 'changed',
    idle: ({ cost, load }) =>
      load === 'clones'
        ? 'with --load clones: a batch is served at once, by one engine'
        : costTraits(cost).machine
          ? null
          : `with --cost ${cost}`,
    lacks: ({ prefillReplicas, draftGpu, link }, { methods }) =>
      prefillReplicas === null
        ? null
        : link.kv === undefined
          ? `${prefillReplicas}: KV moves to the replicas that decode, expected --link kv=LATENCY,BANDWIDTH`
          : draftGpu !== null
            ? `${prefillReplicas}: draft models are prefilled beside the target, expected no --draft-gpu`
            : methods.some(isDiffusion)
              ? `${prefillReplicas}: a diffusion model has no prefill of its own, expected methods that write token by token`
              : null,
  },
  link: {
    ...pairs('NAME=LATENCY,BANDWIDTH, such as draft=5us,25GB/s', true),
    default: {},
    help: 'links as NAME=LATENCY,BANDWIDTH, such as draft=5us,25GB/s: draft (to a --draft-gpu), stage (of --pp), kv (of --prefill-replicas), node (of --tp over several); may be repeated',
    group: 'machine',
    hash: 'changed',
    idle: (scenario, asked, link) =>
      Object.hasOwn(LINKS, link!) ? LINKS[link!]!.idle(scenario, asked) : null,
    lacks({ link }) {
      const unknown = Object.keys(link).find((one) => !Object.hasOwn(LINKS, one));
      return unknown === undefined
        ? null
        : `${unknown}: unknown link, expected one of ${Object.keys(LINKS).join(', ')}`;
    },
  },
};
