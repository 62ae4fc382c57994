/**
 * What the page has in place of zod, which would take a twentieth of its room: the part of `zod/mini` that src uses, for
 * data from JSON, with the same values and the same first issue (test/web/page-schemas.laws.test.ts). Nothing but a page
 * that is made by scripts/page.mjs runs it.
 */

const said = (error) => (typeof error === 'string' ? () => error : error);
const errorOf = (params) => said(typeof params === 'string' ? params : params?.error);

export class ZodMiniType {
  /** @param read of a value, which gives what it is and reports what is wrong with it */
  constructor(read, params, more = {}) {
    Object.assign(this, { read, checks: [], error: errorOf(params) }, more);
  }
  check(...checks) {
    const copy = Object.assign(Object.create(Object.getPrototypeOf(this)), this);
    return Object.assign(copy, { checks: [...this.checks, ...checks.filter((one) => one !== null)] });
  }
  register(registry, meta) {
    registry.add(this, meta);
    return this;
  }
  /** @param path of the value in the whole */
  run(input, path, issues) {
    const own = [];
    const report = (issue, at = [], error = this.error) =>
      own.push({ input, ...issue, path: [...path, ...at], error });
    const inside = (schema, value, key) => schema.run(value, [...path, key], own);
    let value = this.read(input, report, inside, { path, issues: own });
    for (const check of own.some(isFatal) ? [] : this.checks) {
      const payload = { value, issues: [], report };
      check(payload);
      value = payload.value;
      for (const issue of payload.issues) report(issue, issue.path, () => issue.message);
    }
    issues.push(...own);
    return value;
  }
  safeParse(input, { error } = {}) {
    const issues = [];
    const data = this.run(input, [], issues);
    for (const issue of issues) {
      const message = issue.error?.(issue) ?? error?.(issue) ?? 'Invalid input';
      issue.message = typeof message === 'string' ? message : message.message;
    }
    return issues.length === 0 ? { success: true, data } : { success: false, error: { issues } };
  }
}
export class ZodMiniOptional extends ZodMiniType {}
export class ZodMiniNumber extends ZodMiniType {}
export class ZodMiniNumberFormat extends ZodMiniNumber {}
export class ZodMiniObject extends ZodMiniType {}

/** Issues of checks leave the value as it is: others go on. */
const isFatal = ({ soft }) => !soft;

const ofType =
  (expected, is, Type = ZodMiniType) =>
  (params) =>
    new Type((input, report) => {
      if (!is(input)) report({ code: 'invalid_type', expected });
      return input;
    }, params);

export const string = ofType('string', (input) => typeof input === 'string');
export const boolean = ofType('boolean', (input) => typeof input === 'boolean');
export const number = ofType('number', Number.isFinite, ZodMiniNumber);

const SAFE = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];

/** What is beyond the whole numbers that are told apart is told of those, whatever the range. */
const whole =
  (...range) =>
  (params) =>
    new ZodMiniNumberFormat((input, report) => {
      const [minimum, maximum] = Number.isSafeInteger(input) ? range : SAFE;
      const more = { origin: 'int', inclusive: true, soft: true };
      if (!Number.isFinite(input)) report({ code: 'invalid_type', expected: 'number' });
      else if (!Number.isInteger(input)) report({ code: 'invalid_type', expected: 'int' });
      else if (input > maximum) report({ code: 'too_big', maximum, ...more });
      else if (input < minimum) report({ code: 'too_small', minimum, ...more });
      return input;
    }, params);
export const int = whole(...SAFE);
export const int32 = whole(-(2 ** 31), 2 ** 31 - 1);

const oneOf = (values, params) =>
  new ZodMiniType(
    (input, report) => {
      if (!values.includes(input)) report({ code: 'invalid_value', values });
      return input;
    },
    params,
    { values },
  );
export const literal = (value, params) => oneOf([value].flat(), params);
const choice = (values, params) => oneOf(Object.values(values), params);

export { choice as enum };

export const optional = (inner) =>
  new ZodMiniOptional(
    (input, _, __, { path, issues }) => (input === undefined ? input : inner.run(input, path, issues)),
    undefined,
    { def: { innerType: inner }, mayLack: true },
  );
export const exactOptional = (inner) =>
  new ZodMiniType((input, _, __, { path, issues }) => inner.run(input, path, issues), undefined, {
    mayLack: true,
  });
export const nullable = (inner) =>
  new ZodMiniType((input, _, __, { path, issues }) =>
    input === null ? null : inner.run(input, path, issues),
  );

export const array = (element, params) =>
  new ZodMiniType((input, report, inside) => {
    if (Array.isArray(input)) return Array.from(input, (value, i) => inside(element, value, i));
    report({ code: 'invalid_type', expected: 'array' });
  }, params);

export const tuple = (items, params) =>
  new ZodMiniType((input, report, inside) => {
    const bound = { origin: 'array', inclusive: true };
    if (!Array.isArray(input)) report({ code: 'invalid_type', expected: 'tuple' });
    else if (input.length < items.length) report({ code: 'too_small', minimum: items.length, ...bound });
    else {
      if (input.length > items.length) report({ code: 'too_big', maximum: items.length, ...bound });
      return items.map((item, i) => inside(item, input[i], i));
    }
  }, params);

