/** The page as one file: script, style, profiles, models, traces and licences inside, nothing outside. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { minify } from '@swc/core';
import { build } from 'esbuild';

const texts = (folder) =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((name) => /\.jsonl?$/.test(name) && name !== 'schema.json')
      .sort()
      .map((name) => [name.replace(/\.jsonl?$/, ''), readFileSync(`${folder}/${name}`, 'utf8')]),
  );

/** Lines of some length that stand in several places, by number. */
function sharedLines(texts) {
  const counts = new Map();
  JSON.stringify(texts, (_, text) => {
    if (typeof text !== 'string') return text;
    if (text.includes('\t')) throw new Error('a tab in a file that ships');
    for (const line of text.split('\n').map((one) => one.trimStart()))
      counts.set(line, (counts.get(line) ?? 0) + 1);
    return text;
  });
  const shared = [...counts].filter(([line, count]) => count > 1 && line.length > 40).map(([line]) => line);
  return new Map(shared.map((line, n) => [line, n]));
}

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
  // Long lines that files share, such as sources, stand once, and none is indented: a text is put together again byte for byte.
  const shared = sharedLines({ profiles, traces });
  const packed = JSON.stringify({ profiles, traces }, (_, text) => {
    if (typeof text !== 'string') return text;
    const lines = text.split('\n').map((line) => line.trimStart());
    const short = lines.map((line) => (shared.has(line) ? `\t${shared.get(line)}` : line));
    if (whole(short.join('\n'), [...shared.keys()]) !== text)
      throw new Error(`another indentation: ${text.slice(0, 80)}`);
    return short.join('\n');
  });
  return `const whole = ${whole};
    const lines = ${JSON.stringify([...shared.keys()])};
    const all = (of) => typeof of === 'string'
      ? whole(of, lines)
      : Object.fromEntries(Object.entries(of).map(([name, one]) => [name, all(one)]));
    export const { profiles, traces } = all(${packed});`;
}

/** A text of JSON as it was: lines that stand once in place of their numbers, indented by what is open before them. */
function whole(text, lines) {
  let open = 0;
  const indented = text.split('\n').map((written) => {
    const line = written.startsWith('\t') ? lines[written.slice(1)] : written;
    const own = line.replace(/"(\\.|[^"\\])*"/g, '');
    const closing = /^[}\]]*/.exec(own)[0].length;
    const before = '  '.repeat(open - closing);
    open += own.replace(/[^{[]/g, '').length - own.replace(/[^}\]]/g, '').length;
    return line === '' ? line : before + line;
  });
  return indented.join('\n');
}

/** Modules that are made or others than elsewhere: units outside the table stay unknown to the page, as do traces of servers. */
const inside = {
  name: 'inside',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^shipped$/ }, ({ path }) => ({ path, namespace: 'inside' }));
    onResolve({ filter: /\/unit-factors\.ts$/ }, () => ({ path: 'units', namespace: 'inside' }));
    onResolve({ filter: /^\.\/formats\/index\.ts$/ }, ({ importer }) =>
      importer.includes('/src/trace/') ? { path: resolve('src/web/trace-formats.ts') } : null,
    );
    onLoad({ filter: /.*/, namespace: 'inside' }, ({ path }) => ({
      contents: {
        shipped,
        units: () => "export const unitFactor = () => 'unknown';",
      }[path](),
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
    compress: { passes: 4, toplevel: true, ecma: 2020 },
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
