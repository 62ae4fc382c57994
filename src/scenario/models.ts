/** The models and draft heads that ship with a library, each read once, when it is asked for. */
import { unknownName } from '../errors.ts';
import type { DraftHead, Transformer } from '../model/architecture.ts';
import { parseModel } from '../model/parse.ts';
import type { Library } from './library.ts';

type Card = Transformer | DraftHead;

export class ShippedModels {
  /** Names of whole models, and of draft heads: `<kind>-<target>`. */
  readonly models: readonly string[];
  readonly heads: readonly string[];
  readonly #library: Library;
  readonly #cards = new Map<string, Promise<Card>>();

  constructor(library: Library, models: readonly string[], heads: readonly string[]) {
    this.#library = library;
    this.models = models;
    this.heads = heads;
  }

  /** What `--draft` may name. */
  get drafts(): readonly string[] {
    return [...this.heads, ...this.models];
  }

  /** The model called `name`. Throws a UserError that names the nearest one when there is none. */
  async model(name: string): Promise<Transformer> {
    if (!this.models.includes(name)) throw unknownName('model', name, this.models);
    return (await this.#card('model', name)) as Transformer;
  }

  /** The draft head, or the whole small model, called `name`. Throws a UserError when there is none. */
  async draft(name: string): Promise<Card> {
    if (this.heads.includes(name)) return this.#card('head', name);
    if (!this.models.includes(name)) throw unknownName('draft model', name, this.drafts);
    return this.model(name);
  }

  /** Every whole model. */
  all(): Promise<readonly Transformer[]> {
    return Promise.all(this.models.map((name) => this.model(name)));
  }

  headsOfKind(kind: DraftHead['kind']): readonly string[] {
    return this.heads.filter((name) => name.startsWith(`${kind}-`));
  }

  /** The name of the head of that kind trained for `target`, or for the model whose heads it shares; null without. */
  headFor(target: Transformer, kind: DraftHead['kind']): string | null {
    const name = `${kind}-${target.headsOf ?? target.name}`;
    return this.heads.includes(name) ? name : null;
  }

  #card(kind: 'model' | 'head', name: string): Promise<Card> {
    let card = this.#cards.get(name);
    if (card === undefined) {
      card = this.#library.profile(kind, name).then(({ text }) => parseModel(JSON.parse(text), name));
      this.#cards.set(name, card);
    }
    return card;
  }
}

const KNOWN = new WeakMap<Library, Promise<ShippedModels>>();

/** Those of a library. What it ships does not change, so that a card is one object however often it is asked for. */
export function shippedModels(library: Library): Promise<ShippedModels> {
  let known = KNOWN.get(library);
  if (known === undefined) {
    known = Promise.all([library.names('model'), library.names('head')]).then(
      ([models, heads]) => new ShippedModels(library, models, heads),
    );
    KNOWN.set(library, known);
  }
  return known;
}
