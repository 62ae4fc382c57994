/** What a reader of one format is: told its items one by one, it gives the record at the end. */
import type { AcceptanceRecord, Drafting } from '../record.ts';

/** What the user says about a file, since few formats say it themselves (stated.ts). */
export interface Stated extends StatedDrafts {
  readonly name: string | null;
  readonly method: string | null;
  readonly target: string | null;
  readonly draft: string | null;
  readonly engine: string | null;
  readonly licence: string | null;
}

/** How rounds were drafted, which a reader of rounds has to know. */
export interface StatedDrafts {
  readonly drafting: Drafting | null;
  /** Draft length. */
  readonly k: number | null;
}

export const NOTHING_STATED: Stated = {
  name: null,
  method: null,
  target: null,
  draft: null,
  engine: null,
  licence: null,
  drafting: null,
  k: null,
};

export interface Reader<Item> {
  /** @param at the file and line of the item, for messages */
  add(item: Item, at: string): void;
  /** @throws UserError when there was nothing to read */
  finish(): AcceptanceRecord;
  /** Items so far that are of the format and say nothing of acceptance. */
  leftOut?(): number;
}

interface Format<Item> {
  readonly name: string;
  readonly title: string;
  /**
   * The first item of a file is one that no other format has, and all others belong to it: one that it does not
   * recognise is an error. In other formats such items are left out, and counted.
   */
  readonly whole?: true;
  open(where: string, stated: StatedDrafts): Reader<Item>;
}

export interface JsonFormat extends Format<unknown> {
  readonly items: 'json';
  /** Whether a value (a line of JSONL, an element of a list, or the whole of a file) is of this format. */
  recognises(value: Readonly<Record<string, unknown>> | readonly unknown[]): boolean;
}

export interface LineFormat extends Format<string> {
  readonly items: 'lines';
  /** Whether a line says something that only this format has. All lines of a file are read. */
  recognises(line: string): boolean;
}

export type TraceFormat = JsonFormat | LineFormat;
