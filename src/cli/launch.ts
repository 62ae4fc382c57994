/**
 * Starts a part of the program, which is one file (scripts/bundle.mjs), with the code that V8 made of it when it was
 * built: compiling that anew takes longer than many commands run. Code is of one version of V8; where it was built with
 * another, Node keeps what it compiles, from 22.1 on.
 */
import { readFileSync } from 'node:fs';
import module from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';

/** Which part, as the bundle has it. */
declare const PART: string;

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
  // The file is ASCII.
  const script = new Script(module.wrap(readFileSync(FILE, 'latin1')), { filename: FILE, cachedData });
  const made = { exports: {} as Program };
  script.runInThisContext()(made.exports, require, made, FILE, __dirname);
  return made.exports;
}

program()[PART]!();
