/** Options of what drafts are decided by: the drafter's confidence, and measured steps. */
import { costTraits } from '../cost/models.ts';
import { runsDraftModel, takesK, tellsConfidence } from '../drafter/methods.ts';
import { amount, flag, text } from './kinds.ts';
import { type Asked, isTree, type Rows, type Scenario, unlessSome } from './scenario.ts';

/** Whether a policy of that name goes by the drafter's confidence. */
export const goesByConfidence = (policy: string): boolean =>
  /^(budget|confidence):|^goodput:confidence$/.test(policy);

/** Whether one goes by that of other rounds of its step, too. */
const weighsRounds = (policy: string): boolean =>
  goesByConfidence(policy) && !policy.startsWith('confidence:');

/** Why a policy that goes by confidence cannot; null where it can, or none is named. */
export function lacksConfidence({ policy, load, cost }: Scenario, { methods }: Asked): string | null {
  const named = policy.find(goesByConfidence);
  if (named === undefined) return null;
  const silent = methods.find((method) => takesK(method) && !tellsConfidence(method));
  if (silent !== undefined) {
    return `${named}: ${silent.name} says nothing of its drafts, expected methods of one draft model alone, such as eagle3`;
  }
  if (!costTraits(cost).trees) return `${named}: its price is that of the roofline, not of --cost ${cost}`;
  const weighing = policy.find(weighsRounds);
  return weighing !== undefined && load === 'clones'
    ? `${weighing}: a step is shared by requests that differ, expected --load closed or an open load`
    : null;
}

/** Whether a curve of context is that of a recording: the trace's own, or another file's. */
export const isRecordedCurve = (written: string): boolean => /^recorded(:|$)/.test(written);

export const STEERING_OPTIONS: Rows<'beyondTable' | 'confidence' | 'acceptanceContext'> = {
  beyondTable: {
    ...flag,
    default: false,
    help: "steps outside of --cost table:FILE take the ratio of its edge to the roofline's price",
    group: 'run',
    hash: 'changed',
    idle: ({ cost }) => (cost.startsWith('table:') ? null : `with --cost ${cost}, which has no edge`),
  },
  acceptanceContext: {
    ...text('tokens of context and shares, such as 4k:1,32k:0.7, recorded or recorded:FILE'),
    default: null,
    help: 'share of the accepted drafts of models that are accepted in a context, such as 4k:1,32k:0.7, or as recorded, or recorded:FILE for another recording',
    group: 'acceptance',
    hash: 'changed',
    idle: (_, asked) => unlessSome(asked, runsDraftModel, 'runs a draft model'),
    lacks: ({ tree, acceptanceContext }) =>
      acceptanceContext !== null && tree.some(isTree)
        ? `${acceptanceContext}: trees are replayed from ranks, of which it says nothing, expected chains`
        : null,
  },
  confidence: {
    ...amount(0.5, 1),
    default: null,
    help: 'how well the drafter knows its drafts: AUC from 0.5, useless, to 1, perfect; left out: as recorded, or assumed 0.87',
    group: 'acceptance',
    hash: 'changed',
    idle: ({ policy }) =>
      policy.some(goesByConfidence)
        ? null
        : 'without a policy that goes by it: budget:TOKENS, budget:auto, confidence:CHANCE or goodput:confidence',
  },
};
