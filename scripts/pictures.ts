/** The pictures of README and docs, each by the command that stands beside it: npx tsx scripts/pictures.ts */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { specsim } from '../src/cli/program.ts';

const ROOT = join(import.meta.dirname, '..');

/** Commands of docs/pictures.md that write a picture, as they stand there. */
export function pictureCommands(): string[] {
  const text = readFileSync(join(ROOT, 'docs/pictures.md'), 'utf8');
  return [...text.matchAll(/^specsim (plot .*--out docs\/pictures\/\S+)$/gm)].map(([, words]) => words!);
}

/** Makes a picture in a folder that stands for the root. */
export function make(command: string, root: string): Promise<void> {
  return specsim(command.replace('docs/pictures', join(root, 'docs/pictures')).split(' '));
}

if (process.argv[1]?.endsWith('pictures.ts')) {
  mkdirSync(join(ROOT, 'docs/pictures'), { recursive: true });
  for (const command of pictureCommands()) await make(command, ROOT);
}
