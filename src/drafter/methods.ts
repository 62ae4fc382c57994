/** The methods by name: what each proposes with, and what it needs. A new method is a line here. */
import { UserError, unknownName } from '../errors.ts';
import type { DraftHead, Transformer } from '../model/architecture.ts';
import type { SelfDraft } from '../model/self-draft.ts';
import { WEIGHT_FORMATS, type WeightFormat } from '../number-formats.ts';
import { MEDUSA_CAPTURE, type MissCapture } from '../trace/ranks.ts';
import type { Scheme } from './denoising.ts';

/** Which emitted tokens a model still has to read. */
export type CatchUp = 'all emitted' | 'unread only' | 'last token';

/** A basic method: one way to propose tokens. */
export interface BasicMethod {
  readonly name: string;
  readonly summary: string;
  /** `search`: the host looks the history up; `model`: a draft model runs; `verification`: the target's own pass drafts too. */
  readonly proposer: 'search' | 'model' | 'verification';
  /** Tokens of a pass of the target in which it drafts k tokens beside, for those of `verification`. */
  readonly queries?: (k: number) => number;
  /** For a model: the kind of card it runs, how it drafts, and what it must catch up on in a round. */
  readonly model?: {
    readonly card: (DraftHead | Transformer)['kind'] | 'target';
    /** How the target is made cheaper to draft for itself; for card `target` alone. */
    readonly self?: SelfDraft;
    /**
     * Token by token, so with a module of its own for each, a whole block in one pass, a head for each token, all in one
     * pass, or all in one pass over the last token and a blank for each further one.
     */
    readonly drafting: 'chain' | 'modules' | 'block' | 'heads' | 'blanks';
    readonly catchUp: CatchUp;
    /** What its later choices catch of the tokens that the first misses; absent: as those of draft models. */
    readonly missCapture?: MissCapture;
  };
}

/** N-grams that are looked for, and as many that are verified: the defaults of lookahead decoding (arXiv 2402.02057). */
const LOOKAHEAD_WINDOW = 15;

export const BASIC_METHODS: readonly BasicMethod[] = [
  { name: 'ngram', summary: 'prompt look-up on the host, suffix of 3 to 7 tokens', proposer: 'search' },
  {
    name: 'suffix',
    summary: 'look-up of the longest match of 2 tokens or more, by suffix automaton',
    proposer: 'search',
  },
  {
    name: 'eagle',
    summary: 'EAGLE head: one layer, the full vocabulary, k sequential passes',
    proposer: 'model',
    model: { card: 'eagle', drafting: 'chain', catchUp: 'all emitted' },
  },
  {
    name: 'eagle3',
    summary: 'EAGLE-3 head: one layer, a reduced vocabulary, k sequential passes',
    proposer: 'model',
    model: { card: 'eagle3', drafting: 'chain', catchUp: 'all emitted' },
  },
  {
    name: 'draft-model',
    summary: 'a whole small model, k sequential passes (needs --draft)',
    proposer: 'model',
    model: { card: 'transformer', drafting: 'chain', catchUp: 'unread only' },
  },
  {
    name: 'mtp',
    summary: "the target's own multi-token prediction layer, k sequential passes",
    proposer: 'model',
    model: { card: 'mtp', drafting: 'chain', catchUp: 'all emitted' },
  },
  {
    name: 'mtp-modules',
    summary: 'the same with a module of its own for each token, k of those that the target has',
    proposer: 'model',
    model: { card: 'mtp', drafting: 'modules', catchUp: 'all emitted' },
  },
  {
    name: 'medusa',
    summary: 'Medusa heads: one for each further token, all in one pass',
    proposer: 'model',
    model: { card: 'medusa', drafting: 'heads', catchUp: 'last token', missCapture: MEDUSA_CAPTURE },
  },
  {
    name: 'dflash',
    summary: 'DFlash head: a few layers draft a whole block in one pass; k is that of the recording',
    proposer: 'model',
    model: { card: 'dflash', drafting: 'block', catchUp: 'all emitted' },
  },
  {
    name: 'dfly',
    summary: 'DFly head: as dflash, of another depth (needs --draft)',
    proposer: 'model',
    model: { card: 'dflash', drafting: 'block', catchUp: 'all emitted' },
  },
  {
    name: 'dspark',
    summary: 'DSpark head: a block in one pass, then a small head for each token in turn',
    proposer: 'model',
    model: { card: 'dspark', drafting: 'block', catchUp: 'all emitted' },
  },
  {
    name: 'p-eagle',
    summary: 'P-EAGLE head: as eagle3, with all k drafts in one pass over blanks',
    proposer: 'model',
    model: { card: 'p-eagle', drafting: 'blanks', catchUp: 'all emitted' },
  },
  {
    name: 'pard',
    summary: 'a whole small model, all k drafts in one pass over blanks (needs --draft)',
    proposer: 'model',
    model: { card: 'transformer', drafting: 'blanks', catchUp: 'all emitted' },
  },
  {
    name: 'tidar',
    summary:
      'TiDAR: the target drafts blocks of k for every outcome in the pass that verifies, k (k + 1) tokens',
    proposer: 'verification',
    queries: (k) => k * (k + 1),
  },
  {
    name: 'lookahead',
    summary: 'lookahead decoding: windows of 15 n-grams of k + 1 tokens, found and verified in one pass',
    proposer: 'verification',
    queries: (k) => 1 + 2 * LOOKAHEAD_WINDOW * k,
  },
];

