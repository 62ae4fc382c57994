/**
 * Look-up drafters run for real on token ids: what followed an earlier occurrence of the newest tokens is proposed.
 * `ngram` is vLLM's prompt look-up, `suffix` takes the longest match of any length. Left out: their cost, the policy
 * that picks k, and of other requests all but the newest outputs (`FormerOutputs`), which of several matches is the most
 * frequent (as vLLM's suffix decoding weighs them).
 */
import { SuffixAutomaton, type SuffixMatcher } from './suffix-automaton.ts';
import type { TokenIds } from './trace.ts';

interface NgramLookUp {
  readonly method: 'ngram';
  /** The shortest suffix that counts as a match, in tokens. */
  readonly minMatch: number;
  /** The longest suffix searched for, in tokens. */
  readonly maxMatch: number;
  /** Which of several occurrences of the longest suffix is taken. vLLM's choice is the first. */
  readonly occurrence: 'first' | 'last';
  /** The most tokens proposed by a round; at most 254. */
  readonly maxK: number;
}

/** The longest suffix of any length, at its first occurrence. */
interface SuffixLookUp {
  readonly method: 'suffix';
  readonly minMatch: number;
  readonly maxK: number;
  /** Tokens of outputs of earlier requests that are searched too, the oldest forgotten first; 0 unless said. */
  readonly across?: number;
}

export type LookUpOptions = NgramLookUp | SuffixLookUp;

/** Look-up as a trace that holds token ids answers for it, unless it was recorded. */
export const LOOK_UPS = {
  /** vLLM's, as SpecDecode-Bench recorded it. */
  ngram: { method: 'ngram', minMatch: 3, maxMatch: 7, occurrence: 'first', maxK: 20 },
  suffix: { method: 'suffix', minMatch: 2, maxK: 20 },
} as const satisfies Record<string, LookUpOptions>;

/** What look-up does at every output position; the fields are those of `PositionLengths`. */
interface LookUpLengths {
  readonly offsets: Int32Array;
  readonly emitted: Uint8Array;
  readonly proposed: Uint8Array;
}

/**
 * Looks up at every output position p of every request, with prompt and output[0..p) known.
 *
 * `proposed` is the number of tokens copied (fewer than maxK when the known text ends), `emitted` is 1 + the
 * number of them that agree with the output, none of them beyond its end. At position 0, which the prefill
 * emits, they are 0 and 1.
 */
export function lookUp(tokens: TokenIds, options: LookUpOptions): LookUpLengths {
  const { promptOffsets, outputOffsets } = tokens;
  const requests = outputOffsets.length - 1;
  const emitted = new Uint8Array(tokens.output.length).fill(1);
  const proposed = new Uint8Array(tokens.output.length);
  let longest = 0;
  for (let r = 0; r < requests; r++) longest = Math.max(longest, textLength(tokens, r));
  const text = new Int32Array(longest);
  const matcher = options.method === 'ngram' ? new NgramIndex(text, options) : new SuffixAutomaton(text);

  for (let r = 0; r < requests; r++) {
    const output = outputOffsets[r]!;
    const prompt = tokens.prompt.subarray(promptOffsets[r]!, promptOffsets[r + 1]!);
    text.set(prompt);
    text.set(tokens.output.subarray(output, outputOffsets[r + 1]!), prompt.length);
    const length = textLength(tokens, r);
    matcher.restart(length);
    lookUpText(matcher, text, prompt.length, length, options, {
      emitted: emitted.subarray(output),
      proposed: proposed.subarray(output),
    });
  }
  return { offsets: outputOffsets, emitted, proposed };
}

/**
 * The same of one request. It is a call, as V8 keeps what it has compiled of a function and not of a loop.
 *
 * @param text prompt and output, `length` tokens
 * @param into by position of its output
 */
