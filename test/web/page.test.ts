/**
 * The page in a real Chromium, from a file with the network off: its numbers are those of the command it shows, it asks
 * nobody for anything, and it can be used by keyboard, by a screen reader, in the dark and on a phone.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { keysOf } from '../../src/scenario/flags.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, parseOptions } from '../../src/scenario/options.ts';
import { LESSONS } from '../../src/web/lessons.ts';
import { named, PRESETS, START } from '../../src/web/view.ts';
import { SAMPLES } from '../acceptance-samples.ts';
import { said } from '../cli/command.ts';

const BROWSER = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser'].find(
  (path) => path !== undefined && existsSync(path),
);
if (BROWSER === undefined) console.warn('no chromium: the page is not tested (apt-get install chromium)');

const FILE = join(import.meta.dirname, '../../dist/web/explore.html');
/** Of few requests, as numbers of many are those of the first test. */
const FEW = '#v=1&requests=60';

test.each(Object.entries(PRESETS))('preset "%s" is a scenario of what ships', async (_, preset) => {
  const flags = named({ ...START.flags, ...preset, requests: '300' });
  const inputs = await gatherInputs(completeScenario(parseOptions(keysOf(flags), String)), folderLibrary);
  expect(inputs.methods.length).toBeGreaterThan(2);
});

