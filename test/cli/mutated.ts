/**
 * Files of every kind, changed at random, through the commands that read them: an answer or a line, never a stack, a figure
 * that is none, 10 s or 1 GB.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import seedrandom from 'seedrandom';
import { mistake, specsim } from '../../src/cli/program.ts';
import { SAMPLES } from '../acceptance-samples.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Small files of every format, and what failed once. */
const FOLDERS = ['examples/files', 'test/fixtures', 'test/fixtures/fuzz'];
const DOCUMENTS = [
  'hardware-profiles/h100-sxm.json',
  'hardware-profiles/engines/vllm-0.10.json',
  'models/llama-3.1-8b.json',
  'models/heads/eagle3-llama-3.1-8b.json',
  'examples/sweep/grid.json',
  'test/fixtures/sweep/sweep.json',
  'test/fixtures/sweep/points.jsonl',
];
const FEW = ['--requests', '2', '--batch', '1', '--method', 'none'];
const MOST_MS = 10_000;
const MOST_BYTES = 1e9;

/** A text, by what its name says it is. */
interface Sample {
  readonly name: string;
  readonly bytes: Buffer;
}

/** What reads a file, by what its name or folder says it is. */
function commandsOf(path: string): string[][] {
  if (/h100-sxm\.json$/.test(path)) return [['run', '--gpu', path, ...FEW]];
  if (/vllm-0\.10\.json$/.test(path)) return [['run', '--engine', path, ...FEW]];
  if (/eagle3-llama-3\.1-8b\.json$/.test(path))
    return [['run', '--draft', path, ...FEW.slice(0, 4), '--method', 'eagle3']];
  if (/llama-3\.1-8b\.json$/.test(path))
    return [
      ['run', '--target', path, ...FEW],
      ['model', path],
    ];
  if (/(?:grid|scenario)\.json$/.test(path)) return [['run', path, '--requests', '2']];
  if (/draft-table\.json$/.test(path)) {
    return [['run', '--policy', `table:${path}`, '--method', 'eagle3', ...FEW.slice(0, 4)]];
  }
  if (/(?:sweep\.json|points\.jsonl)$/.test(path)) {
    const folder = join(path, '..');
    return ['csv', 'json'].map((format) => ['sweep', 'merge', folder, '--format', format]);
  }
  if (/tree\.json$/.test(path)) {
    return [['run', '--tree', `file:${path}`, '--method', 'eagle3', ...FEW.slice(0, 4)]];
  }
  return [
    ['trace', 'inspect', path],
    ['run', '--workload', path, ...FEW.slice(0, 2), '--method', 'none'],
    ['run', '--trace', path, ...FEW],
    ['trace', 'export', path, '--to', 'sglang-simulate'],
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

/** Files that ship or are committed, and a made-up one of every format of acceptance. */
function corpus(): Sample[] {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { withFileTypes: true })
      .filter((one) => one.isFile() && /\.\w+$/.test(one.name) && !one.name.endsWith('.md'))
      .map((one) => `${folder}/${one.name}`),
  );
  return [
    ...[...files.sort(), ...DOCUMENTS].map((name) => ({ name, bytes: readFileSync(join(ROOT, name)) })),
    ...Object.entries(SAMPLES).map(([name, text]) => ({
      name: `sample-${name}.txt`,
      bytes: Buffer.from(text),
    })),
    { name: 'tree.json', bytes: Buffer.from('[[0], [0, 0], [1], [0, 1], [0, 0, 0]]') },
  ];
}

/**
 * Runs mutated files.
 *
 * @param scratch a folder for them; those that failed stay there
 * @returns a line for each that ended with a stack, printed a figure that is none, or took too long or too much
 */
export async function runMutated(count: number, seed: string, scratch: string): Promise<string[]> {
  const draw = seedrandom(seed);
  const samples = corpus();
  const failures: string[] = [];
  for (let i = 0; i < count; i++) {
    const { name, bytes: whole } = samples[Math.floor(draw() * samples.length)]!;
    let bytes = whole;
    for (let times = 1 + Math.floor(draw() * 3); times > 0; times--) bytes = changed(bytes, draw);
    const folder = join(scratch, String(i));
    mkdirSync(folder, { recursive: true });
    // What stands beside it is whole.
    if (/fixtures\/sweep\//.test(name)) cpSync(join(ROOT, name, '..'), folder, { recursive: true });
    const path = join(folder, name.split('/').at(-1)!);
    writeFileSync(path, bytes);
    const commands = commandsOf(path);
    const words = commands[Math.floor(draw() * commands.length)]!;
    const problem = await problemOf(words);
    if (problem === null) rmSync(folder, { recursive: true });
    else failures.push(`${words.join(' ')}: ${problem}`);
  }
  return failures;
}

/** Every committed file as it is, through all that reads it. */
export async function runCorpus(): Promise<string[]> {
  const failures: string[] = [];
  for (const { name } of corpus().filter((one) => one.name.startsWith('test/fixtures/fuzz/'))) {
    for (const words of commandsOf(join(ROOT, name))) {
      const problem = await problemOf(words);
      if (problem !== null) failures.push(`${words.join(' ')}: ${problem}`);
    }
  }
  return failures;
}

async function problemOf(words: readonly string[]): Promise<string | null> {
  // Of the processor, as the machine may have more to do.
  const began = process.cpuUsage();
  const before = process.memoryUsage.rss();
  const problem = await outcomeOf(words);
  if (problem !== null) return problem;
  const { user, system } = process.cpuUsage(began);
  const [ms, bytes] = [(user + system) / 1e3, process.memoryUsage.rss() - before];
  if (ms > MOST_MS) return `${ms} ms`;
  return bytes > MOST_BYTES ? `${Math.round(bytes / 1e6)} MB` : null;
}

async function outcomeOf(words: readonly string[]): Promise<string | null> {
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
