/** Evaluates points; what neighbours share is read, priced and simulated once. */
import { costTraits } from '../cost/models.ts';
import { UserError } from '../errors.ts';
import { entry } from '../memo.ts';
import type { DraftHead, Transformer } from '../model/architecture.ts';
import { Bench } from '../scenario/bench.ts';
import { gatherInputs, type Inputs } from '../scenario/inputs.ts';
import type { Library } from '../scenario/library.ts';
import { isOpen } from '../scenario/load.ts';
import { DEFAULTS, type Scenario } from '../scenario/options.ts';
import { finite, type Row } from '../scenario/result.ts';
import { loadKind, settingsOf } from '../scenario/run.ts';
import { sharedKey } from './plan.ts';

/** A row, or why there is none. */
type Outcome = { readonly row: Row } | { readonly error: string };

/** Points of one shared key. */
interface Neighbourhood {
  readonly key: string;
  readonly inputs: Map<string, Promise<Inputs>>;
  readonly benches: Map<string, SharedBench>;
}

/** A bench, and the draft models of the methods that it has met. */
interface SharedBench {
  readonly bench: Bench;
  readonly drafts: Map<string, DraftHead | Transformer>;
}

export class Evaluator {
  readonly #library: Library;
  #near: Neighbourhood = { key: '', inputs: new Map(), benches: new Map() };

  constructor(library: Library) {
    this.#library = library;
  }

  /** @returns the error of a point that cannot be, a defect of the program's included: the others stand */
  async evaluate(scenario: Scenario): Promise<Outcome> {
    try {
      const near = this.#nearTo(scenario);
      const inputs = await this.#inputs(scenario, near);
      // Points that differ in k or batch alone share their inputs.
      const [setting] = settingsOf({ ...inputs, scenario });
      return {
        row: finite(
          this.#bench(inputs, near).row(setting!, isOpen(scenario.load) ? null : scenario.batch[0]!),
        ),
      };
    } catch (error) {
      if (error instanceof UserError) return { error: error.message };
      return { error: `a defect of specsim: ${error instanceof Error ? error.message : String(error)}` };
    }
  }

  #nearTo(scenario: Scenario): Neighbourhood {
    const key = sharedKey(scenario);
    if (key !== this.#near.key) this.#near = { key, inputs: new Map(), benches: new Map() };
    return this.#near;
  }

  #inputs(scenario: Scenario, near: Neighbourhood): Promise<Inputs> {
    const own = JSON.stringify([scenario.method, scenario.draft, scenario.acceptance]);
    return entry(near.inputs, own, () => gatherInputs({ ...scenario, batch: DEFAULTS.batch }, this.#library));
  }

  /** Methods that agree on --draft and stated acceptance, as most do, share a bench and so their baselines. */
  #bench(inputs: Inputs, { benches }: Neighbourhood): Bench {
    const { draft, acceptance, cost, method } = inputs.scenario;
    const trace = inputs.traces[0]!;
    // The authors' conventions depend on the method, and so does a trace that does not name its own.
    const own = JSON.stringify([
      draft,
      acceptance,
      [...trace.drafters.keys()],
      costTraits(cost).sharedByMethods ? null : method,
    ]);
    const shared = entry(benches, own, () => {
      const drafts = new Map(inputs.drafts);
      const bench = new Bench({ ...inputs, drafts }, trace, loadKind(inputs.scenario), new Set());
      return { bench, drafts };
    });
    for (const [name, card] of inputs.drafts) if (!shared.drafts.has(name)) shared.drafts.set(name, card);
    return shared.bench;
  }
}
