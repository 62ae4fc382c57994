/**
 * The command line as a few files, since opening hundreds of modules takes longer than a run: dist/cli/main.js, the
 * worker of sweeps, and chunks that are loaded on demand. Libraries that most runs never need stay outside.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { writeFonts } from './font.mjs';
import { writePage } from './page.mjs';

const OUT = 'dist';

const { metafile } = await build({
  entryPoints: {
    'cli/main': 'src/cli/main.ts',
    'chunks/sweep-worker': 'src/node/sweep-worker.ts',
    // The library loads it too, in place of what tsc made of it: a fiftieth of mathjs, which need not be installed.
    'unit-factors': 'src/unit-factors.ts',
  },
  outdir: OUT,
  // Chunks lie as deep as the program, as the shipped profiles are found from either.
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: ['@resvg/resvg-js', '@noble/hashes', 'hyparquet', 'hyparquet-writer'],
  alias: { 'string-width': './src/cli/string-width.ts' },
  metafile: true,
  // Less to parse; names stay, as stacks of faults show them.
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: 'warning',
});

const MIT = /Permission is hereby granted[\s\S]*/.exec(
  readFileSync('node_modules/esbuild/LICENSE.md', 'utf8'),
)[0];

/** Licences ask to stand beside what is copied. */
function licencesOf(inputs, others = []) {
  const folders = Object.keys(inputs).flatMap((path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []);
  const texts = [...new Set([...folders, ...others])].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    const first = (names) => names.map((file) => `${folder}/${file}`).find(existsSync);
    const files = [
      first(['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license', 'LICENCE', 'LICENCE.md', 'LICENSE.MIT']),
      first(['NOTICE']),
    ];
    const text = files.flatMap((file) => (file === undefined ? [] : [readFileSync(file, 'utf8').trim()]));
    // A package without a file of it has its notice at the head of what is bundled.
    if (text.length === 0) {
      const source = Object.keys(inputs).find((path) => path.startsWith(`${folder}/`));
      const [head] = /^(?:\s*\/\/.*\n|\s*\n)*(?:\s*\/\*[\s\S]*?\*\/)?/.exec(readFileSync(source, 'utf8'));
      text.push(head.replace(/^[ \t]*(?:\/\/|\/\*+|\*\/|\*)? ?/gm, '').trim());
      if (license === 'MIT' && !head.includes('Permission is hereby granted')) text.push(MIT);
    }
    if (text.join('').length < 500) throw new Error(`${folder}: no text of its licence`);
    return `${name} ${version} (${license})\n\n${text.join('\n\n')}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}
writeFileSync(
  `${OUT}/THIRD-PARTY-LICENCES.txt`,
  licencesOf(metafile.inputs, ['node_modules/@fontsource/noto-sans']),
);

writeFonts(`${OUT}/fonts`);
await writePage(`${OUT}/web/explore.html`, (inputs) => licencesOf(inputs));
