/** Which constants a run hangs on, as far as its model tells. */
import { FIELDS, type Field } from '../cost/fields.ts';
import { expertsOf } from '../model/architecture.ts';
import { forwardShape } from '../model/shape.ts';
import { targetLayout } from './draft-shapes.ts';
import type { Inputs } from './inputs.ts';
import { needsKernels } from './number-formats.ts';

export function usedFields(of: Pick<Inputs, 'scenario' | 'target' | 'methods'>): readonly Field[] {
  const { scenario, target } = of;
  const used = {
    experts: expertsOf(target) !== null,
    kernels: needsKernels(of),
    'further products': forwardShape(target, targetLayout(scenario)).furtherProducts > 0,
  };
  return FIELDS.filter(({ needs }) => needs === undefined || used[needs]);
}
