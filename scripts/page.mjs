/** The page as one file: script, style, profiles, models, traces and licences inside, nothing outside. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { minify } from '@swc/core';
import { build } from 'esbuild';
import { packed, unpacked } from './packed.mjs';

const texts = (folder) =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((name) => /\.jsonl?$/.test(name) && name !== 'schema.json')
      .sort()
      .map((name) => [name.replace(/\.jsonl?$/, ''), readFileSync(`${folder}/${name}`, 'utf8')]),
  );

/** Laws of kernels, of which the page says no more than the engine they were measured with. */
function withoutProvenance(kernels) {
  const brief = (key, value) => (key === 'provenance' ? { source: '-', engine: value.engine } : value);
  return Object.fromEntries(
    Object.entries(kernels).map(([name, text]) => [name, JSON.stringify(JSON.parse(text, brief))]),
  );
}

/** What ships, as the module that the page imports. */
function shipped() {
  const profiles = {
    gpu: texts('hardware-profiles'),
    engine: texts('hardware-profiles/engines'),
    model: texts('models'),
    head: texts('models/heads'),
    kernels: withoutProvenance(texts('hardware-profiles/kernels')),
  };
  const traces = Object.fromEntries(
    readdirSync('traces')
      .sort()
      .map((target) => [target, texts(`traces/${target}`)]),
  );
  const files = { profiles, traces };
  const short = packed(files);
  if (JSON.stringify(unpacked(short)) !== JSON.stringify(files))
    throw new Error('a file that ships is indented in another way');
  return `import { unpacked } from './packed.mjs';
    export const { profiles, traces } = unpacked(${JSON.stringify(short)});`;
}

/** What a schema says of its fields, in files for editors alone, and the part of a terminal's help that an option stands in. */
const SAID =
  /\bgroup: '[a-z]+',|\.check\(\s*z\.describe\(\s*(?:'(?:[^'\\]|\\.)*'|"[^"]*"|`[^`]*`|expected\(unit\)),?\s*\),?\s*\)/g;

/**
 * Modules that are made or others than elsewhere: units outside the table stay unknown to the page, schemas are read without
 * zod, curves of context are fitted by the program alone, and rounds of methods other than a model with a fixed k replayed one by
 * one, for which there is no room.
 */
const inside = {
  name: 'inside',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^shipped$/ }, ({ path }) => ({ path, namespace: 'inside' }));
    onResolve({ filter: /^zod\/(mini|v4\/core)$/ }, () => ({ path: resolve('scripts/page-schemas.mjs') }));
    onResolve({ filter: /\/unit-factors\.ts$/ }, () => ({ path: 'units', namespace: 'inside' }));
    onResolve({ filter: /\/recorded-context\.ts$/ }, () => ({ path: 'fit', namespace: 'inside' }));
    onResolve({ filter: /\/told-pair\.ts$/ }, () => ({ path: 'told', namespace: 'inside' }));
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll(SAID, ''),
      loader: 'ts',
    }));
    onLoad({ filter: /.*/, namespace: 'inside' }, ({ path }) => ({
      contents: {
        shipped,
        told: () => 'export function toldOf() {}',
        units: () => "export const unitFactor = () => 'unknown';",
        fit: () => `import { UserError } from '../src/errors.ts';
          export function dependenceIn() {
            throw new UserError('--acceptance-context recorded: the page fits no curves, expected one such as 4k:1,32k:0.7 (trace inspect shows it), or specsim run');
          }
          export { dependenceIn as recordedCurve, dependenceIn as rememberingContext, dependenceIn as inOtherContexts, dependenceIn as beyondRecorded };`,
      }[path](),
      resolveDir: import.meta.dirname,
    }));
  },
};

/**
 * Writes the page.
 *
 * @param {string} file
 * @param {(inputs: object) => string} licencesOf what stands beside what is copied
 */
export async function writePage(file, licencesOf) {
  const { outputFiles, metafile } = await build({
    entryPoints: ['src/web/main.ts'],
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    // The worker loads the same script: lit-html's build for servers stands that there is no document.
    conditions: ['node'],
    charset: 'utf8',
    // They stand in a comment of their own.
    legalComments: 'none',
    plugins: [inside],
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  // A twentieth less than the bundler makes of it alone: what is called once stands where it is called.
  const { code } = await minify(outputFiles[0].text, {
    compress: {
      passes: 4,
      toplevel: true,
      ecma: 2020,
      pure_getters: true,
      sequences: false,
      unsafe_arrows: true,
    },
    mangle: { toplevel: true },
    ecma: 2020,
    module: false,
  });
  // The text of a script ends where it says so, even within a string.
  const script = code.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
  const style = readFileSync('src/web/page.css', 'utf8').replaceAll(/\n\s*/g, '');
  const page = readFileSync('src/web/page.html', 'utf8')
    .replace('/*STYLE*/', () => style)
    .replace('/*SCRIPT*/', () => script)
    .replace('/*LICENCES*/', () => licencesOf(metafile.inputs).replaceAll('--', '- -'));
  mkdirSync(file.replace(/[^/]*$/, ''), { recursive: true });
  writeFileSync(file, page);
  return { metafile, bytes: page.length };
}
