/** Which what-if values (`--set PATH=VALUE`) change no answer, as far as can be told without the profiles. */
import { ALL_REDUCE } from '../cost/fields.ts';
import { runsDraftModel, takesK, takesTree } from '../drafter/methods.ts';
import { FORMATS } from '../number-formats.ts';
import { type Asked, isTree, type Scenario } from './scenario.ts';
import { goesByConfidence } from './steering-options.ts';

/** Paths that only some questions depend on, and why the others do not. */
const PARTLY: readonly {
  readonly paths: RegExp;
  readonly acts: (scenario: Scenario, asked: Asked) => boolean;
  readonly reason: string;
}[] = [
  {
    paths: /^hardware\.(power|price)$/,
    acts: (_, { billed }) => billed,
    reason: 'with --load clones, expected a load with different requests, such as closed',
  },
  {
    paths: /^engine\.drafterSwitch\./,
    acts: (_, { methods }) => methods.some(({ parts }) => parts.length > 1),
    reason: 'as no listed method changes its drafter, expected one such as hybrid:ngram+eagle3',
  },
  {
    paths: /^engine\.search\./,
    acts: (_, { methods }) =>
      methods.some(({ parts }) => parts.some(({ proposer }) => proposer === 'search')),
    reason: 'as no listed method looks up on the host, expected one such as ngram',
  },
  {
    paths: /^engine\.draft(PassLaunch|Sequence)$/,
    acts: (_, { methods }) => methods.some(runsDraftModel),
    reason: 'as no listed method runs a draft model, expected one such as eagle3',
  },
  {
    paths: /^engine\.(speculationOverhead|rejectionSampling)\./,
    acts: (_, { methods }) => methods.some(({ kind }) => kind !== 'none'),
    reason: 'as no listed method speculates, expected one such as eagle3',
  },
  {
    paths: /^engine\.treeOverhead\./,
    acts: ({ tree }, { methods }) => tree.some(isTree) && methods.some(takesTree),
    reason: 'as nothing drafts trees, expected such as --method eagle3 --tree 5x4x20',
  },
  {
    paths: /^engine\.allReduceSwitch\./,
    acts: ({ tp, dpAttention }) => tp * dpAttention > 1,
    reason: 'with --tp 1',
  },
  {
    paths: /^engine\.length(Switch|Graphs|Floor|Cooldown|Walk)$/,
    acts: ({ policy }, { methods, schedules }) =>
      schedules || (policy.some((one) => /^(table|off-above|goodput)\b/.test(one)) && methods.some(takesK)),
    reason:
      'as no listed policy changes the draft length of a step, expected one such as goodput or off-above:64, or specsim tune',
  },
  {
    paths: /^engine\.offPasses$/,
    acts: ({ policy }, { methods, schedules }) =>
      (schedules || policy.some((one) => one !== 'fixed')) &&
      methods.some((method) => method.parts.length === 1 && takesK(method) && runsDraftModel(method)),
    reason:
      'as no listed method and policy leave a draft model idle for a step, expected some such as eagle3 with goodput or off-above:64, or specsim tune',
  },
  {
    paths: /^engine\.raggedOverhead\./,
    acts: ({ policy, load }, { methods }) =>
      load !== 'clones' && policy.some(goesByConfidence) && methods.some(takesK),
    reason: 'as no listed policy drafts ragged steps, expected one such as budget:auto with --load closed',
  },
];

/** Why a value of `path` changes nothing, in words that follow "has no effect"; null where it may change something. */
export function pathWithoutEffect(path: string, scenario: Scenario, asked: Asked): string | null {
  const { tp, dtype } = scenario;
  const partly = PARTLY.find(({ paths }) => paths.test(path));
  if (partly !== undefined) return partly.acts(scenario, asked) ? null : partly.reason;
  const apart = tp * scenario.dpAttention === 1;
  if ((path === 'hardware.linkBandwidth' || path === ALL_REDUCE) && apart) return 'with --tp 1';
  const format = /^hardware\.efficiency\.gemm\.([\w-]+)\./.exec(path)?.[1];
  const rate = /^hardware\.denseFlops\.(\w+)/.exec(path)?.[1];
  if (dtype === 'auto') return null;
  const acts = rate === undefined ? (format ?? dtype) === dtype : rate === FORMATS[dtype].compute;
  return acts || rate === 'bf16' || format === 'bf16' ? null : `with --dtype ${dtype}`;
}
