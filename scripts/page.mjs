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

/** Lines of some length that stand in several places, by number. */
function sharedLines(texts) {
  const counts = new Map();
  JSON.stringify(texts, (_, text) => {
    if (typeof text !== 'string') return text;
    if (/[\t\r]/.test(text)) throw new Error('a tab or a carriage return in a file that ships');
    for (const line of text.split('\n')) counts.set(line, (counts.get(line) ?? 0) + 1);
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
  // Long lines that files share, such as sources, stand once: a text names them by number behind a tab. So they stay what
  // they are, byte for byte.
  const shared = sharedLines({ profiles, traces });
  const packed = JSON.stringify({ profiles, traces }, (_, text) =>
    typeof text === 'string'
      ? text
          .split('\n')
          .map((line) => (shared.has(line) ? `\t${shared.get(line)}` : line))
          .join('\n')
          .replaceAll(/^(?: {2})+/gm, (spaces) => '\r'.repeat(spaces.length / 2))
      : text,
  );
  return `const lines = ${JSON.stringify([...shared.keys()])};
    const whole = (of) => typeof of === 'string'
      ? of.replace(/^\\r+/gm, (marks) => '  '.repeat(marks.length)).replace(/^\\t(\\d+)/gm, (_, n) => lines[n])
      : Object.fromEntries(Object.entries(of).map(([name, one]) => [name, whole(one)]));
    export const { profiles, traces } = whole(${packed});`;
}

/** Modules that are made or left out: units outside the table, and files of workloads, stay unknown to the page. */
const inside = {
  name: 'inside',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^shipped$/ }, ({ path }) => ({ path, namespace: 'inside' }));
    onResolve({ filter: /\/unit-factors\.ts$/ }, () => ({ path: 'units', namespace: 'inside' }));
    onResolve({ filter: /\/workload\/(read|join)\.ts$/ }, () => ({ path: 'workload', namespace: 'inside' }));
    onLoad({ filter: /.*/, namespace: 'inside' }, ({ path }) => ({
      contents: {
        shipped,
        workload: () =>
          "export const parseWorkload = () => { throw new Error('the page reads no workloads'); }, joinWorkload = parseWorkload;",
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
