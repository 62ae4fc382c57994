/** Trees as users name them, and files of paths as engines write them. */
import { shown, UserError, unknownName } from '../errors.ts';
import { DraftTree, type TreePath } from './tree.ts';

/** Beyond these a tree is no draft any more: engines hold masks and graphs for tens of tokens. */
const MOST_DRAFTS = 1024;
const MOST_DEPTH = 64;
const MOST_RANK = 64;

/** A tree as the user names it. */
export type TreeSpec =
  /** k drafts in a row. */
  | { readonly kind: 'chain' }
  /** `3x4x21`: SGLang's steps, topk and num_draft_tokens, which counts the root. A dynamic tree. */
  | { readonly kind: 'engine'; readonly steps: number; readonly topk: number; readonly drafts: number }
  /** `best`, `best:N`: the best tree of each batch size, of at most N verified tokens, the root counted. */
  | { readonly kind: 'best'; readonly mostDrafts: number }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'paths'; readonly tree: DraftTree };

/** A tree under the name the user gave it, its file read. */
export interface NamedTree {
  readonly name: string;
  readonly spec: Exclude<TreeSpec, { readonly kind: 'file' | 'chain' }>;
}

/** Drafts of a best tree at most, unless said (as SGLang's and EAGLE's largest). */
const MOST_BEST = 63;

const FORMS = 'chain, STEPSxTOPKxTOKENS such as 3x4x21, best, best:TOKENS, or file:PATH';

/** Takes a tree's name apart. Throws a UserError that says what was expected. */
export function parseTree(name: string): TreeSpec {
  const where = `tree ${JSON.stringify(name)}`;
  if (name === 'chain') return { kind: 'chain' };
  if (name === 'best') return { kind: 'best', mostDrafts: MOST_BEST };
  const best = /^best:(\d{1,9})$/.exec(name);
  if (best !== null) {
    const tokens = Number(best[1]);
    if (tokens < 2 || tokens > MOST_DRAFTS + 1) {
      throw new UserError(`${where}: expected 2 to ${MOST_DRAFTS + 1} tokens, the root counted`);
    }
    return { kind: 'best', mostDrafts: tokens - 1 };
  }
  if (name.startsWith('file:') && name.length > 5) return { kind: 'file', file: name.slice(5) };
  const flags = /^(\d{1,9})x(\d{1,9})x(\d{1,9})$/.exec(name);
  if (flags === null) throw new UserError(`${where}: expected ${FORMS}`);
  const [steps, topk, tokens] = flags.slice(1).map(Number) as [number, number, number];
  if (steps < 1 || steps > MOST_DEPTH)
    throw new UserError(`${where}: expected 1 to ${MOST_DEPTH} steps, got ${steps}`);
  if (topk < 1 || topk > MOST_RANK)
    throw new UserError(`${where}: expected a topk of 1 to ${MOST_RANK}, got ${topk}`);
  const offered = topk + (steps - 1) * topk ** 2;
  const most = Math.min(offered, MOST_DRAFTS) + 1;
  if (tokens < 2 || tokens > most) {
    throw new UserError(
      `${where}: ${steps} steps of topk ${topk} offer ${offered} drafts, expected 2 to ${most} tokens, the root counted; got ${tokens}`,
    );
  }
  return { kind: 'engine', steps, topk, drafts: tokens - 1 };
}

/** Where files keep their paths, by the engine that reads them. */
const PATH_KEYS = ['speculative_token_tree', 'eagle_choices', 'medusa_choices', 'paths'] as const;

/**
 * Reads the paths of a tree: a list of lists of ranks, 0 the best, as TensorRT-LLM and Medusa write their choices, or
 * vLLM's `speculative_token_tree`, a Python list of tuples; alone or in an object under the engine's name for it.
 *
 * @throws UserError where it is no tree, naming the path that is wrong
 */
export function readTree(text: string, where: string): DraftTree {
  let value = parsedList(text, where);
  while (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const object = value as Readonly<Record<string, unknown>>;
    const key = [...PATH_KEYS, 'speculative_config'].find((one) => Object.hasOwn(object, one));
    if (key === undefined) {
      const found = Object.keys(object)[0] ?? '';
      throw new UserError(`${where}: ${unknownName('field', found, PATH_KEYS).message}`);
    }
    value = object[key];
  }
  if (typeof value === 'string') value = parsedList(value, where);
  if (!Array.isArray(value) || value.length === 0) {
    throw new UserError(`${where}: got ${shown(value)}, expected a list of paths such as [[0], [0, 0], [1]]`);
  }
  if (value.length > MOST_DRAFTS) {
    throw new UserError(`${where}: ${value.length} paths, expected at most ${MOST_DRAFTS}`);
  }
  const paths = value.map((path, n) => checkedPath(path, `${where}: path ${n + 1}`));
  return new DraftTree(parentsFirst(paths, where));
}

/** JSON, or a Python literal of lists and tuples of numbers. */
function parsedList(text: string, where: string): unknown {
  for (const candidate of [
    text,
    text
      .replaceAll('(', '[')
      .replaceAll(')', ']')
      .replace(/,(\s*\])/g, '$1'),
  ]) {
    try {
      return JSON.parse(candidate);
    } catch {
      // The other notation, or neither.
    }
  }
  throw new UserError(
    `${where}: neither JSON nor a list of tuples, expected paths such as [[0], [0, 0], [1]]`,
  );
}

function checkedPath(path: unknown, where: string): TreePath {
  const ranks = Array.isArray(path) ? path : [];
  const fine = ranks.every((rank) => Number.isInteger(rank) && rank >= 0 && rank < MOST_RANK);
  if (ranks.length === 0 || ranks.length > MOST_DEPTH || !fine) {
    throw new UserError(
      `${where}: got ${shown(path)}, expected 1 to ${MOST_DEPTH} ranks of 0 to ${MOST_RANK - 1}, 0 the best`,
    );
  }
  return ranks.map((rank: number) => rank + 1);
}

function parentsFirst(paths: readonly TreePath[], where: string): TreePath[] {
  const known = new Set(['']);
  const ordered = paths.toSorted((a, b) => a.length - b.length);
  for (const path of ordered) {
    const asWritten = JSON.stringify(path.map((rank) => rank - 1));
    if (!known.has(path.slice(0, -1).join(' '))) {
      const parent = JSON.stringify(path.slice(0, -1).map((rank) => rank - 1));
      throw new UserError(
        `${where}: path ${asWritten} hangs in the air, expected its parent ${parent} as well`,
      );
    }
    if (known.has(path.join(' '))) throw new UserError(`${where}: path ${asWritten} is there twice`);
    known.add(path.join(' '));
  }
  return ordered;
}
