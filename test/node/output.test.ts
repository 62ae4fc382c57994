/** Where a report goes: what is replaced, what is written to, and what is refused. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { readText } from '../../src/node/input.ts';
import { checkWritable, write, writeWhole } from '../../src/node/output.ts';
import { said } from '../cli/command.ts';

const PROGRAM = join(import.meta.dirname, '../../dist/cli/main.js');
const RUN = ['run', '--requests', '3', '--batch', '1', '--method', 'none'];
const folder = mkdtempSync(join(tmpdir(), 'specsim-output-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

describe('a report', () => {
  it('says on standard error which file it is in', async () => {
    const { stdout, stderr } = await said(...RUN, '--out', at('report.txt'));
    expect(stdout).toBe('');
    expect(stderr).toBe(`wrote ${at('report.txt')}\n`);
    expect(readFileSync(at('report.txt'), 'utf8')).toContain('llama-3.1-8b');
  });

  it('is written where a symbolic link leads, also where nothing is yet', async () => {
    symlinkSync('later.txt', at('link'));
    symlinkSync('link', at('link-to-link'));
    for (const text of ['first', 'second']) {
      await writeWhole(at('link-to-link'), text);
      expect(readFileSync(at('later.txt'), 'utf8')).toBe(text);
    }
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
    symlinkSync('self', at('self'));
    await expect(checkWritable(at('self'), '--out')).rejects.toThrow('leads to itself');
  });

  it('keeps the permissions of the file that it replaces, and leaves nothing beside it', async () => {
    writeFileSync(at('private.txt'), '', { mode: 0o600 });
    await writeWhole(at('private.txt'), 'new');
    expect(statSync(at('private.txt')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it.runIf(existsSync('/dev/null'))('goes into a pipe', async () => {
    execFileSync('mkfifo', [at('fifo')]);
    const reader = new Promise((resolve) => execFile('cat', [at('fifo')], (_, text) => resolve(text)));
    await write('through', at('fifo'));
    expect(await reader).toBe('through');
    expect(statSync(at('fifo')).isFIFO()).toBe(true);
  });

  it.runIf(existsSync('/dev/full'))('is refused by a full device, which stays one', async () => {
    await expect(writeWhole('/dev/full', 'x')).rejects.toThrow('/dev/full: cannot be written (ENOSPC)');
    expect(statSync('/dev/full').isCharacterDevice()).toBe(true);
    for (const command of [RUN.join(' '), '--help', 'list gpus']) {
      const line = `"${process.execPath}" "${PROGRAM}" ${command} > /dev/full`;
      const { status, stderr } = spawnSync('sh', ['-c', line], { encoding: 'utf8' });
      expect(stderr).toBe('specsim: standard output: cannot be written (ENOSPC)\n');
      expect(status).toBe(2);
    }
  });
});

describe('what is read', () => {
  it('is never replaced, whatever it is called', async () => {
    const text = JSON.stringify({ requests: 3, batch: 1, method: 'none' });
    writeFileSync(at('scenario.json'), text);
    symlinkSync('scenario.json', at('other-name'));
    for (const out of [
      'scenario.json',
      'other-name',
      '../'.concat(folder.split('/').at(-1)!, '/scenario.json'),
    ]) {
      const { mistake: line } = await said('run', at('scenario.json'), '--out', at(out));
      expect(line).toContain('is read by this command');
    }
    expect(readFileSync(at('scenario.json'), 'utf8')).toBe(text);
    // What one command read another may write.
    expect((await said('run', at('scenario.json'))).mistake).toBeNull();
    expect((await said(...RUN, '--out', at('scenario.json'))).mistake).toBeNull();
  });

  it('may begin with a byte order mark; other encodings and bytes are named', async () => {
    writeFileSync(at('marked.json'), '\uFEFF{"a": 1}');
    expect(await readText(at('marked.json'))).toBe('{"a": 1}');
    writeFileSync(at('wide.json'), Buffer.from('\uFEFF{}', 'utf16le'));
    await expect(readText(at('wide.json'))).rejects.toThrow('UTF-16 text, expected UTF-8');
    writeFileSync(at('zeros.csv.gz'), gzipSync(Buffer.alloc(5e6)));
    await expect(readText(at('zeros.csv.gz'))).rejects.toThrow('NUL byte');
    await expect(readText(folder)).rejects.toThrow('cannot be read (EISDIR)');
    await expect(readText(at('nothing'))).rejects.toThrow('no such file');
  });
});
