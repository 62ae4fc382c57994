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

/** Hashes scenarios; each document is hashed once. A file that is missing has no contents, and fails when run. */
export class Identity {
  readonly #library: Library;
  readonly #digests = new Map<string, Promise<string | null>>();
  readonly #targets = new Map<string, Promise<Transformer | null>>();

  constructor(library: Library) {
    this.#library = library;
  }

  /** SHA-256 in hexadecimal digits; the seed is part of the scenario, paths are not part of it. */
  async of(scenario: Scenario): Promise<string> {
    const { gpu, engine, target, draft, trace, workload, policy } = scenario;
    const parts = await Promise.all([
      this.#profile('gpu', gpu),
      this.#profile('engine', engine),
      this.#model(target),
      draft === null ? null : this.#model(draft),
      workload === null ? null : this.#file(workload),
      this.#policy(policy[0]!),
      ...trace.map((named) => this.#trace(target, named)),
    ]);
    const card = await this.#target(target);
    const resolved = card === null ? scenario : { ...scenario, ...resolvedFormats(scenario, card) };
    return sha256(JSON.stringify([TOOL, hashedOptions(resolved), parts]));
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

  #target(named: string): Promise<Transformer | null> {
    return entry(this.#targets, named, () => targetOf(this.#library, named));
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
      return found === null ? null : sha256(found.text);
    });
  }
}
