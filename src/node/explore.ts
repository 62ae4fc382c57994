/** `specsim explore`: the page that runs the simulator, one file that opens in a browser. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { UserError } from '../errors.ts';
import { checkWritable } from './output.ts';

interface ExploreRequest {
  readonly out: string | undefined;
  readonly open: boolean;
  /** What a link has behind its hash. */
  readonly state: string | undefined;
}

/** Prints the address of the page, or of its copy. */
export async function explore({ out, open, state }: ExploreRequest): Promise<void> {
  const shipped = ['../web/explore.html', '../../dist/web/explore.html']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(path));
  if (shipped === undefined)
    throw new UserError('explore: the page was not built, expected npm run build before');
  if (out !== undefined) {
    await checkWritable(out, '--out');
    await copyFile(shipped, out).catch((error: NodeJS.ErrnoException) => {
      throw new UserError(`--out ${out}: cannot be written (${error.code})`);
    });
  }
  const address = `${pathToFileURL(out ?? shipped).href}${state === undefined ? '' : `#${state}`}`;
  process.stdout.write(`${address}\n`);
  if (open) opened(address);
}

function opened(address: string): void {
  const [program, ...words] =
    process.platform === 'darwin'
      ? ['open']
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '']
        : ['xdg-open'];
  const child = spawn(program!, [...words, address], { stdio: 'ignore', detached: true });
  child.on('error', () =>
    process.stderr.write(`--open: no ${program} here, open the address in a browser\n`),
  );
  child.unref();
}
