/** Writes a report to the terminal or to a file: whole or not at all where that is a file that can be replaced. */
import { createWriteStream } from 'node:fs';
import { access, chmod, constants, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { UserError } from '../errors.ts';
import { wasRead } from './input.ts';

/** The whole text (or bytes), or its parts; in parts, a file named `.gz` is written in gzip. */
type Content = string | Uint8Array | Iterable<string> | AsyncIterable<string>;

/**
 * Checks that a file can be written, before any work is done for it.
 *
 * @param where the flag that names it
 * @throws UserError when its folder is missing or not writable, it is a folder itself, or it is read as well
 */
export async function checkWritable(path: string, where: string): Promise<void> {
  const target = await targetOf(path);
  const folder = dirname(target.path);
  const kind = await stat(folder).catch(() => null);
  if (kind === null) throw new UserError(`${where} ${path}: folder ${folder} does not exist`);
  if (!kind.isDirectory()) throw new UserError(`${where} ${path}: ${folder} is not a folder`);
  if ((await stat(path).catch(() => null))?.isDirectory()) {
    throw new UserError(`${where} ${path}: is a folder, expected a file`);
  }
  await checkNoInput(path, where);
  if (target.mode !== null) {
    await access(target.path, constants.W_OK).catch(() => {
      throw new UserError(`${where} ${path}: is not writable`);
    });
  }
  if (target.through) return;
  await access(folder, constants.W_OK).catch(() => {
    throw new UserError(`${where} ${path}: folder ${folder} is not writable`);
  });
}

/** Refuses to replace a file that was read. */
export async function checkNoInput(path: string, where: string): Promise<void> {
  if (!(await wasRead(path))) return;
  throw new UserError(`${where} ${path}: is read by this command, expected another file to write`);
}

/** Writes text to standard output, or to the file that `--out` names, and says so on standard error. */
export async function write(content: string | Uint8Array, out: string | undefined): Promise<void> {
  if (out === undefined) {
    process.stdout.write(content);
    return;
  }
  const { through } = await writeWhole(out, content);
  if (!through) process.stderr.write(`wrote ${out}\n`);
}

/** Writes beside a file and renames, so that nobody ever sees half of it; devices and pipes are written to. */
export async function writeWhole(path: string, content: Content): Promise<Target> {
  await checkNoInput(path, 'output');
  const target = await targetOf(path);
  const partial = target.through ? path : `${target.path}.partial-${crypto.randomUUID()}`;
  const parts = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
  const zipped = parts === content && path.endsWith('.gz');
  // A new file only, never one that somebody put there; a pipe or a shell's redirection goes on at its end.
  const file = () => createWriteStream(partial, { flags: target.through ? 'a' : 'wx' });
  try {
    if (zipped) await pipeline(Readable.from(parts), createGzip(), file());
    else await pipeline(Readable.from(parts), file());
    if (!target.through) {
      if (target.mode !== null) await chmod(partial, target.mode);
      await rename(partial, target.path);
    }
  } catch (error) {
    if (!target.through) await rm(partial, { force: true });
    if (error instanceof UserError) throw error;
    throw new UserError(`${path}: cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
  return target;
}

interface Target {
  /** Where symbolic links lead. */
  readonly path: string;
  /** Written to as it is: a device, a pipe, or what a shell redirected. */
  readonly through: boolean;
  /** Permissions of the file that stands there; null for none. */
  readonly mode: number | null;
}

/** What this process was handed open, by the names that Linux and macOS have for it. */
const HANDED = /^\/(?:dev\/(?:std(?:out|err)|fd\/\d+)|proc\/[^/]+\/fd\/\d+)$/;

async function targetOf(path: string): Promise<Target> {
  const kind = await stat(path).catch(({ code }: NodeJS.ErrnoException) => {
    if (code !== 'ELOOP') return null;
    throw new UserError(`${path}: a symbolic link that leads to itself, expected a file`);
  });
  if (kind !== null && (!kind.isFile() || HANDED.test(resolve(path)))) {
    return { path, through: !kind.isDirectory(), mode: kind.mode & 0o7777 };
  }
  if (kind !== null) return { path: await realpath(path), through: false, mode: kind.mode & 0o7777 };
  const link = await readlink(path).catch(() => null);
  // Where a link leads nowhere yet, the file is made that it names.
  return link === null ? { path, through: false, mode: null } : targetOf(resolve(dirname(path), link));
}
