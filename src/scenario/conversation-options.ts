/** Options of conversations, whose turns share prompts: rows of the table of options. */
import { amount, oneOf, whole } from './kinds.ts';
import type { Rows, Scenario } from './scenario.ts';

const ofTurns = ({ turns }: Scenario) =>
  turns === null ? 'without --turns, which makes conversations of requests' : null;

export const CONVERSATION_OPTIONS: Rows<'turns' | 'turnDelay' | 'sharedPrompt' | 'prefixCache'> = {
  turns: {
    ...whole(1, 1000),
    default: null,
    help: 'requests of the trace in a row that are a conversation: each prompt is all that came before, and its own',
    group: 'load',
    hash: 'changed',
    idle: ({ load, workload }) =>
      load === 'clones'
        ? 'with --load clones: copies of one request have no turns, expected another load, such as closed or poisson:RATE'
        : workload === null
          ? null
          : 'with --workload, which has prompts of its own',
  },
  turnDelay: {
    ...amount(0, 1e6),
    default: 0,
    help: 'seconds from the end of a turn to the next: a tool that runs, a person who reads',
    group: 'load',
    hash: 'changed',
    idle: ofTurns,
  },
  sharedPrompt: {
    ...whole(0, 10_000_000),
    default: 0,
    help: 'tokens that all conversations begin with: a system prompt, descriptions of tools',
    group: 'load',
    hash: 'changed',
    idle: ofTurns,
  },
  prefixCache: {
    ...oneOf(['on', 'off']),
    default: 'on',
    help: 'whether KV of prompts that begin alike is used again, of conversations and of workloads with hash_ids',
    group: 'machine',
    hash: 'changed',
    idle: ({ turns, workload }) =>
      turns === null && workload === null
        ? 'without --turns or a --workload with hash_ids: traces say nothing of what their prompts share'
        : null,
    lacks: ({ prefixCache, router }) =>
      prefixCache === 'off' && router === 'prefix-aware'
        ? 'off: --router prefix-aware goes by what it holds, expected round-robin or least-loaded'
        : null,
  },
};
