/**
 * Starts a part of the program, which is one file (scripts/bundle.mjs), with the code that V8 made of it when it was
 * built: compiling that anew takes longer than many commands run. Code is of one version of V8; where it was built with
 * another, Node keeps what it compiles, from 22.1 on.
 */
import { readFileSync } from 'node:fs';
import module from 'node:module';
import { join } from 'node:path';
import v8 from 'node:v8';
import { Script } from 'node:vm';

/** Which part, and what V8 was told when the code was made, as the bundle has them. */
declare const PART: string;
declare const V8_FLAGS: readonly string[];

type Program = Readonly<Record<string, () => Promise<unknown>>>;

const FILE = join(__dirname, 'program.js');

function keptCode(): Buffer | null {
  try {
    return readFileSync(join(__dirname, `program-${process.versions.v8}.cache`));
  } catch {
    return null;
  }
}

function program(): Program {
  const cachedData = keptCode();
  if (cachedData === null) {
    (module as { enableCompileCache?: () => void }).enableCompileCache?.();
    return require(FILE);
  }
  // Other versions of V8 might not know them, and code that was made with others is refused.
  for (const flag of V8_FLAGS) v8.setFlagsFromString(flag);
  // The file is ASCII.
  const script = new Script(module.wrap(readFileSync(FILE, 'latin1')), { filename: FILE, cachedData });
  const made = { exports: {} as Program };
  script.runInThisContext()(made.exports, require, made, FILE, __dirname);
  return made.exports;
}

program()[PART]!();
