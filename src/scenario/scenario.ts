/** A scenario, and what a row of the table of options says of one of its keys. */
import type { CostName } from '../cost/models.ts';
import type { Method } from '../drafter/methods.ts';
import type { RouterName } from '../engine/router.ts';
import type { KvFormat, WeightFormat } from '../number-formats.ts';
import type { Kind } from './kinds.ts';

/** A whole scenario: every key has a value; null where the trace or the method decides. */
export interface Scenario {
  readonly gpu: string;
  /** What-if values of the GPU and the engine by path, in order of the path. */
  readonly set: Readonly<Record<string, string>>;
  readonly tp: number;
  readonly target: string;
  readonly draft: string | null;
  /** Of the target's linear weights; `auto`, once its file is read: several formats, as the checkpoint says. */
  readonly dtype: WeightFormat | 'auto';
  readonly engine: string;
  readonly method: readonly string[];
  readonly k: readonly number[];
  /** Who decides how far to draft; for all but `fixed`, k is the longest draft. */
  readonly policy: readonly string[];
  readonly trace: readonly string[];
  readonly acceptance: Readonly<Record<string, string>>;
  /** What if: how many times as many drafts a fitted trace accepts, a round. */
  readonly drafterQuality: number;
  readonly promptLen: number | null;
  /** Tokens, or `lognormal:MEAN,CV`. */
  readonly outputLen: number | string | null;
  readonly batch: readonly number[];
  readonly load: string;
  /** Identical engines, each on `tp` GPUs, and how requests are spread over them. */
  readonly replicas: number;
  readonly router: RouterName;
  /** A recorded workload, whose lengths stand for the trace's; null without. */
  readonly workload: string | null;
  /** How many times as fast a recorded workload arrives. */
  readonly timeScale: number;
  /** Seconds after which an open load is cut off; null to serve it to its end. */
  readonly duration: number | null;
  readonly slo: string | null;
  readonly requests: number | null;
  readonly keepTruncated: boolean;
  readonly seed: number;
  readonly cost: CostName;
  /** What methods draft that can draft trees: `chain` is k tokens in a row. */
  readonly tree: readonly string[];
  /** Shares of the tokens missed by the first choice that the second, the third, ... are; null for those of the method. */
  readonly missCapture: string | null;
  readonly kvDtype: KvFormat | 'auto';
  /** Of draft models and heads. */
  readonly draftDtype: WeightFormat | 'auto';
  /** Groups of GPUs that share out the experts. */
  readonly ep: number;
  /** Copies of attention, each on `tp` GPUs, that share the experts. */
  readonly dpAttention: number;
  /** Whether prompts and outputs may be longer than the model's context. */
  readonly ignoreContextLimit: boolean;
  /** Area under the ROC curve of the drafter's confidence; null for what was recorded or is assumed. */
  readonly confidence: number | null;
  /** Share of the drafts of models that are accepted, by context; null for as many whatever the context. */
  readonly acceptanceContext: string | null;
  /** Whether steps beyond a table of measured ones are priced. */
  readonly beyondTable: boolean;
  /** The GPU that draft models run on where it is not the target's. */
  readonly draftGpu: string | null;
  /** GPUs that share a draft model; null: those of the target, or one of its own. */
  readonly draftTp: number | null;
  /** What a parallel drafter prepares; null: the outcome in which all is accepted. */
  readonly ahead: string | null;
  /** Groups of GPUs that each have a part of the target's layers. */
  readonly pp: number;
  /** Batches in the stages at a time. */
  readonly microbatches: number;
  /** The rule by which the target keeps drafts; `greedy`: as was recorded. */
  readonly accept: string;
  /** Tokens of a block of a diffusion model; null: as its card says. */
  readonly block: number | null;
  /** Passes after which a diffusion model makes the cache of a block anew; null: when a block begins. */
  readonly refresh: number | null;
  /** Whether tokens of a prompt see those behind them; null: as the method has it. */
  readonly prefill: 'causal' | 'bidirectional' | null;
  /** Tokens that a pass of a diffusion model finalises, or the confidence threshold that they have to pass. */
  readonly unmask: string | null;
  /** Replicas that prefill for the others, which decode; null where each does both. */
  readonly prefillReplicas: number | null;
  /** Requests of a conversation; null where each is one of its own. */
  readonly turns: number | null;
  /** Seconds from the end of a turn to the next. */
  readonly turnDelay: number;
  /** Tokens that all conversations begin with. */
  readonly sharedPrompt: number;
  /** Whether prompts that begin alike are computed once. */
  readonly prefixCache: 'on' | 'off';
  /** Latency and bandwidth by name of the link. */
  readonly link: Readonly<Record<string, string>>;
}

export type OptionName = keyof Scenario;

/** What follows from a scenario and its question. */
export interface Asked {
  /** Those of the scenario, taken apart. */
  readonly methods: readonly Method[];
  /** Whether the answer says what tokens cost. */
  readonly billed: boolean;
  /** Whether it is about schedules of draft lengths, whatever the policy. */
  readonly schedules: boolean;
}

/** What a question says of its answer; a run of clones is not billed unless it does. */
export type Asks = Partial<Pick<Asked, 'billed' | 'schedules'>>;

export interface Option<K extends OptionName> extends Kind<NonNullable<Scenario[K]>> {
  /** Null where the trace or the method decides. */
  readonly default: Scenario[K];
  /** Another default beside others that were named. */
  readonly beside?: (named: Partial<Scenario>) => Scenario[K] | undefined;
  readonly help: string;
  readonly group: 'machine' | 'model' | 'method' | 'acceptance' | 'load' | 'run';
  /**
   * `contents`: a hash takes in the document instead of its name. `changed`: it leaves the option out at its default,
   * as it does every option that came after the first hashes.
   */
  readonly hash?: 'contents' | 'changed';
  /** What a default comes to once files are read, where they say nothing; left out of a hash like the default. */
  readonly plain?: Scenario[K];
  /**
   * Why it has no effect, in words that follow "has no effect"; null where it may have one. A run refuses it where it
   * was chosen, a grid takes the default.
   *
   * @param pair which of its values by name
   */
  readonly idle?: (scenario: Scenario, asked: Asked, pair: string | null) => string | null;
  /** What its value needs and lacks, in words that follow the name of the flag; null where nothing. */
  readonly lacks?: (scenario: Scenario, asked: Asked) => string | null;
  /** In the next command: where its methods run it, or as it asks itself; unless said, as chosen where it acts. */
  readonly next?: 'used' | 'asked';
}

/** Rows of the table of options. */
export type Rows<K extends OptionName> = { readonly [N in K]: Option<N> };

/** For methods of which none `does` what an option is about. */
export const unlessSome = (
  { methods }: Asked,
  does: (method: Method) => boolean,
  what: string,
): string | null =>
  methods.some(does)
    ? null
    : `with --method ${methods.map(({ name }) => name).join()}: no listed method ${what}`;

/** What is drafted that is not k tokens in a row. */
export const isTree = (tree: string): boolean => tree !== 'chain';
