/** Pictures in files, through the command line: forms, refusals before any work, and a report that stands alone. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { pngOf } from '../../src/node/picture.ts';
import { said } from '../cli/command.ts';
import { elements, marks } from '../plot/marks.ts';

const PROGRAM = join(import.meta.dirname, '../../dist/cli/main.js');
const scratch = mkdtempSync(join(tmpdir(), 'specsim-plot-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const at = (file: string) => join(scratch, file);
const MEASURED = 'validation/h100-sxm/llama-3.1-8b/speedups.csv';

test('a saved result, a run and --plot draw the same picture', async () => {
  const scenario = ['--requests', '40', '--batch', '1,16'];
  await said('run', ...scenario, '--format', 'json', '--out', at('result.json'), '--plot', at('own.svg'));
  await said('plot', 'speedup', at('result.json'), '--out', at('saved.svg'));
  await said('plot', 'speedup', ...scenario, '--out', at('run.svg'));
  const own = readFileSync(at('own.svg'), 'utf8');
  expect(readFileSync(at('saved.svg'), 'utf8')).toBe(own);
  expect(readFileSync(at('run.svg'), 'utf8')).toBe(own);
  const { rows } = JSON.parse(readFileSync(at('result.json'), 'utf8'));
  const speedups = rows
    .filter((row: { method: string }) => row.method !== 'none')
    .map((row: { speedup: number }) => row.speedup);
  expect(marks(own).map((mark) => Number(mark['data-y']))).toEqual(
    speedups.map((one: number) => Number(one.toPrecision(6))),
  );
});

test('the report asks nobody, and holds the answer, its numbers, the JSON and the command', async () => {
  // A process of its own: the report shows its words.
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    PROGRAM,
    'run',
    '--requests',
    '40',
    '--gpu',
    'l40s',
    '--plot',
    at('report.html'),
    '--format',
    'json',
  ]);
  expect(stderr).toContain('report.html');
  const html = readFileSync(at('report.html'), 'utf8');
  const outside = [...html.matchAll(/(?:src|href|url|@import|action)\s*[=(]\s*["']?([^"'\s)>]+)/g)].map(
    ([, to]) => to,
  );
  // Its own JSON, which a button saves.
  expect(outside).toEqual(['URL.createObjectURL(new']);
  expect(html).toContain("default-src 'none'");
  const json = JSON.parse(JSON.parse(/id="json">(.*?)<\/script>/s.exec(html)![1]!));
  expect(json).toEqual(JSON.parse(stdout));
  expect(html).toContain('specsim run --requests 40 --gpu l40s');
  expect(elements(html, 'p').filter((p) => p.class === 'warning').length).toBe(json.warnings.length);
  expect(html.match(/<svg /g)!.length).toBeGreaterThanOrEqual(3);
  expect(html.match(/<details>/g)!.length).toBe(html.match(/<svg /g)!.length);
});

test.each([
  ['plot speeedup --out S/x.svg', /nearest is speedup/],
  ['plot speedup --out S/x.gif', /expected a file that ends in \.svg, \.png/],
  ['plot speedup', /--out: missing/],
  ['plot speedup --out S/none/x.svg', /folder/],
  ['plot speedup --size 3x3 --out S/x.svg', /expected pixels such as 760x440/],
  ['plot speedup --theme bright --out S/x.svg', /light, dark, print/],
  ['plot best S/result.json --out S/x.svg', /result of specsim tune/],
  ['plot speedup S/result.json --k 3 --out S/x.svg', /--k has no effect/],
  ['plot speedup --load poisson:20 --requests 40 --out S/x.svg', /no batch sizes/],
  ['plot time --measured x.csv --out S/x.svg', /--measured has no effect with plot time/],
  ['plot speedup --measured S/result.json --out S/x.svg', /expected|column|quote/],
  [
    `plot speedup --gpu l40s --requests 40 --measured ${MEASURED} --out S/x.svg`,
    /with gpu h100-sxm, the picture is of "l40s"/,
  ],
  [
    `plot speedup --tp 2 --requests 40 --measured ${MEASURED} --out S/x.svg`,
    /at the usual tp, the picture is of 2/,
  ],
  ['sensitivity --method eagle3 --plot S/x.svg', /ends in \.html/],
])('specsim %s is refused in a line, and nothing is written', async (words, says) => {
  const { stdout, stderr, mistake } = await said(...words.replaceAll('S/', `${scratch}/`).split(' '));
  expect(mistake).toMatch(says);
  expect(stdout + stderr).toBe('');
  expect(existsSync(at('x.svg'))).toBe(false);
});

test('PNG has ink where words are, with the shipped font alone', async () => {
  const word = (text: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40"><text x="4" y="25" font-family="Noto Sans" font-size="20">${text}</text></svg>`;
  const [blank, inked] = await Promise.all([pngOf(word('')), pngOf(word('speedup 1.81x'))]);
  expect(Buffer.from(inked.subarray(1, 4)).toString()).toBe('PNG');
  expect(inked.length).toBeGreaterThan(3 * blank.length);
});
