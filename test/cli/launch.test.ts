import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const CLI = join(import.meta.dirname, '../../dist/cli');
const [CODE] = readdirSync(CLI).filter((name) => name.endsWith('.cache'));

describe('what starts the program', () => {
  let copy: string;
  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'specsim-launch-'));
    cpSync(CLI, copy, { recursive: true });
  });
  afterAll(() => rmSync(copy, { recursive: true }));

  const version = () =>
    spawnSync(process.execPath, [join(copy, 'main.js'), '--version'], { encoding: 'utf8' }).stdout;

  it('has the code that this Node made of it', () => {
    const watch = join(copy, 'watch.cjs');
    writeFileSync(
      watch,
      `const vm = require('node:vm');
       const { Script } = vm;
       vm.Script = class extends Script {
         constructor(source, options) {
           super(source, options);
           if (options.cachedData !== undefined) console.error(this.cachedDataRejected);
         }
       };`,
    );
    const { stderr } = spawnSync(process.execPath, ['--require', watch, join(CLI, 'main.js'), '--version'], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('false\n');
  });

  it('does the same where the code is broken, and where there is none', () => {
    const said = version();
    expect(said).toMatch(/^specsim \d/);
    writeFileSync(join(copy, CODE!), readFileSync(join(CLI, CODE!)).subarray(0, 5000));
    expect(version()).toBe(said);
    rmSync(join(copy, CODE!));
    expect(version()).toBe(said);
  });

  it('is text of one byte a character, as it is read', () => {
    expect(readFileSync(join(CLI, 'program.js')).every((byte) => byte < 0x80)).toBe(true);
  });
});