/** Methods whose name holds what they run: the target drafts for itself, cheaper. */
export const FAMILIES: readonly {
  readonly example: string;
  readonly summary: string;
  readonly form: RegExp;
  readonly self: (written: string) => SelfDraft;
}[] = [
  {
    example: 'self:int4',
    summary: 'the target in another number format (QSpec); k passes on its own KV cache',
    form: new RegExp(`^self:(${WEIGHT_FORMATS.join('|')})$`),
    self: (written) => ({ dtype: written as WeightFormat }),
  },
  {
    example: 'self:kv512',
    summary: 'the target on its last 512 tokens of KV cache alone (MagicDec, TriForce)',
    form: /^self:kv([1-9]\d{0,6})$/,
    self: (written) => ({ kvTokens: Number(written) }),
  },
  {
    example: 'self:layers8',
    summary: 'the first 8 layers of the target (LayerSkip, Kangaroo)',
    form: /^self:layers([1-9]\d{0,3})$/,
    self: (written) => ({ layers: Number(written) }),
  },
];

/** Prefixes of methods that are made of two. */
const OF_TWO = ['combined', 'combined-free', 'hybrid', 'bandit'] as const;

/** Methods of diffusion language models, which draft nothing. */
export const DIFFUSION: readonly {
  readonly name: string;
  readonly scheme: Scheme;
  readonly summary: string;
}[] = [
  {
    name: 'diffusion:block',
    scheme: 'block',
    summary:
      'a diffusion model that writes block by block on a KV cache (SDAR, Fast-dLLM v2, DiffusionGemma)',
  },
  {
    name: 'diffusion:dual-cache',
    scheme: 'dual-cache',
    summary:
      'a bidirectional one (LLaDA, Dream) on a KV cache of all but the block, made anew for each (Fast-dLLM)',
  },
  {
    name: 'diffusion:prefix-cache',
    scheme: 'prefix-cache',
    summary: 'the same on a KV cache of what is before the block',
  },
  { name: 'diffusion:full', scheme: 'full', summary: 'the same without a KV cache' },
];

/** A method as the user names it, taken apart. */
export type Method =
  | {
      readonly kind: 'diffusion';
      readonly name: string;
      readonly scheme: Scheme;
      readonly parts: readonly [];
    }
  | { readonly kind: 'none'; readonly name: string; readonly parts: readonly [] }
  | {
      readonly kind: 'fixed' | 'oracle' | 'parallel';
      readonly name: string;
      readonly parts: readonly [BasicMethod];
    }
  | {
      readonly kind: (typeof OF_TWO)[number];
      readonly name: string;
      readonly parts: readonly [BasicMethod, BasicMethod];
    }
  | {
      readonly kind: 'best';
      readonly name: string;
      readonly parts: readonly [BasicMethod] | readonly [BasicMethod, BasicMethod];
    };

/** Every form a method name can take, for lists and errors. */
export function methodForms(): string[] {
  const basic = BASIC_METHODS.map((method) => method.name);
  return [
    'none',
    ...basic,
    ...FAMILIES.map(({ example }) => example),
    ...DIFFUSION.map(({ name }) => name),
    'oracle:<method>',
    'parallel:draft-model',
    'best:<method>',
    'best:<a>+<b>',
    ...OF_TWO.map((prefix) => `${prefix}:<a>+<b>`),
  ];
}

