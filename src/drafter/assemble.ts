/** From a method and recorded acceptance to the drafter that replays it. */
import type { CostModel } from '../cost/work.ts';
import { UserError } from '../errors.ts';
import { FixedLength } from '../policy/fixed-length.ts';
import { type LengthLimits, UNBOUND } from '../policy/length-changes.ts';
import { isShared, makePolicy, makeShared, type PolicySpec, type SharedSpec } from '../policy/policies.ts';
import { signalOf } from '../trace/assumed-confidence.ts';
import type { Ranks } from '../trace/ranks.ts';
import type { PositionLengths } from '../trace/trace.ts';
import { Bandit } from './bandit.ts';
import { Best } from './best.ts';
import type { Choice } from './choice.ts';
import { Combined } from './combined.ts';
import { type Canvas, Denoising } from './denoising.ts';
import { BLANKS, block, CHAIN, type DraftForm, HEADS, treeForm } from './draft-form.ts';
import { type Drafter, PlainDecoding, Speculation } from './drafter.ts';
import type { RankChances } from './grow-tree.ts';
import { Hybrid } from './hybrid.ts';
import { InPass } from './in-pass.ts';
import { LookUp } from './look-up.ts';
import { type BasicMethod, type Method, takesK, tellsConfidence } from './methods.ts';
import { ModelProposer } from './model-proposer.ts';
import { type Ahead, draftsOn, forOutcomes, hitsBy, Parallel } from './parallel.ts';
import { type DraftLength, Replay, type ReplayConventions } from './replay.ts';
import { ONE_PASS, type PlannedTree } from './run-tree.ts';
import { SharedSpeculation } from './shared-speculation.ts';
import { SteadySpeculation } from './steady-speculation.ts';
import { stepPrice } from './step-price.ts';
import { SteppedSpeculation } from './stepped-speculation.ts';
import { toldOf } from './told-pair.ts';
import { type Texts, TreeReplay } from './tree-replay.ts';

/** Who decides the draft lengths of methods that take a k, and what it weighs them with. */
interface Deciding {
  readonly policy: PolicySpec;
  readonly cost: CostModel;
  readonly seed: number;
  /** How the length of a step may change, and what a draft model does in steps without drafts; freely unless said. */
  readonly changes?: LengthLimits & { readonly offPasses: number };
  /** Outcomes that a parallel drafter prepares; the one in which all is accepted unless said. */
  readonly ahead?: Ahead | null;
  /** What a diffusion model writes. */
  readonly canvas?: Canvas | null;
  /** Told of what a policy was not made for. */
  readonly remark?: (what: string) => void;
}

/** A tree on a recording. */
export interface Planted {
  readonly plan: PlannedTree;
  readonly ranks: Ranks;
  readonly chances: RankChances;
  readonly texts: Texts;
  /** Whether some of it was not recorded: which choice the target's tokens are, or which drafts a round chooses. */
  readonly assumed: boolean;
}

/** How drafts in a row are made. */
const FORMS: Readonly<
  Record<NonNullable<BasicMethod['model']>['drafting'], (recorded: number) => DraftForm>
> = {
  chain: () => CHAIN,
  modules: () => CHAIN,
  block,
  heads: () => HEADS,
  blanks: () => BLANKS,
};

/**
 * Builds the drafter of `method`.
 *
 * @param k draft length, for methods that take one; the longest where a policy decides
 * @param acceptance recorded lengths of each part of the method, in its order
 * @param tree what is drafted instead of k tokens in a row, and which of its drafts are right
 * @throws UserError when k is not one that a recording can answer for, or it is of another way to draft
 */