function lookUpText(
  matcher: SuffixMatcher,
  text: Int32Array,
  prompt: number,
  length: number,
  { minMatch, maxK }: LookUpOptions,
  { emitted, proposed }: Omit<LookUpLengths, 'offsets'>,
): void {
  // The last position has length - 1 known tokens.
  for (let known = 1; known < length; known++) {
    matcher.add(known);
    if (known <= prompt || matcher.matched < minMatch) continue;
    const from = matcher.matchEnd;
    const count = untilEnd(text, from, Math.min(maxK, known - from));
    let agreeing = 0;
    while (
      agreeing < count &&
      known + agreeing < length &&
      text[from + agreeing] === text[known + agreeing]
    ) {
      agreeing++;
    }
    proposed[known - prompt] = count;
    emitted[known - prompt] = 1 + agreeing;
  }
}

/** Of so many tokens those before the end of a former output, which is below 0. */
function untilEnd(text: Int32Array, from: number, most: number): number {
  let count = 0;
  while (count < most && text[from + count]! >= 0) count++;
  return count;
}

function textLength({ promptOffsets, outputOffsets }: TokenIds, r: number): number {
  return promptOffsets[r + 1]! - promptOffsets[r]! + outputOffsets[r + 1]! - outputOffsets[r]!;
}

/**
 * All n-grams of the text so far, n = 1..maxMatch, as a trie that reads backwards: a node is an n-gram named
 * by n and the end of its earliest occurrence, a child has one more token in front. A child with the same
 * earliest occurrence as its parent is read off the text; only the others are in the hash table, so that a
 * token adds at most one entry.
 */
class NgramIndex implements SuffixMatcher {
  /** Tokens in the longest suffix, up to maxMatch, that occurred before. */
  matched = 0;
  matchEnd = 0;

  private readonly text: Int32Array;
  private readonly maxMatch: number;
  /**
   * Per slot, the earliest end of the n-gram in it, plus `base`. What earlier texts left behind is not
   * larger than `base`, hence free: the table is never cleared.
   */
  private readonly ends: Int32Array;
  /** Per slot, the parent: n and its earliest end in one number. */
  private readonly parents: Int32Array;
  /** Where an n-gram last ended, by its earliest end and n; null where nobody asks. */
  private readonly latestEnds: Int32Array | null;
  private base = 0;
  private length = 0;
  private mask = 0;

  constructor(text: Int32Array, { maxMatch, occurrence }: NgramLookUp) {
    this.text = text;
    this.maxMatch = maxMatch;
    this.ends = new Int32Array(slotsFor(text.length));
    this.parents = new Int32Array(slotsFor(text.length));
    this.latestEnds = occurrence === 'last' ? new Int32Array((text.length + 1) * maxMatch) : null;
  }

  restart(length: number): void {
    this.base += this.length;
    this.length = length;
    this.mask = slotsFor(length) - 1;
  }

  add(end: number): void {
    const { text, maxMatch, ends, parents, latestEnds, base, mask } = this;
    const depth = Math.min(maxMatch, end);
    let n = 0;
    let earliest = 0;
    let latest = 0;
    for (; n < depth; n++) {
      const token = text[end - 1 - n]!;
      if (earliest <= n || text[earliest - 1 - n] !== token) {
        const parent = earliest * maxMatch + n;
        let slot = hash(parent, token) & mask;
        while (
          ends[slot]! > base &&
          (parents[slot] !== parent || text[ends[slot]! - base - 1 - n] !== token)
        ) {
          slot = (slot + 1) & mask;
        }
        if (ends[slot]! <= base) {
          ends[slot] = base + end;
          parents[slot] = parent;
          break;
        }
        earliest = ends[slot]! - base;
      }
      if (latestEnds !== null) {
        latest = latestEnds[earliest * maxMatch + n]!;
        latestEnds[earliest * maxMatch + n] = end;
      }
    }
    // All longer ones are new as well.
    latestEnds?.fill(end, end * maxMatch + n, end * maxMatch + depth);
    this.matched = n;
    this.matchEnd = latestEnds === null ? earliest : latest;
  }
}

function hash(parent: number, token: number): number {
  const mixed = Math.imul(Math.imul(parent, 0x9e3779b1) ^ token, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

/** A power of two, at least twice the number of entries. */
function slotsFor(entries: number): number {
  return 2 ** Math.ceil(Math.log2(2 * entries + 2));
}
