/** Builds the program where anything that it is made of is newer than it: `npm start` waits for nothing else. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
/** The last file that a build writes. */
const BUILT = 'dist/web/explore.html';
const SOURCES = [
  ...['src', 'scripts', 'hardware-profiles', 'models', 'traces'],
  ...['package-lock.json', 'tsconfig.json', 'tsconfig.build.json'],
];

const changedAt = (path) => statSync(join(ROOT, path)).mtimeMs;

function newest(path) {
  if (!statSync(join(ROOT, path)).isDirectory()) return changedAt(path);
  // A folder changes when a file in it is removed.
  return Math.max(changedAt(path), ...readdirSync(join(ROOT, path)).map((name) => newest(join(path, name))));
}

const built = existsSync(join(ROOT, BUILT)) ? changedAt(BUILT) : 0;
if (SOURCES.some((path) => newest(path) > built)) {
  execFileSync('npm', ['run', '--silent', 'build'], {
    cwd: ROOT,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
}