export function assembleDrafter(
  method: Method,
  k: number | null,
  acceptance: readonly PositionLengths[],
  conventions: ReplayConventions,
  deciding: Deciding | null = null,
  tree: Planted | null = null,
): Drafter {
  if (method.kind === 'diffusion') {
    if (!deciding?.canvas) throw new Error(`${method.name} was given no canvas`);
    return new Denoising(method.scheme, deciding.canvas);
  }
  let slot = 0;
  const choices = method.parts.map((part, index): Choice => {
    const lengths = acceptance[index]!;
    const { model } = part;
    const requests = lengths.offsets.length - 1;
    if (tree !== null && model !== undefined) {
      const replay = new TreeReplay(tree.texts, tree.ranks, tree.plan);
      const { best, passWidths, masked } = tree.plan;
      const form = treeForm(best, model.drafting === 'heads' ? ONE_PASS : passWidths, masked);
      const proposer = new ModelProposer(replay, model.catchUp, requests, slot++, form);
      return { part, proposer, model: proposer };
    }
    const length = takesK(method) ? k! : 'exact';
    checkAnswers(part, lengths, length);
    if (part.proposer === 'search') {
      return { part, proposer: new LookUp(new Replay(lengths, length, conventions)), model: null };
    }
    const replay = new Replay(lengths, length, { ...conventions, proposalChance: null });
    if (model === undefined) return { part, proposer: new InPass(replay, part.queries!), model: null };
    const form = FORMS[model.drafting](lengths.maxK);
    const proposer = new ModelProposer(replay, model.catchUp, requests, slot++, form);
    if (method.kind !== 'parallel') return { part, proposer, model: proposer };
    const { ahead = null, seed = 0 } = deciding ?? {};
    const guesses = ahead === null ? form : forOutcomes(form, ahead.outcomes, replay.longest);
    const drafting = new ModelProposer(replay, model.catchUp, requests, slot++, guesses);
    const prepared = ahead === null ? draftsOn(replay, lengths) : hitsBy(ahead, lengths, seed);
    return { part, proposer: new Parallel(proposer, drafting, prepared, requests), model: proposer };
  });
  const [first, second] = choices.map(({ proposer }) => proposer);
  if (first === undefined) return new PlainDecoding();
  const [lengths] = acceptance;
  const longest = first.replay.longest;
  const requests = lengths!.offsets.length - 1;
  if (method.kind === 'best') {
    if (deciding === null) throw new Error(`${method.name} was given no prices`);
    return new Best(choices, deciding.cost, requests);
  }
  if (deciding !== null && isShared(deciding.policy) && takesK(method)) {
    return sharedSpeculation(method, choices, lengths!, { ...deciding, policy: deciding.policy });
  }
  const policy =
    deciding === null || !takesK(method) || isShared(deciding.policy)
      ? new FixedLength(longest)
      : makePolicy(deciding.policy, {
          requests,
          maxK: longest,
          price: stepPrice(choices, deciding.cost),
          limits: deciding.changes ?? UNBOUND,
          lengths: () => (method.kind === 'hybrid' ? [lookedUpFirst(lengths!, acceptance[1]!)] : acceptance),
          seed: deciding.seed,
          ...(deciding.remark && { remark: deciding.remark }),
        });
  const told =
    policy instanceof FixedLength && conventions.proposalChance === null
      ? toldOf(method, choices)
      : undefined;
  if (second === undefined) {
    const readsAlong = (deciding?.changes?.offPasses ?? 0) > 0;
    if (first instanceof ModelProposer && first.replay.always) {
      if (policy instanceof FixedLength) return new SteadySpeculation(first, longest);
      if (policy.stepLength !== undefined && tree === null) {
        return new SteppedSpeculation(first, policy, readsAlong);
      }
    }
    return new Speculation(first, policy, readsAlong, told);
  }
  if (method.kind === 'hybrid') return new Hybrid(first, second, policy, requests, told);
  if (method.kind === 'bandit') {
    if (deciding === null) throw new Error(`${method.name} was given no prices`);
    const arms = choices.map(({ proposer }, p) => ({
      proposer,
      price: stepPrice(choices, deciding.cost, p),
    }));
    return new Bandit(arms, policy, requests);
  }
  return new Combined(first, second, method.kind === 'combined', requests, told);
}

function sharedSpeculation(
  method: Method,
  choices: readonly Choice[],
  lengths: PositionLengths,
  { policy, cost, seed, changes }: Deciding & { readonly policy: SharedSpec },
): Drafter {
  const { part, model } = choices[0]!;
  if (!tellsConfidence(method) || model === null) {
    throw new Error(`${method.name} has no confidence to go by`);
  }
  if (!model.replay.always) {
    throw new UserError(
      `method ${method.name}: some of its recorded rounds drafted less than they could, expected rounds that all draft in full for a policy that goes by confidence`,
    );
  }
  const { longest } = model.replay;
  const shared = makeShared(policy, {
    signal: signalOf(lengths, policy.auc, seed, longest),
    maxK: longest,
    price: stepPrice(choices, cost),
    limits: changes ?? UNBOUND,
    draftsAll: !['chain', 'modules'].includes(part.model!.drafting),
  });
  return new SharedSpeculation(model, shared, lengths, (changes?.offPasses ?? 0) > 0);
}

/** A chain is cut at a smaller k. A block is not: with another k, other tokens would have been drafted. */
function checkAnswers({ name, model }: BasicMethod, lengths: PositionLengths, k: DraftLength): void {
  const { maxK, drafting } = lengths;
  const drafts = model?.drafting === 'block' ? 'block' : 'chain';
  if (drafting !== undefined && drafting !== drafts) {
    throw new UserError(
      `method ${name}: it drafts a ${drafts}, and the acceptance was recorded from one that drafts a ${drafting}; expected a recording of its own kind`,
    );
  }
  if (k === 'exact' || k === maxK) return;
  if (k > maxK) {
    throw new UserError(
      `k ${k}: the acceptance of ${name} was recorded with k = ${maxK}; expected k of at most that`,
    );
  }
  if (drafts === 'block') {
    throw new UserError(
      `k ${k}: the acceptance of ${name} was recorded with blocks of ${maxK} drafts, and a shorter block drafts other tokens; expected --k ${maxK}`,
    );
  }
}

/** What a hybrid would have accepted at every position: of its look-up where that proposes, else of its model. */
function lookedUpFirst(lookUp: PositionLengths, model: PositionLengths): PositionLengths {
  const { proposed } = lookUp;
  const emitted = lookUp.emitted.slice();
  for (let r = 0; r + 1 < lookUp.offsets.length; r++) {
    const start = lookUp.offsets[r]!;
    const modelStart = model.offsets[r]!;
    const length = Math.min(lookUp.offsets[r + 1]! - start, model.offsets[r + 1]! - modelStart);
    for (let p = 0; p < length; p++) {
      const proposes = proposed instanceof Uint8Array ? proposed[start + p]! > 0 : true;
      if (!proposes) emitted[start + p] = model.emitted[modelStart + p]!;
    }
  }
  return { ...lookUp, emitted };
}
