/** Rows as a flat table: the columns of the JSON, nested ones joined with a dot. */
import { RESOURCES } from '../cost/fields.ts';
import { DECODE_PARTS, PARTS } from '../cost/work.ts';
import { UNCERTAINTY_PARTS } from '../metrics/confidence.ts';
import { DISTRIBUTION_FIELDS } from '../metrics/distribution.ts';

export interface FlatTable {
  readonly columns: readonly string[];
  /** Null is an empty cell. */
  readonly rows: readonly (readonly (string | number | null)[])[];
}

const NESTED: Readonly<Record<string, readonly string[]>> = {
  time_share: PARTS.map(({ name }) => name),
  step_ms: DECODE_PARTS.map(({ name }) => name),
  verification_share: RESOURCES,
  uncertainty: UNCERTAINTY_PARTS,
  ...Object.fromEntries(
    ['ttft_s', 'tpot_s', 'itl_s', 'itl_step_s', 'e2e_s', 'queue_s'].map((name) => [
      name,
      DISTRIBUTION_FIELDS,
    ]),
  ),
};

/** Every row with the same columns; the first one is the schema version. */
export function flatRows(result: {
  readonly schemaVersion: number;
  readonly rows: readonly object[];
}): FlatTable {
  const rows = result.rows.map((row) => flatten(result.schemaVersion, row));
  const columns = Object.keys(rows[0] ?? {});
  return { columns, rows: rows.map((row) => columns.map((column) => row[column] ?? null)) };
}

function flatten(schemaVersion: number, row: object): Record<string, string | number | null> {
  const flat: Record<string, string | number | null> = { schema_version: schemaVersion };
  for (const [key, value] of Object.entries(row)) {
    const inner = Object.hasOwn(NESTED, key) ? NESTED[key] : undefined;
    if (inner === undefined) flat[key] = value;
    else for (const name of inner) flat[`${key}.${name}`] = value?.[name] ?? null;
  }
  return flat;
}
