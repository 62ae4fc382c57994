/** Where named things and files come from: a folder in Node, fetched files in a browser. */

/** A text and what to call it in an error. */
export interface Document {
  readonly where: string;
  readonly text: string;
}

export interface Library {
  /** Names of the GPU or engine profiles that ship. */
  names(kind: 'gpu' | 'engine'): Promise<readonly string[]>;
  profile(kind: 'gpu' | 'engine', name: string): Promise<Document>;
  /** Data sets that have a trace of their own, by target. */
  traces(): Promise<ReadonlyMap<string, readonly string[]>>;
  /** A fitted process or a trace file, of a target and a data set that `traces` lists. */
  trace(target: string, dataset: string): Promise<Document>;
  /** A file of the user's; null when there is none of that name. Throws a UserError when it cannot be read. */
  file(path: string): Promise<Document | null>;
}