const isObject = (input) => typeof input === 'object' && input !== null && !Array.isArray(input);

export const record = (_, value, params) =>
  new ZodMiniType((input, report, inside) => {
    if (!isObject(input)) return report({ code: 'invalid_type', expected: 'record' });
    return Object.fromEntries(Object.entries(input).map(([key, of]) => [key, inside(value, of, key)]));
  }, params);

export function strictObject(shape, params) {
  const read = (input, report, inside) => {
    if (!isObject(input)) return report({ code: 'invalid_type', expected: 'object' });
    const value = {};
    for (const [key, of] of Object.entries(shape)) {
      if (Object.hasOwn(input, key) || !of.mayLack) value[key] = inside(of, input[key], key);
    }
    const keys = Object.keys(input).filter((key) => !Object.hasOwn(shape, key));
    if (keys.length > 0) report({ code: 'unrecognized_keys', keys, soft: true });
    return value;
  };
  return new ZodMiniObject(read, params, { shape, params });
}
export const extend = (schema, shape) => strictObject({ ...schema.shape, ...shape }, schema.params);
export const omit = ({ shape, params }, left) =>
  strictObject(Object.fromEntries(Object.entries(shape).filter(([key]) => !(key in left))), params);

export const union = (options, params) =>
  new ZodMiniType((input, report, _, { path, issues }) => {
    const tried = options.map((option) => {
      const own = [];
      return { value: option.run(input, path, own), own };
    });
    const nearly = tried.filter(({ own }) => !own.some(isFatal));
    const found = tried.find(({ own }) => own.length === 0) ?? (nearly.length === 1 ? nearly[0] : undefined);
    if (found === undefined) return report({ code: 'invalid_union' });
    issues.push(...found.own);
    return found.value;
  }, params);

export const discriminatedUnion = (key, options, params) =>
  new ZodMiniType((input, report, _, { path, issues }) => {
    if (!isObject(input)) return report({ code: 'invalid_type', expected: 'object' });
    const option = options.find(({ shape }) => shape[key].values.includes(input[key]));
    if (option === undefined) return report({ code: 'invalid_union' }, [key]);
    return option.run(input, path, issues);
  }, params);

export const transform = (of) => new ZodMiniType((input) => of(input));
export const pipe = (first, second) =>
  new ZodMiniType((input, _, __, { path, issues }) => {
    const value = first.run(input, path, issues);
    return issues.some(isFatal) ? value : second.run(value, path, issues);
  });

/** What a value has to be beside its type. */
const check =
  (holds, issue, params) =>
  ({ value, report }) => {
    if (!holds(value)) report({ input: value, soft: true, ...issue }, [], errorOf(params));
  };
const bound = (code, side, inclusive, holds) => (limit, params) =>
  check((value) => holds(value, limit), { code, origin: 'number', [side]: limit, inclusive }, params);
export const gt = bound('too_small', 'minimum', false, (value, limit) => value > limit);
export const gte = bound('too_small', 'minimum', true, (value, limit) => value >= limit);
export const lt = bound('too_big', 'maximum', false, (value, limit) => value < limit);
export const lte = bound('too_big', 'maximum', true, (value, limit) => value <= limit);
export const positive = (params) => gt(0, params);
export const nonnegative = (params) => gte(0, params);

const sized = (code, side, holds) => (limit, params) => (payload) => {
  const origin = typeof payload.value === 'string' ? 'string' : 'array';
  const issue = { code, origin, [side]: limit, inclusive: true };
  check(({ length }) => holds(length, limit), issue, params)(payload);
};
export const minLength = sized('too_small', 'minimum', (length, limit) => length >= limit);
export const maxLength = sized('too_big', 'maximum', (length, limit) => length <= limit);
export const length = (limit, params) => (payload) => {
  maxLength(limit, params)(payload);
  minLength(limit, params)(payload);
};
export const regex = (pattern, params) =>
  check((value) => pattern.test(value), { code: 'invalid_format', origin: 'string' }, params);
export const refine = (holds, params) => check(holds, { code: 'custom', origin: 'custom' }, params);
export const trim = () => (payload) => {
  payload.value = payload.value.trim();
};
/** Nobody asks the page for a JSON Schema, nor for what it says of a field. */
export const toJSONSchema = () => null;
export const describe = () => null;
export const meta = () => null;

export const registry = () => {
  const kept = new WeakMap();
  return { add: (schema, value) => kept.set(schema, value), get: (schema) => kept.get(schema) };
};

/** `a.b[0]`, as zod writes it. */
export const toDotPath = (path) =>
  path
    .map((part, i) =>
      typeof part === 'number'
        ? `[${part}]`
        : /[^\w$]/.test(part)
          ? `[${JSON.stringify(part)}]`
          : i > 0
            ? `.${part}`
            : part,
    )
    .join('');
