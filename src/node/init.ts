/** `specsim init`: a scenario file to go on from. */
import { writeFile } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { UserError } from '../errors.ts';
import { gatherInputs } from '../scenario/inputs.ts';
import { completeScenario, DEFAULTS, type OptionName, parseOptions } from '../scenario/options.ts';
import { inShell } from '../shell.ts';
import { folderLibrary } from './folder-library.ts';
import { checkWritable } from './output.ts';

const SCHEMA = fileURLToPath(new URL('../../schemas/scenario.json', import.meta.url));

/** What most people change first. */
const FIRST: readonly OptionName[] = ['gpu', 'target', 'method', 'k', 'batch', 'trace'];

/**
 * Writes what the flags ask for, and the defaults of what most people change first.
 *
 * @param flags as written, by flag
 * @throws UserError where a run would refuse them, or the file is there
 */
export async function init(file: string, flags: Readonly<Record<string, unknown>>): Promise<void> {
  const named = parseOptions(flags, (flag) => `--${flag}`);
  await gatherInputs(completeScenario(named), folderLibrary);
  await checkWritable(file, 'init');
  const first = Object.fromEntries(FIRST.map((name) => [name, DEFAULTS[name]]));
  const text = JSON.stringify({ $schema: schemaFrom(dirname(resolve(file))), ...first, ...named }, null, 2);
  await writeFile(file, `${text}\n`, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(
      error.code === 'EEXIST'
        ? `init ${file}: is there already, expected the name of a new file`
        : `init ${file}: cannot be written (${error.code})`,
    );
  });
  process.stdout.write(`wrote ${file}; next: specsim run ${inShell(file)}\n`);
}

/** Where an editor finds the schema: beside the file as far as it lies below, else anywhere. */
function schemaFrom(folder: string): string {
  const path = relative(folder, SCHEMA);
  return path.startsWith('..') ? pathToFileURL(SCHEMA).href : `./${path.replaceAll(sep, '/')}`;
}