/** Takes a method name apart. Throws a UserError that names the nearest valid one. */
export function parseMethod(name: string): Method {
  if (name === 'none') return { kind: 'none', name, parts: [] };
  const diffusion = DIFFUSION.find((method) => method.name === name);
  if (diffusion !== undefined) return { kind: 'diffusion', name, scheme: diffusion.scheme, parts: [] };
  const [, prefix, rest] = /^([^:]*):(.*)$/.exec(name) ?? [];
  if (prefix === undefined || rest === undefined || prefix === 'self')
    return { kind: 'fixed', name, parts: [basicMethod(name)] };
  if (rest === 'none' && (prefix === 'oracle' || prefix === 'best')) {
    throw new UserError(
      `method ${JSON.stringify(name)}: none drafts nothing that could be foreseen, expected such as ${prefix}:eagle3`,
    );
  }
  if (prefix === 'parallel') return parallel(name, basicMethod(rest));
  if (prefix === 'oracle') return { kind: 'oracle', name, parts: [basicMethod(rest)] };
  if (prefix === 'best' && !rest.includes('+')) return { kind: 'best', name, parts: [basicMethod(rest)] };
  const kind = prefix === 'best' ? prefix : OF_TWO.find((one) => one === prefix);
  if (kind === undefined) throw unknownName('method', name, methodForms());
  const parts = rest.split('+');
  if (parts.length !== 2 || parts[0] === parts[1]) {
    throw new UserError(
      `method ${JSON.stringify(name)}: expected two different methods, such as ${prefix}:ngram+eagle3`,
    );
  }
  const first = basicMethod(parts[0]!);
  if (kind === 'hybrid' && first.proposer !== 'search') {
    throw new UserError(
      `method ${JSON.stringify(name)}: ${first.name} always has something to propose, expected a look-up first, such as hybrid:ngram+eagle3`,
    );
  }
  return { kind, name, parts: [first, basicMethod(parts[1]!)] };
}

/** @throws UserError for one that needs what verification makes, or no GPU */
function parallel(name: string, part: BasicMethod): Method {
  if (part.model?.card === 'transformer') return { kind: 'parallel', name, parts: [part] };
  throw new UserError(
    `method ${JSON.stringify(name)}: ${part.name} ${part.model === undefined ? 'runs no model' : 'reads what verification makes'}, expected a whole draft model, such as parallel:draft-model`,
  );
}

/** Draft models as work is stated of them: one that drafts ahead states that apart. */
export function draftSlots(method: Method): number {
  const { kind, parts } = method;
  // The passes that write the KV cache of finished blocks.
  if (method.kind === 'diffusion') return method.scheme === 'block' ? 1 : 0;
  const models = parts.filter(({ model }) => model !== undefined).length;
  return kind === 'parallel' ? 2 * models : models;
}

/** True for methods whose draft length is k; the others give one row whatever k says. */
export function takesK(method: Method): boolean {
  return ['fixed', 'parallel', 'hybrid', 'bandit'].includes(method.kind);
}

/** Whether it drafts a tree where one is asked for: alone, and with a choice for every token. */
export function takesTree({ kind, parts }: Method): boolean {
  return kind === 'fixed' && (parts[0].model?.drafting === 'chain' || parts[0].model?.drafting === 'heads');
}

/** Whether it is no speculation but a diffusion model that writes. */
export function isDiffusion({ kind }: Method): boolean {
  return kind === 'diffusion';
}

/** Whether its passes are of a kind that nobody runs beside an engine's usual speculation. */
export function isUnlike({ kind, parts }: Method): boolean {
  return (
    kind === 'diffusion' ||
    kind === 'parallel' ||
    parts.some(({ proposer, model }) => proposer === 'verification' || model?.card === 'target')
  );
}

/** Whether part of it runs another model than the target. */
export function runsDraftModel({ parts }: Method): boolean {
  return parts.some(({ model }) => model !== undefined && model.card !== 'target');
}

/** Whether its drafts have a confidence to go by: those of one model, in a row. */
export function tellsConfidence({ kind, parts }: Method): boolean {
  return kind === 'fixed' && parts[0].model !== undefined;
}

/** Whether its one model drafts with a head for every token, all in one pass. */
export function draftsInOnePass({ parts: [first] }: Method): boolean {
  return first?.model?.drafting === 'heads';
}

/** Whether part of it always drafts a whole block, so that a recording answers for one k alone. */
export function draftsBlock({ parts }: Method): boolean {
  return parts.some(({ model }) => model?.drafting === 'block');
}

/** The method of that name. Throws a UserError that names the nearest one. */
export function basicMethod(name: string): BasicMethod {
  const found = BASIC_METHODS.find((method) => method.name === name);
  if (found !== undefined) return found;
  for (const { form, summary, self } of FAMILIES) {
    const [, written] = form.exec(name) ?? [];
    if (written === undefined) continue;
    const model = { card: 'target', drafting: 'chain', catchUp: 'last token', self: self(written) } as const;
    return { name, summary, proposer: 'model', model };
  }
  if (DIFFUSION.some((method) => method.name === name)) {
    throw new UserError(`method ${name} drafts nothing, so that it is no part of another`);
  }
  throw unknownName('method', name, methodForms());
}
