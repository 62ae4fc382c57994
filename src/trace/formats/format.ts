/** What a reader of one format is: told its items one by one, it gives the record at the end. */
import type { AcceptanceRecord, Drafting } from '../record.ts';

/** What the user says about a file, since few formats say it themselves (stated.ts). */
export interface Stated extends StatedDrafts {
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
}

export interface JsonFormat {
  readonly name: string;
  readonly title: string;
  readonly items: 'json';
  /** Whether the first value of a file (a line of JSONL, an element of a list, or the whole) is of this format. */
  recognises(value: Readonly<Record<string, unknown>> | readonly unknown[]): boolean;
  open(where: string, stated: StatedDrafts): Reader<unknown>;
}

export interface LineFormat {
  readonly name: string;
  readonly title: string;
  readonly items: 'lines';
  /** Whether one line is enough to tell the format. Lines before it are read too. */
  recognises(line: string): boolean;
  open(where: string, stated: StatedDrafts): Reader<string>;
}

export type TraceFormat = JsonFormat | LineFormat;
