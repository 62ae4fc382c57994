/** How every answer begins: what it is about, on what, and with which inputs. */
import { costTraits } from '../cost/models.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { formatsText } from '../scenario/number-formats.ts';
import type { Envelope } from '../scenario/result.ts';
import { trustText } from '../scenario/trust.ts';
import { type Block, type Fact, facts, sentence } from './document.ts';
import { overrideFacts, placementFacts, workloadFacts, writingFacts } from './setting.ts';

interface More {
  /** Where a question means something else by its load than a run does. */
  readonly load?: string;
  /** What it adds, before the configuration. */
  readonly facts?: readonly Fact[];
}

/** @param inputs one, or one of each GPU that is compared */
export function head(
  { config, configHash, tool, trust }: Omit<Envelope<never>, 'rows'>,
  inputs: readonly Inputs[],
  about: string,
  more: More = {},
): Block[] {
  const [first] = inputs;
  const { scenario, engine } = first!;
  const { machine, title } = costTraits(scenario.cost);
  const cost = machine ? engine.label : `none: ${title}`;
  const one = inputs.length === 1;
  return [
    sentence(`${tool}: ${about}`),
    sentence(trustText(trust)),
    facts([
      ...inputs.flatMap(({ hardware: { name, label, calibration }, overrides }): Fact[] => [
        ['gpu', `${name}${one ? '' : `: ${label}`}, efficiency: ${calibration}`],
        ...(one ? [] : overrideFacts(overrides)),
      ]),
      ['engine', cost],
      ...(first!.stepTable === null ? [] : [['steps', title] as Fact]),
      ...(one ? overrideFacts(first!.overrides) : []),
      ...placementFacts(first!),
      ...writingFacts(first!),
      ...workloadFacts(first!, more.load),
      ...(more.facts ?? []),
      ['config', `${configHash.slice(0, 12)}, seed ${config.seed}`],
    ]),
  ];
}

/** Such as `llama-3.1-8b (bf16) on 2 x NVIDIA H100`. */
export function modelOn(
  { scenario: { dtype, tp, dpAttention, pp }, target, hardware }: Inputs,
  preposition = 'on',
): string {
  const gpus = tp * dpAttention * pp;
  return `${target.name} (${formatsText(dtype, target)}) ${preposition} ${gpus === 1 ? '' : `${gpus} x `}${hardware.label}`;
}
