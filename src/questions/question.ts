/**
 * A question about a scenario is a file: what it reads, how it is answered, and the answer as a document and as flat
 * rows. Its card (cards.ts) says how it is called; the file is loaded when it is asked.
 */
import type { Document } from '../report/document.ts';
import type { FlatTable } from '../report/flat-rows.ts';
import type { Inputs } from '../scenario/inputs.ts';
import type { Options, Scenario } from '../scenario/options.ts';
import type { Answer } from '../scenario/result.ts';
import type { Progress } from '../scenario/run.ts';
import type { Asks } from '../scenario/scenario.ts';

/** Reads what a scenario names, for an answer that is about more than its load and policies say. */
export type Read = (scenario: Scenario, asks?: Asks) => Promise<Inputs>;

/** Values of flags that this question alone has, as written. */
export type Own<F extends string = string> = { readonly [K in F]?: string | undefined };

/** A question with all that it needs. */
export interface Asking {
  readonly scenario: Scenario;
  /** One, or one a GPU or context. */
  readonly inputs: readonly Inputs[];
  /** The same on other traces that fit, where nobody named one. */
  readonly others?: readonly Inputs[];
}

/** What is printed in place of an answer, and what is said beside it. */
export interface Emitted {
  readonly text: string;
  readonly notes: readonly string[];
}

export interface Question<A extends Answer<object> = Answer<object>, F extends string = string> {
  /**
   * Fills in what nobody named, and reads.
   *
   * @throws UserError for what this question cannot be asked of
   */
  gather(named: Options, read: Read, own: Own<F>): Promise<Asking>;
  ask(asking: Asking, progress: Progress, own: Own<F>): A | Promise<A>;
  document(answer: A, asking: Asking): Document;
  flat(answer: A): FlatTable;
  /** A file that is written beside the answer, for a flag that names it. */
  readonly beside?: {
    /** Throws a UserError where there is none, before anything is run. */
    check(asking: Asking): void;
    /** Its text, and what to say of it after its name. */
    make(asking: Asking): { readonly text: string; readonly said: string };
  };
}
