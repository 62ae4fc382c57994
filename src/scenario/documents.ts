/** The documents that a scenario names, each found among what ships or among the user's files, in the order of the hash. */
import { shown, UserError, unknownName } from '../errors.ts';
import type { DraftHead, Transformer } from '../model/architecture.ts';
import type { Document, Library } from './library.ts';
import { modelFile } from './models.ts';
import { type ShippedTrace, shippedTrace, unknownTrace } from './shipped-trace.ts';

/** GPUs with the chip of another, and its memory or less. */
const TWINS: Readonly<Record<string, string>> = {
  'a800-sxm-80': 'a100-sxm-80',
  'h800-sxm': 'h100-sxm',
  'gh200-96': 'h100-sxm',
  'gh200-141': 'h200-sxm',
};

export class Documents {
  /** Texts of what was found so far, which a hash takes in. */
  readonly contents: string[] = [];
  readonly #library: Library;

  constructor(library: Library) {
    this.#library = library;
  }

  /**
   * A file of the user's.
   *
   * @param names what could have been meant instead
   * @throws UserError when there is none
   */
  async file(what: string, named: string, names: readonly string[] = []): Promise<Document> {
    const document = await this.#library.file(named);
    if (document === null) throw notFound(what, named, names);
    return this.#found(document);
  }

  /** A model in a file, with what stands beside it. Throws a UserError when there is none. */
  async model(what: string, named: string, names: readonly string[]): Promise<Transformer | DraftHead> {
    const { card, documents } = await modelFile(this.#library, named);
    if (card === null) throw notFound(what, named, names);
    this.contents.push(...documents);
    return card;
  }

  /** A profile that ships, or a file. Throws a UserError when there is neither. */
  async profile(kind: 'gpu' | 'engine', named: string): Promise<Document> {
    const names = await this.#library.names(kind);
    if (!names.includes(named)) return this.file(kind, named, names);
    return this.#found(await this.#library.profile(kind, named));
  }

  /** The kernels that ship beside the profile of a GPU, which nobody names and no hash takes in; null where there are none. */
  async kernels(gpu: string): Promise<Document | null> {
    const names = await this.#library.names('kernels');
    const own = TWINS[gpu] ?? gpu;
    if (!names.includes(own)) return null;
    return this.#library.profile('kernels', own);
  }

  /** A trace that ships, or a file; `ships` is null for a file. Throws a UserError when there is neither. */
  async trace(target: string, named: string): Promise<{ document: Document; ships: ShippedTrace | null }> {
    const shelves = await this.#library.traces();
    const ships = shippedTrace(shelves, target, named);
    const document =
      ships === null
        ? await this.#library.file(named)
        : await this.#library.trace(ships.target, ships.dataset);
    if (document !== null) return { document: this.#found(document), ships };
    const shelf = shelves.has(named.split('/')[0]!);
    throw isPath(named) && !shelf ? noSuchFile('trace', named) : unknownTrace(shelves, target, named);
  }

  #found(document: Document): Document {
    this.contents.push(document.text);
    return document;
  }
}

function notFound(what: string, named: string, names: readonly string[]): UserError {
  return isPath(named) || names.length === 0 ? noSuchFile(what, named) : unknownName(what, named, names);
}

function isPath(named: string): boolean {
  return /[/\\]|\.(json|jsonl|csv|gz)$/.test(named);
}

function noSuchFile(what: string, named: string): UserError {
  return new UserError(`${what} ${shown(named)}: no such file`);
}
