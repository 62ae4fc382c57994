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
import { said } from './cli/command.ts';

const PROGRAM = join(import.meta.dirname, '../dist/cli/main.js');
const FOLDER = join(import.meta.dirname, 'golden');
const names = readdirSync(FOLDER);

/** What the commands print, one after the other, their scratch folder by that name. */
async function saidBy(commands: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const scratch = mkdtempSync(join(tmpdir(), 'specsim-golden-'));
  const all = { stdout: '', stderr: '' };
  // A profile that is written bears the day.
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-23') });
  try {
    for (const line of commands) {
      const words = line.replaceAll('SCRATCH', scratch).split(' ').slice(1);
      if (words[0] !== 'sweep' || words.includes('--help')) {
        const { stdout, stderr, mistake } = await said(...words);
        expect(mistake).toBeNull();
        all.stdout += stdout;
        all.stderr += stderr;
      } else all.stdout += execFileSync(process.execPath, [PROGRAM, ...words], { stdio: 'pipe' });
    }
  } finally {
    vi.useRealTimers();
    rmSync(scratch, { recursive: true });
  }
  const shown = (text: string) => text.replaceAll(scratch, 'SCRATCH');
  return { stdout: shown(all.stdout), stderr: shown(all.stderr) };
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
