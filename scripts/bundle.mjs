/**
 * The command line as one file, since opening hundreds of modules takes longer than a run, with the code that V8 makes of
 * it (src/cli/launch.ts). What few runs need and is large stays outside.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import module from 'node:module';
import { join, resolve } from 'node:path';
import v8 from 'node:v8';
import { Script } from 'node:vm';
import { build } from 'esbuild';
import { writeFonts } from './font.mjs';
import { writePage } from './page.mjs';

const OUT = 'dist';
const CLI = `${OUT}/cli`;

/**
 * What V8 is told before it runs the program. Its optimising compiler takes up to a half of a short command: it would
 * inline functions of up to 460 bytes, 920 in one place, peel loops, and begin with a function at half as many bytes run,
 * and takes longer over it than a run gains (docs/benchmarks.md).
 */
const V8_FLAGS = [
  '--max-inlined-bytecode-size=100',
  '--max-inlined-bytecode-size-cumulative=400',
  '--no-turbo-loop-peeling',
  '--interrupt-budget=140000',
];

const COMMON = { platform: 'node', target: 'node20', minifySyntax: true, logLevel: 'warning' };

// A fiftieth of mathjs, which need not be installed; the library loads it in place of what tsc made of it.
const factors = {
  entryPoints: ['src/unit-factors.ts'],
  bundle: true,
  minifyWhitespace: true,
  metafile: true,
};
const { metafile: ofFactors } = await build({ ...COMMON, ...factors, outdir: OUT, format: 'esm' });
await build({ ...COMMON, ...factors, outdir: CLI, format: 'cjs' });

const program = await build({
  ...COMMON,
  stdin: {
    contents: `
      export const main = () => import('./src/cli/main.ts');
      export const worker = () => import('./src/node/sweep-worker.ts');
      export const command = async (words) => (await import('./src/cli/program.ts')).specsim(words);`,
    resolveDir: '.',
  },
  outfile: `${CLI}/program.js`,
  bundle: true,
  format: 'cjs',
  external: ['@resvg/resvg-js'],
  // Node 20 has no import() for code that was kept.
  supported: { 'dynamic-import': false },
  alias: {
    'string-width': './src/cli/string-width.ts',
    'escalade/sync': './src/cli/no-package.ts',
    assert: './src/cli/asserts.ts',
  },
  plugins: [
    {
      name: 'unit-factors',
      setup({ onResolve }) {
        onResolve({ filter: /\/unit-factors\.ts$/ }, () => ({ path: './unit-factors.js', external: true }));
      },
    },
  ],
  // The program lies as deep as its modules, as what ships with it is found from either.
  define: { 'import.meta.url': 'URL_OF_FILE' },
  banner: { js: "const URL_OF_FILE = require('node:url').pathToFileURL(__filename).href;" },
  // Less to read; names stay, as stacks of faults show them.
  minifyWhitespace: true,
  metafile: true,
});

for (const [name, part] of [
  ['main', 'main'],
  ['sweep-worker', 'worker'],
]) {
  await build({
    ...COMMON,
    entryPoints: { [name]: 'src/cli/launch.ts' },
    outdir: CLI,
    format: 'cjs',
    bundle: true,
    define: { PART: JSON.stringify(part), V8_FLAGS: JSON.stringify(V8_FLAGS) },
    ...(name === 'main' && { banner: { js: '#!/usr/bin/env node' } }),
  });
}
writeFileSync(`${CLI}/package.json`, '{"type":"commonjs"}\n');
for (const old of readdirSync(CLI).filter((name) => name.endsWith('.cache'))) rmSync(join(CLI, old));
writeFileSync(`${CLI}/program-${process.versions.v8}.cache`, await codeOf(resolve(CLI, 'program.js')));

/** What V8 made of the program by the time that it has helped and answered: functions are compiled when they are called. */
async function codeOf(file) {
  for (const flag of V8_FLAGS) v8.setFlagsFromString(flag);
  const script = new Script(module.wrap(readFileSync(file, 'latin1')), { filename: file });
  const made = { exports: {} };
  script.runInThisContext()(made.exports, module.createRequire(file), made, file, resolve(CLI));
  const { write } = process.stdout;
  process.stdout.write = () => true;
  for (const command of ['--help', 'run --method eagle3 --k 3 --batch 1 --requests 20'])
    await made.exports.command(command.split(' '));
  process.stdout.write = write;
  return script.createCachedData();
}

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
  licencesOf({ ...program.metafile.inputs, ...ofFactors.inputs }, ['node_modules/@fontsource/noto-sans']),
);

writeFonts(`${OUT}/fonts`);
await writePage(`${OUT}/web/explore.html`, (inputs) => licencesOf(inputs));