describe.skipIf(BROWSER === undefined)('the page', () => {
  let browser: Browser;
  /** Opened once: a link that changes is a view that changes. */
  let page: Page;
  /** Whatever went wrong or left the page. */
  const troubles: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: BROWSER!,
      args: ['--no-sandbox', '--host-resolver-rules=MAP explore.test 127.0.0.1'],
    });
    page = await open(pathToFileURL(FILE).href);
  }, 120_000);
  afterAll(async () => browser?.close());
  afterEach(() => {
    expect(troubles.splice(0)).toEqual([]);
  });

  async function open(address: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const offline = address.startsWith('file:');
    const context = await browser.newContext({ offline, viewport: { width: 1280, height: 900 }, ...options });
    const opened = await context.newPage();
    opened.on('console', (message) => troubles.push(message.text()));
    opened.on('pageerror', (error) => troubles.push(error.message));
    opened.on('dialog', (dialog) => troubles.push(`dialog ${dialog.message()}`));
    opened.on('request', (request) => {
      if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(address.replace(/[?#].*/, '')))
        troubles.push(request.url());
    });
    await opened.goto(address);
    await settled(opened);
    return opened;
  }

  /** Another view of the page that is open. */
  async function visit(link: string): Promise<void> {
    await page.evaluate((hash) => {
      history.pushState(null, '', hash);
      dispatchEvent(new PopStateEvent('popstate'));
    }, link);
    await settled();
  }

  /** Until the answer with its intervals stands and nothing runs. */
  async function settled(of = page): Promise<void> {
    await of.waitForFunction(() => document.body.dataset.state === 'rest', undefined, { timeout: 60_000 });
  }

  /** What a button saves. */
  async function saved(button = 'JSON', of = page): Promise<string> {
    const [download] = await Promise.all([
      of.waitForEvent('download'),
      of.getByRole('button', { name: button, exact: true }).click(),
    ]);
    return readFileSync(await download.path(), 'utf8');
  }

  /** Strings and integers exactly, other numbers to nine digits. */
  function same(a: unknown, b: unknown, path = ''): void {
    if (
      typeof a === 'number' &&
      typeof b === 'number' &&
      (!Number.isInteger(b) || path.includes('.uncertainty.'))
    ) {
      // A spread of what is all the same is 0 but for the last bit of a sum.
      const least = path.includes('.uncertainty.') ? 1e-12 : 0;
      if (Math.abs(a - b) > Math.max(least, 1e-9 * Math.abs(b))) expect.fail(`${path}: ${a} and ${b}`);
    } else if (typeof a === 'object' && a !== null && typeof b === 'object' && b !== null) {
      expect(Object.keys(a), path).toEqual(Object.keys(b));
      for (const key of Object.keys(a)) same(a[key as never], b[key as never], `${path}.${key}`);
    } else expect(a, path).toBe(b);
  }

  /** @param folder of files that the command names */
  async function agrees(of = page, folder = ''): Promise<void> {
    const command = (await of.textContent('.command code'))!;
    const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
    const named = words.slice(1).map((word, i) => (words[i] === '--trace' ? folder + word : word));
    const { stdout } = await said(...named, '--format', 'json');
    same(JSON.parse(await saved('JSON', of)), JSON.parse(stdout.replaceAll(folder || '\0', '')));
  }

  test('starts with an answer, without a warning, and asks nobody', async () => {
    expect(await page.textContent('[role=status]')).toMatch(/times? as fast|as fast as plain/);
    expect(await page.locator('.warning').count()).toBe(0);
    await agrees();
  });

  test('each control: the numbers are those of the command that is shown', async () => {
    await visit(FEW);
    await page
      .locator('summary', { hasText: 'More options' })
      .evaluate((summary) => summary.parentElement!.setAttribute('open', ''));
    const selects = { gpu: 'l40s', trace: 'cnn', engine: 'ideal', dtype: 'fp8', target: 'llama-3.1-8b' };
    for (const [name, value] of Object.entries(selects)) await page.selectOption(`#option-${name}`, value);
    await page.fill('#option-requests', '50');
    await page.keyboard.press('Tab');
    await settled();
    for (const [name, value] of Object.entries(selects).slice(0, 4)) {
      expect(await page.textContent('.command code')).toContain(`--${name} ${value}`);
    }
    await agrees();
    for (const slider of [
      'k slider',
      'drafter-quality slider',
      'prompt-len slider',
      'output-len slider',
      'memory bandwidth slider',
      'arithmetic (FLOP/s) slider',
    ]) {
      await page.getByLabel(slider, { exact: true }).focus();
      for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
    }
    await settled();
    expect(await page.textContent('.command code')).toMatch(
      /--set hardware\.memoryBandwidth=\S+ --set hardware\.denseFlops/,
    );
    await agrees();
  }, 120_000);

  test('pairs stay whole, their values as well where they are lists', async () => {
    await visit(`${FEW}&batch=1,8&k=2&method=none,ngram,eagle3&acceptance=eagle3=0.8:0.6,ngram=0.3`);
    expect(await page.textContent('.command code')).toContain(
      '--acceptance eagle3=0.8:0.6 --acceptance ngram=0.3 ',
    );
    await agrees();
    await visit(`${FEW}&acceptance=eagle3=0.8,0.6`);
    expect(await page.textContent('.command code')).toContain('--acceptance eagle3=0.8,0.6 ');
    expect(await page.textContent('[role=alert]')).toContain('--acceptance eagle3: got "0.8,0.6"');
  });

  test('a link opened again is the same view; back and forward work', async () => {
    await visit(`${FEW}&gpu=h200-sxm&k=5&at=16&picture=roofline`);
    const before = await saved();
    const link = page.url();
    await page.selectOption('#option-gpu', 'a100-sxm-80');
    await settled();
    expect(page.url()).toContain('gpu=a100-sxm-80');
    await page.goBack();
    await page.waitForFunction(() => document.querySelector('.command')!.textContent!.includes('h200-sxm'));
    await settled();
    expect(page.url()).toBe(link);
    expect(await saved()).toBe(before);
    await page.goForward();
    await page.waitForFunction(() =>
      document.querySelector('.command')!.textContent!.includes('a100-sxm-80'),
    );
    expect(page.url()).toContain('gpu=a100-sxm-80');
  });

  test('the last of many quick changes wins', async () => {
    await visit(FEW);
    await page.getByLabel('k slider', { exact: true }).focus();
    for (let i = 0; i < 9; i++) await page.keyboard.press(i % 3 === 2 ? 'ArrowLeft' : 'ArrowRight');
    await settled();
    expect(JSON.parse(await saved()).config.k).toEqual([6]);
  });

  const give = async (name: string, text: string) => {
    await page.setInputFiles('#files', { name, mimeType: 'text/plain', buffer: Buffer.from(text) });
    await settled();
  };

  test('an export opens again; files that are garbage are refused in one line', async () => {
    await visit(`${FEW}&k=2&gpu=h200-sxm`);
    const result = await saved();
    await visit(FEW);
    await give('result.json', result);
    same(JSON.parse(await saved()), JSON.parse(result));
    const names = [
      '<img src=x onerror=alert(1)>.jsonl',
      '\u001b[31mred.jsonl',
      '\u202egnp.jsonl',
      `${'long'.repeat(2500)}.jsonl`,
    ];
    for (const name of names) {
      await give(name, 'garbage \u0000 <script>alert(1)</script>');
      const error = (await page.textContent('.error'))!;
      expect(error).toMatch(/expected/);
      expect(error).not.toMatch(/\p{Cc}|\u202e/u);
      expect(await page.locator('img').count(), name.slice(0, 20)).toBe(0);
      await visit(FEW);
    }
    for (const [name, text] of [
      ['a.json', '{"specification": 3}'],
      ['b.json', '{broken'],
      ['c.jsonl', ''],
      ['d.json', '{"hidden_size": -1}'],
    ] as const) {
      await give(name, text);
      expect((await page.textContent('.error'))!).toMatch(/expected/);
    }
  }, 120_000);

  test('files of the reader: a trace, a workload whose requests arrive as recorded', async () => {
    const own = '#v=1&method=none,eagle3&k=2';
    await visit(own);
    const azure = [
      'TIMESTAMP,ContextTokens,GeneratedTokens',
      ...[10, 12, 17].map((s) => `2023-11-16 18:15:${s}.000,300,40`),
    ];
    await give('load.csv', azure.join('\n'));
    const served = JSON.parse(await saved());
    expect(served.config).toMatchObject({ workload: 'load.csv', load: 'recorded' });
    expect(served.rows.every((row: { batch_size: number | null }) => row.batch_size === null)).toBe(true);
    expect(await page.textContent('main')).toContain('no batch sizes');
    await visit(own);
    const provenance = { source: 'me', target: 'llama-3.1-8b', dataset: 'own', engine: null, licence: null };
    const drafter = { name: 'eagle3', kind: 'recording', maxK: 2, proposed: 'always' };
    const rest = { outputLimit: null, tokenIds: false, drafters: [drafter] };
    const head = { specsim_trace: 1, kind: 'position-indexed', name: 'own', provenance, ...rest };
    const of = { request: 'a', output_tokens: 5 };
    const rows = [
      { ...of, drafter: 'none', prompt_tokens: 9 },
      { ...of, drafter: 'eagle3', emitted: [1, 3, 1, 2, 1] },
    ];
    await give('own.jsonl', [head, ...rows].map((row) => JSON.stringify(row)).join('\n'));
    expect(JSON.parse(await saved()).rows[0]).toMatchObject({ trace: 'own', requests: 1 });
    expect(await page.textContent('.command code')).toContain('--trace own.jsonl');
    await visit(`${own}&acceptance-context=recorded`);
    await give('own.jsonl', [head, ...rows].map((row) => JSON.stringify(row)).join('\n'));
    expect((await page.textContent('.error'))!).toContain('the page fits no curves, expected one such as');
  });

  test.each<[string, string, string]>([
    ['vllm-server.log', 'eagle3', readFileSync('examples/files/vllm-server.log', 'utf8')],
    ['sglang-generate.json', 'eagle3', SAMPLES['sglang-generate']!],
    ['vllm-detailed.jsonl', 'eagle3', SAMPLES['vllm-detailed']!],
    ['trtllm-iterations.jsonl', 'eagle3', SAMPLES['trtllm-iterations']!],
    ['inferencex.json', 'eagle3', SAMPLES.inferencex!],
    ['canonical.csv', 'eagle3', SAMPLES['specsim-csv']!],
  ])('%s as an engine wrote it: the numbers of the command', async (name, method, text) => {
    await visit('#v=1&batch=1,16');
    await give(name, text);
    expect(await page.locator('.error').allTextContents()).toEqual([]);
    expect(await page.textContent('.command code')).toContain(`--method none,${method} `);
    const folder = `${mkdtempSync(join(tmpdir(), 'specsim-'))}/`;
    writeFileSync(folder + name, text);
    await agrees(page, folder);
    rmSync(folder, { recursive: true });
  });

  test('pictures are saved; A is pinned beside B, with the interval of their ratio', async () => {
    await visit(FEW);
    expect(await saved('SVG')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    const [png] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'PNG', exact: true }).click(),
    ]);
    expect(String(readFileSync(await png.path()).subarray(1, 4))).toBe('PNG');
    expect(await saved('CSV')).toMatch(/^schema_version,gpu,/);
    await page.getByRole('button', { name: 'Pin as A' }).click();
    await page.selectOption('#option-gpu', 'l40s');
    await settled();
    expect(await page.locator('.card .pinned').first().textContent()).toMatch(/^A: 1\.5\dx/);
    expect(await page.locator('#picture-speedup').textContent()).toContain('A: eagle3');
    const [, ratio, lo, hi] = /^(\S+)x the throughput of A, (\S+) to (\S+) /.exec(
      (await page.textContent('.over'))!,
    )!;
    expect(Number(lo)).toBeLessThan(Number(ratio));
    expect(Number(hi)).toBeGreaterThan(Number(ratio));
    await page.getByRole('button', { name: 'Unpin A' }).click();
  });

  test('lessons: a link is enough, every sentence is filled by the run', async () => {
    for (const [i, { title, view }] of LESSONS.entries()) {
      await visit(`${FEW}&scene=${i + 1}`);
      expect(await page.textContent('.lesson h2')).toContain(title);
      expect(await page.textContent('.sees'), title).toMatch(/\d\.\d/);
      expect(await page.locator(`#picture-${view.picture} svg`).count()).toBe(1);
      expect(await page.textContent('.sees')).not.toMatch(/\?|NaN|undefined/);
    }
    await page.selectOption('[aria-label=lesson]', `2. ${LESSONS[1]!.title}`);
    await page.getByRole('button', { name: 'Back' }).click();
    await settled();
    expect(page.url()).toMatch(/#v=1&scene=1$/);
  }, 120_000);

  test('the other pictures, which are worked out when they are looked at', async () => {
    const few = 'requests=60&batch=1,64';
    const open = 'requests=200&batch=&load=poisson:20&slo=ttft%3D20ms';
    for (const [kind, flags] of [
      ['best', few],
      ['pareto', few],
      ['capacity', open],
    ]) {
      await visit(`#v=1&${flags}&picture=${kind}`);
      expect(await page.locator(`#picture-${kind} .mark`).count(), kind).toBeGreaterThan(5);
    }
  });

  test('axe finds nothing, in light and in the dark', async () => {
    // Of few rows, as a table of many has nothing else in it.
    await visit(`${FEW}&scene=4&batch=1,64&k=3&at=64`);
    await page.evaluate(() => {
      for (const one of document.querySelectorAll('details')) one.open = true;
    });
    await page.evaluate(axe.source);
    for (const dark of [true, false]) {
      await page.getByRole('button', { name: 'Dark' }).click();
      expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe(dark ? 'dark' : 'light');
      // Of all its rules those of colours alone can see a difference.
      const rules = dark ? ['color-contrast', 'link-in-text-block'] : null;
      const { violations } = await page.evaluate(
        (only) =>
          (globalThis as unknown as { axe: typeof axe }).axe.run(only === null ? {} : { runOnly: only }),
        rules,
      );
      const found = violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
      );
      expect(found).toEqual([]);
    }
  }, 120_000);

  test('the marks of a picture are walked by arrow keys', async () => {
    await visit(FEW);
    await page.locator('#picture-speedup').focus();
    await page.keyboard.press('ArrowRight');
    const says = () => page.locator('#picture-speedup + figcaption').textContent();
    expect(await says()).toMatch(/^ngram k=3; batch size .*: 1; times .*: 1\.1\d+x \(/);
    await page.keyboard.press('ArrowDown');
    expect(await says()).toMatch(/^eagle3 k=3;/);
    await page.keyboard.press('Escape');
    expect(await says()).toBe('');
  });

  test('on a phone nothing scrolls sideways, and numbers come before controls', async () => {
    await page.setViewportSize({ width: 390, height: 800 });
    await visit(FEW);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await page.locator('.all > summary').click();
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test('embedded it is one picture, in the colours that the reader prefers', async () => {
    const address = `${pathToFileURL(FILE).href}?embed=time${FEW}&gpu=l40s`;
    const slide = await open(address, { colorScheme: 'dark' });
    expect(await slide.locator('main figure').count()).toBe(1);
    expect(await slide.locator('header').isVisible()).toBe(false);
    expect(await slide.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');
    await slide.context().close();
  });

  test('works over plain http, where browsers lend no hash', async () => {
    const server = createServer((_, response) => response.end(readFileSync(FILE))).listen(0);
    const { port } = server.address() as { port: number };
    await visit(FEW);
    const [before, link] = [await saved(), page.url().split('#')[1]];
    const served = await open(`http://explore.test:${port}/#${link}`);
    expect(await served.evaluate(() => globalThis.crypto.subtle)).toBeUndefined();
    expect(await saved('JSON', served)).toBe(before);
    await served.context().close();
    server.close();
  });

  test('is one file of at most 700 kB, 200 kB in gzip, without a Node module', async () => {
    const { gzipSync } = await import('node:zlib');
    const page = readFileSync(FILE);
    expect(page.length).toBeLessThanOrEqual(700 * 1024);
    expect(gzipSync(page).length).toBeLessThanOrEqual(200 * 1024);
    expect(page.toString()).not.toMatch(
      /from"node:|require\("node:|https?:\/\/(?!www\.w3\.org|json-schema\.org|[^"]*licen)[^"'\s]*\.(js|css|woff)/,
    );
    expect(page.toString()).toContain('lit-html');
  });
});
