/** Stored output of commands: test/golden/NAME holds command.txt, a line a command, and stdout.txt. UPDATE_GOLDEN=1 writes it anew. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const PROGRAM = join(import.meta.dirname, '../dist/cli/main.js');
const FOLDER = join(import.meta.dirname, 'golden');
const names = readdirSync(FOLDER);

describe('stored output', () => {
  it('exists', () => expect(names.length).toBeGreaterThan(4));

  it.each(names)('%s', (name) => {
    const command = readFileSync(join(FOLDER, name, 'command.txt'), 'utf8').trim();
    const stored = join(FOLDER, name, 'stdout.txt');
    const scratch = mkdtempSync(join(tmpdir(), 'specsim-golden-'));
    const output = command
      .split('\n')
      .map((line) => {
        const words = line.replaceAll('SCRATCH', scratch).split(' ').slice(1);
        return execFileSync(process.execPath, [PROGRAM, ...words], { encoding: 'utf8' });
      })
      .join('')
      .replaceAll(scratch, 'SCRATCH');
    rmSync(scratch, { recursive: true });
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(stored, output);
    else expect(output).toBe(existsSync(stored) ? readFileSync(stored, 'utf8') : 'nothing stored');
  });
});
