/** What a format of workloads is: a row of the registry (index.ts), told by what its items hold. */
import type { Json } from '../../trace/formats/fields.ts';
import type { WorkloadRow } from '../workload.ts';

interface Format {
  /** As results and messages show it. */
  readonly name: string;
  /** Prompt tokens that one hash of a block stands for, in formats that have hashes. */
  readonly blockTokens?: number;
  /** What holds for every file of the format, and a user should know. */
  readonly notes?: readonly string[];
}

/** JSON objects: a line each, or the elements of a list. */
export interface JsonWorkload extends Format {
  readonly items: 'json';
  recognises(object: Json): boolean;
  /**
   * A reader for one file: the request of an object.
   *
   * @param say takes what only this file makes worth knowing
   */
  reading(say: (note: string) => void): (object: Json, where: string) => WorkloadRow;
}

/** A table with a header. */
export interface TableWorkload extends Format {
  readonly items: 'table';
  recognises(columns: readonly string[]): boolean;
  rows(text: string, where: string): Iterable<WorkloadRow>;
}

/** Lines of another kind. */
export interface LineWorkload extends Format {
  readonly items: 'lines';
  recognises(line: string): boolean;
  rows(lines: Iterable<string>, where: string): readonly WorkloadRow[];
}

export type WorkloadFormat = JsonWorkload | TableWorkload | LineWorkload;
