/** Typed access to the fields of a Hugging Face file; every error names the field, what it holds and what it should. */
import { UserError } from '../../errors.ts';
import { got } from '../../validate.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The last part of a path, without `.json`. */
export function baseName(path: string): string {
  return path.replace(/^.*[/\\]/, '').replace(/\.json$/, '');
}

/** Null counts as absent, as it does in the files. */
export class Fields {
  readonly #values: JsonObject;
  readonly #where: string;
  /** Of a part of the file, with a dot at its end. */
  readonly #path: string;

  constructor(values: JsonObject, where: string, path = '') {
    this.#values = values;
    this.#where = where;
    this.#path = path;
  }

  has(name: string): boolean {
    return this.#get(name) !== undefined;
  }

  isList(name: string): boolean {
    return Array.isArray(this.#get(name));
  }

  /** The part of the file called `name`, which has to be an object. */
  part(name: string): Fields {
    const value = this.#get(name);
    if (!isRecord(value)) this.fail(name, 'an object');
    return new Fields(value as JsonObject, this.#where, `${this.#path}${name}.`);
  }

  text(name: string, fallback?: string): string {
    const value = this.#get(name) ?? fallback;
    return typeof value === 'string' ? value : this.fail(name, 'a text');
  }

  /** A whole number of at least 1. */
  positive(name: string, fallback?: number): number {
    return this.#number(name, 1, fallback);
  }

  /** A whole number of at least 0. */
  whole(name: string, fallback?: number): number {
    return this.#number(name, 0, fallback);
  }

  /** A number above 0. */
  amount(name: string): number {
    const value = this.#get(name);
    return typeof value === 'number' && value > 0 ? value : this.fail(name, 'a number above 0');
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.#get(name) ?? fallback;
    return typeof value === 'boolean' ? value : this.fail(name, 'true or false');
  }

  /** An array whose every element passes `test`; absent: empty. */
  list<T>(name: string, what: string, test: (element: unknown) => element is T): readonly T[] {
    const value = this.#get(name) ?? [];
    return Array.isArray(value) && value.every(test) ? value : this.fail(name, `an array of ${what}`);
  }

  /** The same of objects. */
  parts(name: string): readonly Fields[] {
    return this.list(name, 'objects', isRecord).map(
      (one, i) => new Fields(one, this.#where, `${this.#path}${name}[${i}].`),
    );
  }

  wholes(name: string): readonly number[] {
    return this.list(name, 'whole numbers', (one): one is number => Number.isInteger(one));
  }

  texts(name: string): readonly string[] {
    return this.list(name, 'texts', (one): one is string => typeof one === 'string');
  }

  /** The first of these names that the file has; the first where it has none. */
  first(...names: readonly string[]): string {
    return names.find((name) => this.has(name)) ?? names[0]!;
  }

  /** An entry a layer, at least as many as there are layers. */
  perLayer<T>(entries: readonly T[], name: string, layers: number): readonly T[] {
    return entries.length >= layers
      ? entries.slice(0, layers)
      : this.fail(name, `${layers} entries, one a layer`);
  }

  fail(name: string, expected: string): never {
    const value = this.#get(name);
    const problem = value === undefined ? 'missing' : `got ${got(value)}`;
    throw new UserError(`${this.#where}: ${this.#path}${name}: ${problem}, expected ${expected}`);
  }

  #get(name: string): unknown {
    return (Object.hasOwn(this.#values, name) ? this.#values[name] : undefined) ?? undefined;
  }

  #number(name: string, least: number, fallback?: number): number {
    const value = this.#get(name) ?? fallback;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
    return this.fail(name, `a whole number, ${least} or more`);
  }
}
