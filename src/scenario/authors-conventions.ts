/** What `--cost specdecode-bench` asks of a scenario, and how its authors read recordings. */
import { PROPOSAL_CHANCE } from '../cost/specdecode-bench.ts';
import type { ReplayConventions } from '../drafter/replay.ts';
import { UserError } from '../errors.ts';
import type { AcceptanceTrace } from '../trace/trace.ts';
import type { Inputs } from './inputs.ts';

/** The authors read positions one behind, do not stop drafting at the end, and draw look-up's proposals. */
export function authorsConventions(
  { scenario, hardware, target, methods }: Inputs,
  trace: AcceptanceTrace,
): ReplayConventions {
  const priced = ['ngram', 'eagle', 'eagle3'];
  for (const part of methods.flatMap((method) => [...method.parts])) {
    if (!priced.includes(part.name)) {
      throw new UserError(
        `--cost specdecode-bench: it has no price for ${part.name}, expected ${priced.join(', ')}`,
      );
    }
  }
  const setting = `${target.name} ${scenario.dtype} on ${scenario.tp} x ${hardware.name}`;
  if (setting !== 'llama-3.1-8b bf16 on 1 x h100-sxm') {
    throw new UserError(
      `--cost specdecode-bench: it is fitted to llama-3.1-8b bf16 on 1 x h100-sxm, got ${setting}; --cost roofline prices others`,
    );
  }
  const { dataset } = trace.provenance;
  const proposalChance = Object.hasOwn(PROPOSAL_CHANCE, dataset) ? PROPOSAL_CHANCE[dataset] : undefined;
  if (proposalChance === undefined) {
    throw new UserError(
      `--cost specdecode-bench: trace ${trace.name} is of data set ${JSON.stringify(dataset)}, expected one whose look-up it knows: ${Object.keys(PROPOSAL_CHANCE).join(', ')}`,
    );
  }
  return { positionLag: 1, clipDrafts: false, proposalChance };
}
