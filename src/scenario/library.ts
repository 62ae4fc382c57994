/** Where named things and files come from: a folder in Node, fetched files in a browser. */

/** A text and what to call it in an error. */
export interface Document {
  readonly where: string;
  readonly text: string;
}

/** What a JSON file describes that ships and that a user may bring. */
export type Profile = 'gpu' | 'kernels' | 'engine' | 'model' | 'head';

export interface Library {
  /** Names of what ships of that kind. */
  names(kind: Profile): Promise<readonly string[]>;
  profile(kind: Profile, name: string): Promise<Document>;
  /** Data sets that have a trace of their own, by target. */
  traces(): Promise<ReadonlyMap<string, readonly string[]>>;
  /** A fitted process or a trace file, of a target and a data set that `traces` lists. */
  trace(target: string, dataset: string): Promise<Document>;
  /** A file of the user's; null when there is none of that name. Throws a UserError when it cannot be read. */
  file(path: string): Promise<Document | null>;
}
