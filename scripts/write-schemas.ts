/** Writes the JSON Schemas that editors read: `npx tsx scripts/write-schemas.ts`. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { engineJsonSchema } from '../src/cost/engine-profile.ts';
import { hardwareJsonSchema } from '../src/hardware/schema.ts';
import { gridJsonSchema, scenarioJsonSchema } from './option-schemas.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const schemas = {
  'hardware-profiles/schema.json': hardwareJsonSchema(),
  'hardware-profiles/engines/schema.json': engineJsonSchema(),
  'schemas/scenario.json': scenarioJsonSchema(),
  'schemas/grid.json': gridJsonSchema(),
};

for (const [path, schema] of Object.entries(schemas)) {
  writeFileSync(`${root}/${path}`, `${JSON.stringify(schema, null, 2)}\n`);
}
execFileSync('npx', ['biome', 'format', '--write', ...Object.keys(schemas)], { cwd: root, stdio: 'inherit' });
