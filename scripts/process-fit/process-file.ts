/** Process files as they are committed: four decimals, the project's format. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AcceptanceProcess, parseProcess } from '../../src/trace/process.ts';

export function readProcess(path: string): AcceptanceProcess {
  return parseProcess(JSON.parse(readFileSync(path, 'utf8')), path);
}

export function writeProcess(path: string, process: AcceptanceProcess): void {
  // Read back, so that what is written is valid and in the order of the schema.
  const json = JSON.stringify(parseProcess(rounded(process), path), null, 2);
  writeFileSync(
    path,
    execFileSync('npx', ['biome', 'format', '--stdin-file-path=process.json'], { input: json }),
  );
}

export function rounded(process: AcceptanceProcess): AcceptanceProcess {
  return JSON.parse(JSON.stringify(process), (_, value) =>
    typeof value === 'number' ? Number(value.toFixed(4)) : value,
  );
}
