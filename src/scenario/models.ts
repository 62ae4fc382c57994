/** The models and draft heads that ship with a library, each read once, when it is asked for. */
import { unknownName } from '../errors.ts';
import type { DraftHead, Transformer } from '../model/architecture.ts';
import { parseModel } from '../model/parse.ts';
import { parseModelText } from '../model/parse-text.ts';
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
  headFor(target: Transformer, kind: string): string | null {
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

/** A card of the user's, and the texts it was read from; null where there is no such file. */
interface ModelFile {
  readonly card: Card | null;
  readonly documents: readonly string[];
}

/**
 * A model or head in a file of the user's. Beside a `config.json` the `hf_quant_config.json` of ModelOpt is read, which
 * says the formats of checkpoints whose config.json does not.
 *
 * @throws UserError for a file that is no model
 */
export async function modelFile(library: Library, path: string): Promise<ModelFile> {
  const document = await library.file(path);
  if (document === null) return { card: null, documents: [] };
  const { text, where } = document;
  const sibling = /(^|[/\\])config\.json$/.test(path)
    ? await library.file(path.replace(/config\.json$/, 'hf_quant_config.json'))
    : null;
  const beside = sibling && parseModelText(sibling.text, sibling.where);
  return {
    card: parseModel(parseModelText(text, where), where, beside),
    documents: [text, ...(sibling ? [sibling.text] : [])],
  };
}

/** The model of a scenario; null for a file that is not there or is no whole model, which a run refuses. */
export async function targetOf(library: Library, named: string): Promise<Transformer | null> {
  const shipped = await shippedModels(library);
  if (shipped.models.includes(named)) return shipped.model(named);
  const card = await modelFile(library, named).then(
    (found) => found.card,
    () => null,
  );
  return card?.kind === 'transformer' ? card : null;
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
