/** What a point is: a hash of its scenario, the contents of every file it names, and the program's version. */
import { entry } from '../memo.ts';
import type { Transformer } from '../model/architecture.ts';
import type { Document, Library } from '../scenario/library.ts';
import { shippedModels, targetOf } from '../scenario/models.ts';
import { resolvedFormats } from '../scenario/number-formats.ts';
import { hashedOptions, type Scenario } from '../scenario/options.ts';
import { TOOL } from '../scenario/result.ts';
import { shippedTrace } from '../scenario/shipped-trace.ts';
import { sha256 } from '../sha256.ts';

/** What the files of a scenario say. */
interface Contents {
  /** A hash of each, in the order of an id. */
  readonly digests: readonly (string | null)[];
  readonly target: Transformer | null;
}

/** Hashes scenarios; each document is hashed once. A file that is missing has no contents, and fails when run. */
export class Identity {
  readonly #library: Library;
  readonly #hash: (text: string) => string | Promise<string>;
  readonly #digests = new Map<string, Promise<string | null>>();
  /** Of scenarios that name the same. */
  readonly #contents = new Map<string, Promise<Contents>>();

  /** @param hash SHA-256 in hexadecimal digits, where something is quicker than what every browser has */
  constructor(library: Library, hash: (text: string) => string | Promise<string> = sha256) {
    this.#library = library;
    this.#hash = hash;
  }

  /** SHA-256 in hexadecimal digits; the seed is part of the scenario, paths are not part of it. */
  async of(scenario: Scenario): Promise<string> {
    const { gpu, engine, target: named, draft, trace, workload, policy } = scenario;
    const key = JSON.stringify([gpu, engine, named, draft, trace, workload, policy]);
    const { digests, target } = await entry(this.#contents, key, () => this.#contentsOf(scenario));
    const resolved = target === null ? scenario : { ...scenario, ...resolvedFormats(scenario, target) };
    return this.#hash(JSON.stringify([TOOL, hashedOptions(resolved), digests]));
  }

  async #contentsOf(scenario: Scenario): Promise<Contents> {
    const { gpu, engine, target, draft, trace, workload, policy } = scenario;
    const digests = await Promise.all([
      this.#profile('gpu', gpu),
      this.#profile('engine', engine),
      this.#model(target),
      draft === null ? null : this.#model(draft),
      workload === null ? null : this.#file(workload),
      this.#policy(policy[0]!),
      ...trace.map((named) => this.#trace(target, named)),
    ]);
    return { digests, target: await targetOf(this.#library, target) };
  }

  #profile(kind: 'gpu' | 'engine', named: string): Promise<string | null> {
    return this.#digest(`${kind} ${named}`, async () =>
      (await this.#library.names(kind)).includes(named)
        ? this.#library.profile(kind, named)
        : this.#library.file(named),
    );
  }

  /** A table is its contents, whatever its file is called. */
  async #policy(named: string): Promise<string | null> {
    const table = /^table:(.*)/.exec(named)?.[1];
    return table === undefined ? named : this.#file(table);
  }

  async #model(named: string): Promise<string | null> {
    const { drafts } = await shippedModels(this.#library);
    return drafts.includes(named) ? `card ${named}` : this.#file(named);
  }

  #file(path: string): Promise<string | null> {
    return this.#digest(`file ${path}`, () => this.#library.file(path));
  }

  #trace(target: string, named: string): Promise<string | null> {
    return this.#digest(`trace ${target} ${named}`, async () => {
      const found = shippedTrace(await this.#library.traces(), target, named);
      return found === null ? this.#library.file(named) : this.#library.trace(found.target, found.dataset);
    });
  }

  #digest(key: string, document: () => Promise<Document | null>): Promise<string | null> {
    return entry(this.#digests, key, async () => {
      const found = await document();
      return found === null ? null : this.#hash(found.text);
    });
  }
}
