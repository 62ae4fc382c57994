/** The page as one file: script, style, profiles, models, traces and licences inside, nothing outside. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const texts = (folder) =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((name) => /\.jsonl?$/.test(name) && name !== 'schema.json')
      .sort()
      .map((name) => [name.replace(/\.jsonl?$/, ''), readFileSync(`${folder}/${name}`, 'utf8')]),
  );

/** What ships, as the module that the page imports. */
function shipped() {
  const profiles = {
    gpu: texts('hardware-profiles'),
    engine: texts('hardware-profiles/engines'),
    model: texts('models'),
    head: texts('models/heads'),
    kernels: texts('hardware-profiles/kernels'),
  };
  const traces = Object.fromEntries(
    readdirSync('traces')
      .sort()
      .map((target) => [target, texts(`traces/${target}`)]),
  );
  // Two spaces at the start of a line are a tab, made spaces again: the texts stay what they are, byte for byte.
  const packed = JSON.stringify({ profiles, traces }, (_, text) => {
    if (typeof text !== 'string') return text;
    if (text.includes('\t')) throw new Error('a tab in a file that ships');
    return text.replaceAll(/^(?: {2})+/gm, (spaces) => '\t'.repeat(spaces.length / 2));
  });
  return `const whole = (of) => typeof of === 'string' ? of.replace(/^\\t+/gm, (tabs) => '  '.repeat(tabs.length))
    : Object.fromEntries(Object.entries(of).map(([name, one]) => [name, whole(one)]));
    export const { profiles, traces } = whole(${packed});`;
}

/** Modules that are made or left out: units outside the table stay unknown to the page. */
const inside = {
  name: 'inside',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(shipped|mathjs)$/ }, ({ path }) => ({ path, namespace: 'inside' }));
    onLoad({ filter: /.*/, namespace: 'inside' }, ({ path }) => ({
      contents:
        path === 'shipped'
          ? shipped()
          : 'export const create = () => ({ createUnit() {}, unit() { throw new Error(); } }); export const createUnitDependencies = {}, unitDependencies = {};',
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
    plugins: [inside],
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  // The text of a script ends where it says so, even within a string.
  const script = outputFiles[0].text.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
  const style = readFileSync('src/web/page.css', 'utf8').replaceAll(/\n\s*/g, '');
  const page = readFileSync('src/web/page.html', 'utf8')
    .replace('/*STYLE*/', () => style)
    .replace('/*SCRIPT*/', () => script)
    .replace('/*LICENCES*/', () => licencesOf(metafile.inputs).replaceAll('--', '- -'));
  mkdirSync(file.replace(/[^/]*$/, ''), { recursive: true });
  writeFileSync(file, page);
  return { metafile, bytes: page.length };
}
