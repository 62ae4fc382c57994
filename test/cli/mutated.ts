/** Files of every kind, changed at random, through the commands that read them: an answer or a line, never a stack. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import seedrandom from 'seedrandom';
import { mistake, specsim } from '../../src/cli/program.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Folders of small files of every format, and documents that ship. */
const FOLDERS = ['examples/files', 'test/fixtures'];
const DOCUMENTS = [
  'hardware-profiles/h100-sxm.json',
  'hardware-profiles/engines/vllm-0.10.json',
  'models/llama-3.1-8b.json',
  'examples/sweep/grid.json',
];
const FEW = ['--requests', '2', '--batch', '1', '--method', 'none'];

/** What reads a file, by what its name or folder says it is. */
function commandsOf(path: string): string[][] {
  if (/h100-sxm\.json$/.test(path)) return [['run', '--gpu', path, ...FEW]];
  if (/vllm-0\.10\.json$/.test(path)) return [['run', '--engine', path, ...FEW]];
  if (/llama-3\.1-8b\.json$/.test(path)) return [['run', '--target', path, ...FEW]];
  if (/(?:grid|scenario)\.json$/.test(path)) return [['run', path, '--requests', '2']];
  if (/draft-table\.json$/.test(path)) {
    return [['run', '--policy', `table:${path}`, '--method', 'eagle3', ...FEW.slice(0, 4)]];
  }
  return [
    ['trace', 'inspect', path],
    ['run', '--workload', path, ...FEW.slice(0, 2), '--method', 'none'],
    ['run', '--trace', path, ...FEW],
  ];
}

const PIECES = [
  '0',
  '-1',
  '1e308',
  '4294967297',
  'NaN',
  'null',
  '"',
  '{',
  '[',
  '\n',
  ',',
  '__proto__',
  '\u001b',
  '\0',
  '=',
];

function changed(bytes: Buffer, draw: () => number): Buffer {
  const at = Math.floor(draw() * bytes.length);
  const to = Math.min(bytes.length, at + 1 + Math.floor(draw() * draw() * bytes.length));
  const piece = Buffer.from(PIECES[Math.floor(draw() * PIECES.length)]!);
  const [before, between, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
  switch (Math.floor(draw() * 5)) {
    case 0:
      return Buffer.concat([before, after]);
    case 1:
      return Buffer.concat([before, between, between, after]);
    case 2:
      return Buffer.concat([before, piece, bytes.subarray(at)]);
    case 3:
      return Buffer.concat([before, Buffer.from([Math.floor(draw() * 256)]), bytes.subarray(at + 1)]);
    default: {
      const numbers = [...bytes.toString('latin1').matchAll(/\d+(?:\.\d+)?/g)];
      const one = numbers[Math.floor(draw() * numbers.length)];
      if (one === undefined) return before;
      return Buffer.concat([bytes.subarray(0, one.index), piece, bytes.subarray(one.index + one[0].length)]);
    }
  }
}

/**
 * Runs mutated files.
 *
 * @param scratch a folder for them; those that failed stay there
 * @returns a line for each that ended with a stack, printed a figure that is none, or took more than 10 s
 */
export async function runMutated(count: number, seed: string, scratch: string): Promise<string[]> {
  const draw = seedrandom(seed);
  const inFolders = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`),
  );
  const corpus = [
    ...inFolders.filter((name) => /\.\w+$/.test(name) && !name.endsWith('.md')).sort(),
    ...DOCUMENTS,
  ];
  const failures: string[] = [];
  mkdirSync(scratch, { recursive: true });
  for (let i = 0; i < count; i++) {
    const name = corpus[Math.floor(draw() * corpus.length)]!;
    let bytes: Buffer = readFileSync(join(ROOT, name));
    for (let times = 1 + Math.floor(draw() * 3); times > 0; times--) bytes = changed(bytes, draw);
    const path = join(scratch, `${i}-${name.replaceAll('/', '-')}`);
    writeFileSync(path, bytes);
    const commands = commandsOf(path);
    const words = commands[Math.floor(draw() * commands.length)]!;
    const began = Date.now();
    const problem = await problemOf(words);
    const late = Date.now() - began > 10_000 ? `${Date.now() - began} ms` : null;
    if (problem === null && late === null) rmSync(path);
    else failures.push(`${words.join(' ')}: ${problem ?? late}`);
  }
  return failures;
}

async function problemOf(words: readonly string[]): Promise<string | null> {
  let printed = '';
  const { write } = process.stdout;
  process.stdout.write = (text) => {
    printed += text;
    return true;
  };
  try {
    await specsim(words);
  } catch (error) {
    const line = mistake(error);
    if (line === null) return String((error as Error).stack);
    return line.includes('\n') ? `more than one line: ${line}` : null;
  } finally {
    process.stdout.write = write;
  }
  return /\bNaN\b|\bInfinity\b|\bundefined\b/.exec(printed)?.[0] ?? null;
}
