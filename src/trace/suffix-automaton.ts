/**
 * The suffix automaton of a text that grows token by token (Blumer et al., 1985): after every token it knows the
 * longest suffix, of any length, that occurred before, and where first. A token costs constant time on average.
 */

/** Finds the longest suffix that occurred before, in a text that is shown token by token. */
export interface SuffixMatcher {
  /** Tokens in that suffix. */
  readonly matched: number;
  /** Where an earlier occurrence of it ends, exclusive. */
  readonly matchEnd: number;
  /** Forgets everything; the text now has `length` tokens. */
  restart(length: number): void;
  /** Matches the suffixes of text[0..end) against what ends earlier; `end` is one more each time. */
  add(end: number): void;
}

/** The state of the empty string; states are numbered from 1, so that 0 is none. */
const ROOT = 1;

export class SuffixAutomaton implements SuffixMatcher {
  matched = 0;
  matchEnd = 0;

  readonly #text: Int32Array;
  /** Per state: its longest string, in tokens; where that first ended; the state of its longest suffix elsewhere. */
  readonly #length: Int32Array;
  readonly #firstEnd: Int32Array;
  readonly #link: Int32Array;
  /** Per state, one of its edges; per edge, the next one of the same state. Edges are numbered from 1. */
  readonly #anEdge: Int32Array;
  readonly #nextEdge: Int32Array;
  readonly #from: Int32Array;
  readonly #to: Int32Array;
  readonly #token: Int32Array;
  /** Edges by state and token, a hash table. */
  readonly #slots: Int32Array;
  #states = ROOT;
  #edges = 0;
  #last = ROOT;
  #mask = 0;

  /** @param text what `add` reads; texts of at most its length follow one another in it */
  constructor(text: Int32Array) {
    // A text of n tokens has at most 2n states and 3n edges.
    const states = 2 * text.length + 2;
    const edges = 3 * text.length + 1;
    this.#text = text;
    this.#length = new Int32Array(states);
    this.#firstEnd = new Int32Array(states);
    this.#link = new Int32Array(states);
    this.#anEdge = new Int32Array(states);
    this.#nextEdge = new Int32Array(edges);
    this.#from = new Int32Array(edges);
    this.#to = new Int32Array(edges);
    this.#token = new Int32Array(edges);
    this.#slots = new Int32Array(slotsFor(text.length));
  }

  restart(length: number): void {
    this.#mask = slotsFor(length) - 1;
    this.#slots.fill(0, 0, this.#mask + 1);
    this.#anEdge[ROOT] = 0;
    this.#states = ROOT;
    this.#edges = 0;
    this.#last = ROOT;
  }

  add(end: number): void {
    const token = this.#text[end - 1]!;
    const added = this.#addState(this.#length[this.#last]! + 1, end);
    let state = this.#last;
    let edge = 0;
    for (; state !== 0; state = this.#link[state]!) {
      edge = this.#find(state, token);
      if (edge !== 0) break;
      this.#connect(state, token, added);
    }
    this.#link[added] = edge === 0 ? ROOT : this.#targetOf(edge);
    this.#last = added;
    const seen = this.#link[added]!;
    this.matched = this.#length[seen]!;
    this.matchEnd = this.#firstEnd[seen]!;
  }

  /** The state that an edge leads to, split first where it also stands for longer strings. */
  #targetOf(edge: number): number {
    const target = this.#to[edge]!;
    const length = this.#length[this.#from[edge]!]! + 1;
    if (this.#length[target] === length) return target;
    const clone = this.#addState(length, this.#firstEnd[target]!);
    for (let other = this.#anEdge[target]!; other !== 0; other = this.#nextEdge[other]!) {
      this.#connect(clone, this.#token[other]!, this.#to[other]!);
    }
    this.#link[clone] = this.#link[target]!;
    this.#link[target] = clone;
    for (let state = this.#from[edge]!; state !== 0; state = this.#link[state]!) {
      const short = this.#find(state, this.#token[edge]!);
      if (this.#to[short] !== target) break;
      this.#to[short] = clone;
    }
    return clone;
  }

  #addState(length: number, firstEnd: number): number {
    const state = ++this.#states;
    this.#length[state] = length;
    this.#firstEnd[state] = firstEnd;
    this.#anEdge[state] = 0;
    return state;
  }

  #connect(from: number, token: number, to: number): void {
    const edge = ++this.#edges;
    this.#from[edge] = from;
    this.#to[edge] = to;
    this.#token[edge] = token;
    this.#nextEdge[edge] = this.#anEdge[from]!;
    this.#anEdge[from] = edge;
    this.#slots[this.#slotOf(from, token)] = edge;
  }

  /** The edge of a state by a token; 0 where there is none. */
  #find(state: number, token: number): number {
    return this.#slots[this.#slotOf(state, token)]!;
  }

  /** The slot of an edge, or the free one where it would stand. */
  #slotOf(state: number, token: number): number {
    const mixed = Math.imul(Math.imul(state, 0x9e3779b1) ^ token, 0x85ebca6b);
    let slot = (mixed ^ (mixed >>> 15)) & this.#mask;
    for (let edge = this.#slots[slot]!; edge !== 0; edge = this.#slots[slot]!) {
      if (this.#from[edge] === state && this.#token[edge] === token) break;
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }
}

/** A power of two, at least four times the number of tokens: edges fill three quarters at most. */
function slotsFor(tokens: number): number {
  return 2 ** Math.ceil(Math.log2(4 * tokens + 4));
}
