/** Stored output of commands: test/golden/NAME holds command.txt and stdout.txt. UPDATE_GOLDEN=1 writes it anew. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
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
    const output = execFileSync(process.execPath, [PROGRAM, ...command.split(' ').slice(1)], {
      encoding: 'utf8',
    });
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(stored, output);
    else expect(output).toBe(existsSync(stored) ? readFileSync(stored, 'utf8') : 'nothing stored');
  });
});
