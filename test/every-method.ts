/** Every form of a method's name with each basic method in each place: what laws of methods walk. */
import { BASIC_METHODS, basicMethod, FAMILIES, methodForms } from '../src/drafter/methods.ts';

/** Every way to propose, one of each family. */
const BASIC = [...BASIC_METHODS.map(({ name }) => name), ...FAMILIES.map(({ example }) => example)];

/** A hybrid looks up first; what drafts in parallel is a whole model. */
function placedFirst(form: string): string[] {
  if (form.startsWith('hybrid')) return BASIC.filter((name) => basicMethod(name).proposer === 'search');
  if (form.startsWith('parallel'))
    return BASIC.filter((name) => basicMethod(name).model?.card === 'transformer');
  return BASIC;
}

export const EVERY_METHOD: readonly string[] = methodForms().flatMap((form) => {
  const first = placedFirst(form);
  if (form.startsWith('parallel')) return first.map((name) => `parallel:${name}`);
  const ones = form.includes('<method>') ? first.map((name) => form.replace('<method>', name)) : [form];
  if (!form.includes('<a>')) return ones;
  return first.flatMap((a) =>
    BASIC.filter((b) => b !== a).map((b) => form.replace('<a>', a).replace('<b>', b)),
  );
});
