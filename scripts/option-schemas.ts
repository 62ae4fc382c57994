/** The JSON Schemas of scenario and grid files, made of the option table. */
import * as z from 'zod/mini';
import { OPTION_NAMES, OPTIONS } from '../src/scenario/option-table.ts';
import type { OptionName } from '../src/scenario/options.ts';

type Schema = Readonly<Record<string, unknown>>;

const DRAFT = 'https://json-schema.org/draft/2020-12/schema';

/** What `--load` takes; numbers are left to the program. */
const LOAD = '^(clones|closed|drain|recorded|(poisson|constant):[^,]+|gamma:[^,]+,[^,]+)$';

const RANGE = { $ref: '#/$defs/range' };

/** Counts up or down by adding or by multiplying. */
const range = any(
  ['step', 'times'].map((by) => ({
    type: 'object',
    properties: Object.fromEntries(['from', 'to', by].map((key) => [key, { type: 'number' }])),
    required: ['from', 'to', by],
    additionalProperties: false,
  })),
);

function any([first, ...others]: readonly Schema[]): Schema {
  return others.length === 0 ? first! : { anyOf: [first, ...others] };
}

/** A value that stands alone; of a list, an item. */
function single(name: OptionName): Schema {
  const { $schema: _, items, ...schema } = z.toJSONSchema(OPTIONS[name].schema, { io: 'input' });
  if (OPTIONS[name].holds === 'list') return items as Schema;
  return name === 'load' ? { ...schema, pattern: LOAD } : schema;
}

/** What stands alone in a file. A resolved scenario, which is a scenario file, holds null where nobody chose. */
function alone(name: OptionName): Schema[] {
  const { holds, default: usual, control } = OPTIONS[name];
  // As a flag has it: 1,16 or 1..256.
  const written = holds === 'list' && control.kind === 'number';
  return [
    single(name),
    ...(usual === null ? [{ type: 'null' }] : []),
    ...(written ? [{ type: 'string' }] : []),
  ];
}

function scenarioValue(name: OptionName): Schema {
  const many = { type: 'array', items: single(name), minItems: 1, uniqueItems: true };
  return any([...alone(name), ...(OPTIONS[name].holds === 'list' ? [many] : [])]);
}

function axis(name: OptionName): Schema {
  const { holds, control } = OPTIONS[name];
  const several = (values: readonly Schema[]) =>
    any([...values, { type: 'array', items: any(values), minItems: 1 }]);
  if (holds !== 'pairs') return several([...alone(name), ...(control.kind === 'number' ? [RANGE] : [])]);
  const { additionalProperties, ...pairs } = single(name);
  return { ...pairs, additionalProperties: several([additionalProperties as Schema, RANGE]) };
}

function file(title: string, description: string, value: (name: OptionName) => Schema): Schema {
  const properties = OPTION_NAMES.map((name) => {
    const { help, default: usual } = OPTIONS[name];
    return [name, { description: help, default: usual, ...value(name) }];
  });
  return {
    $schema: DRAFT,
    title,
    description,
    type: 'object',
    properties: { $schema: { type: 'string' }, ...Object.fromEntries(properties) },
    additionalProperties: false,
  };
}

export const scenarioJsonSchema = (): Schema =>
  file('specsim scenario', 'What a run is asked; flags win over it.', scenarioValue);

export const gridJsonSchema = (): Schema => ({
  ...file('specsim grid', 'A scenario whose keys may hold several values: a point each combination.', axis),
  $defs: { range },
});
