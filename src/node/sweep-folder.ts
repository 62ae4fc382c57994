/**
 * A folder of results. `sweep.json` says which sweep it is; `points*.jsonl`, one file for each time that a shard was
 * started or resumed, hold a line for each finished point. Lines are appended whole; what a kill or a full disk cut
 * off is a last line without its end, and does not count. No process writes where another did, so that two at once
 * do work twice at worst.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../errors.ts';
import { readJson } from '../json.ts';
import { sha256 } from '../sha256.ts';
import type { Shard } from '../sweep/plan.ts';
import { headAt, type PointRecord, recordsOf, type SweepHead } from '../sweep/records.ts';
import { readText } from './input.ts';
import { writeWhole } from './output.ts';

const HEAD = 'sweep.json';

/** Appends lines; a write that fails is a UserError. */
export interface Appender {
  append(lines: string): void;
  close(): void;
}

/**
 * Makes or reopens a folder.
 *
 * @returns what is finished already in any shard, and how to begin a file to append to
 * @throws UserError when the folder holds another sweep, or this one and `resume` is not set, or cannot be written
 */
export async function openFolder(
  folder: string,
  head: SweepHead,
  { index, count }: Shard,
  resume: boolean,
): Promise<{ readonly done: readonly PointRecord[]; readonly begin: () => Appender }> {
  await mkdir(folder, { recursive: true }).catch((error) => {
    if (error.code === 'EEXIST')
      throw new UserError(`--out ${folder}: is not a folder, expected one or a new name`);
    throw cannotWrite(folder, error);
  });
  const known = await readHead(folder);
  if (known !== null && known.sweep !== head.sweep) {
    throw new UserError(
      `--out ${folder}: holds results of another sweep (${known.points} points, ${known.tool}), expected an empty folder or this sweep's`,
    );
  }
  if (known !== null && known.program !== head.program) {
    throw new UserError(
      `--out ${folder}: holds results of another build of ${known.tool}, expected an empty folder or the program that wrote them`,
    );
  }
  const own = count === 1 ? 'points' : `points-${index}-of-${count}`;
  const begun = (await readdir(folder)).includes(`${own}.jsonl`);
  if (!resume && (begun || (known !== null && count === 1))) {
    throw new UserError(
      `--out ${folder}: holds results, expected an empty folder; --resume goes on with them`,
    );
  }
  if (known === null) await writeWhole(join(folder, HEAD), `${JSON.stringify(head)}\n`);
  return { done: resume ? await readRecords(folder) : [], begin: () => appender(folder, own) };
}

/** The head of a folder's sweep, null when there is none. */
export async function readHead(folder: string): Promise<SweepHead | null> {
  const path = join(folder, HEAD);
  const text = await textOf(path);
  if (text === '') return null;
  return headAt(readJson({ text, where: path }), path);
}

/** Every finished point of a folder, in the order of its files. */
export async function readRecords(folder: string): Promise<PointRecord[]> {
  const names = (await readdir(folder)).filter((name) => /^points.*\.jsonl$/.test(name)).sort();
  const texts = await Promise.all(names.map((name) => textOf(join(folder, name))));
  return texts.flatMap((text, i) => recordsOf(text, join(folder, names[i]!)));
}

/** SHA-256 of the files that this program is: where it is built those beside this one, else all that were written. */
export async function programHash(): Promise<string> {
  const built = import.meta.url.endsWith('.js');
  const root = fileURLToPath(new URL(built ? '.' : '..', import.meta.url));
  const names = (await readdir(root, { recursive: true })).filter((name) => /\.[jt]s$/.test(name));
  const texts = names.sort().map(async (name) => [name, await readFile(join(root, name), 'utf8')]);
  return sha256((await Promise.all(texts)).flat().join('\n'));
}

/** Empty when there is no such file; a device has no end to read to. */
async function textOf(path: string): Promise<string> {
  const kind = await stat(path).catch(() => null);
  if (kind === null || !kind.isFile()) return '';
  return readText(path);
}

/** Appends to `NAME.jsonl`, or to the first of `NAME.2.jsonl` and so on that nobody has begun. */
function appender(folder: string, name: string): Appender {
  let path = join(folder, `${name}.jsonl`);
  const attempt = <T>(act: () => T): T => {
    try {
      return act();
    } catch (error) {
      throw cannotWrite(path, error);
    }
  };
  let file: number | null = null;
  for (let time = 2; file === null; time++) {
    file = attempt(() => openNew(path));
    if (file === null) path = join(folder, `${name}.${time}.jsonl`);
  }
  const opened = file;
  return {
    append(lines) {
      const bytes = Buffer.from(lines);
      let written = 0;
      while (written < bytes.length) written += attempt(() => writeSync(opened, bytes, written));
    },
    close: () => closeSync(opened),
  };
}

/** Null when there is such a file. */
function openNew(path: string): number | null {
  try {
    return openSync(path, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null;
    throw error;
  }
}

function cannotWrite(path: string, error: unknown): UserError {
  return new UserError(
    `${path}: cannot be written (${(error as NodeJS.ErrnoException).code}); --resume goes on with what is there`,
  );
}
