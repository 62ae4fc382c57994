/**
 * Stored output of commands: test/golden/NAME holds command.txt, a line a command, stdout.txt, and stderr.txt where
 * anything is said there. `npm run golden` writes them anew. Commands run in this process, which is twice as fast as
 * a process each; sweeps, whose workers are built files, run as they ship.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { specsim } from '../src/cli/program.ts';

const PROGRAM = join(import.meta.dirname, '../dist/cli/main.js');
const FOLDER = join(import.meta.dirname, 'golden');
const names = readdirSync(FOLDER);

interface Said {
  stdout: string;
  stderr: string;
}

async function saidBy(commands: readonly string[]): Promise<Said> {
  const scratch = mkdtempSync(join(tmpdir(), 'specsim-golden-'));
  const said: Said = { stdout: '', stderr: '' };
  const hear = (name: keyof Said, text: unknown) => {
    said[name] += String(text).replaceAll(scratch, 'SCRATCH');
    return true;
  };
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => hear('stdout', text));
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => hear('stderr', text));
  // A profile that is written bears the day.
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-23') });
  const log = vi.spyOn(console, 'log').mockImplementation((text) => hear('stdout', `${text}\n`));
  try {
    for (const line of commands) {
      const words = line.replaceAll('SCRATCH', scratch).split(' ').slice(1);
      if (words[0] !== 'sweep' || words.includes('--help')) await specsim(words);
      else hear('stdout', execFileSync(process.execPath, [PROGRAM, ...words], { stdio: 'pipe' }));
    }
  } finally {
    vi.useRealTimers();
    for (const spy of [stdout, stderr, log]) spy.mockRestore();
    rmSync(scratch, { recursive: true });
  }
  return said;
}

function expectStored(path: string, text: string): void {
  if (process.env.UPDATE_GOLDEN !== '1') {
    expect(text).toBe(existsSync(path) ? readFileSync(path, 'utf8') : '');
  } else if (text !== '') writeFileSync(path, text);
  else rmSync(path, { force: true });
}

describe('stored output', () => {
  it('exists', () => expect(names.length).toBeGreaterThan(40));

  it.each(names)('%s', async (name) => {
    const commands = readFileSync(join(FOLDER, name, 'command.txt'), 'utf8')
      .trim()
      .split('\n');
    const { stdout, stderr } = await saidBy(commands);
    expect(stdout).not.toBe('');
    expectStored(join(FOLDER, name, 'stdout.txt'), stdout);
    expectStored(join(FOLDER, name, 'stderr.txt'), stderr);
  });
});
