/** Which constants a run hangs on, as far as its model tells. */
import { FIELDS, type Field } from '../cost/fields.ts';
import type { Method } from '../drafter/methods.ts';
import { expertsOf, type Transformer } from '../model/architecture.ts';
import { forwardShape } from '../model/shape.ts';
import { targetLayout } from './layouts.ts';
import { needsKernels } from './number-formats.ts';
import type { Scenario } from './scenario.ts';

interface Of {
  readonly scenario: Scenario;
  readonly target: Transformer;
  readonly methods: readonly Method[];
}

const used = (of: Of): Readonly<Record<NonNullable<Field['needs']>, boolean>> => ({
  experts: expertsOf(of.target) !== null,
  kernels: needsKernels(of),
  'further products': forwardShape(of.target, targetLayout(of.scenario)).furtherProducts > 0,
});

export function usedFields(of: Of): readonly Field[] {
  const has = used(of);
  return FIELDS.filter(({ needs }) => needs === undefined || has[needs]);
}

/** Why a value of `path` changes nothing of these models and formats, in words that follow "has no effect"; null where it may. */
export function unusedPath(path: string, of: Of): string | null {
  const needs = FIELDS.find((field) => field.path === path)?.needs;
  if (needs === undefined || used(of)[needs]) return null;
  const { name } = of.target;
  return {
    experts: `as ${name} has no routed experts`,
    kernels: 'as no format is priced with kernels of its own; bf16 has hardware.efficiency.gemm',
    'further products': `as ${name} has no products beyond the four of a dense layer`,
  }[needs];
}
