/**
 * The page in a real Chromium, from a file with the network off: its numbers are those of the command it shows, it asks
 * nobody for anything, and it can be used by keyboard, by a screen reader, in the dark and on a phone.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LESSONS } from '../../src/web/lessons.ts';

const BROWSER = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser'].find(
  (path) => path !== undefined && existsSync(path),
);
if (BROWSER === undefined) console.warn('no chromium: the page is not tested (apt-get install chromium)');

const PROGRAM = join(import.meta.dirname, '../../dist/cli/main.js');
const FILE = join(import.meta.dirname, '../../dist/web/explore.html');

interface Opened {
  readonly page: Page;
  /** Whatever went wrong or left the page. */
  readonly troubles: string[];
}

describe.skipIf(BROWSER === undefined)('the page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: BROWSER!,
      args: ['--no-sandbox', '--host-resolver-rules=MAP explore.test 127.0.0.1'],
    });
  }, 120_000);
  afterAll(async () => browser?.close());

  async function open(
    link = '',
    options: Parameters<Browser['newContext']>[0] = {},
    address = pathToFileURL(FILE).href,
  ): Promise<Opened> {
    const context = await browser.newContext({
      offline: address.startsWith('file:'),
      viewport: { width: 1280, height: 900 },
      ...options,
    });
    const page = await context.newPage();
    const troubles: string[] = [];
    page.on('console', (message) => troubles.push(message.text()));
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('dialog', (dialog) => troubles.push(`dialog ${dialog.message()}`));
    page.on('request', (request) => {
      if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(address))
        troubles.push(request.url());
    });
    await page.goto(address + link);
    await settled(page);
    return { page, troubles };
  }

  /** Until the answer with its intervals stands and nothing runs. */
  async function settled(page: Page): Promise<void> {
    await page.waitForTimeout(350);
    await page.waitForFunction(
      () => document.body.dataset.state === 'rest' || document.querySelector('.error') !== null,
      undefined,
      { timeout: 60_000 },
    );
  }

  /** What the JSON button saves. */
  async function saved(page: Page, button = 'JSON'): Promise<string> {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: button, exact: true }).click(),
    ]);
    return readFileSync(await download.path(), 'utf8');
  }

  function cli(command: string): unknown {
    const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
    return JSON.parse(
      execFileSync(process.execPath, [PROGRAM, ...words.slice(1), '--format', 'json'], { encoding: 'utf8' }),
    );
  }

  /** Strings and integers exactly, other numbers to nine digits. */
  function same(a: unknown, b: unknown, path = ''): void {
    if (typeof a === 'number' && typeof b === 'number' && !Number.isInteger(b)) {
      if (Math.abs(a - b) > 1e-9 * Math.abs(b)) expect.fail(`${path}: ${a} and ${b}`);
    } else if (typeof a === 'object' && a !== null && typeof b === 'object' && b !== null) {
      expect(Object.keys(a), path).toEqual(Object.keys(b));
      for (const key of Object.keys(a)) same(a[key as never], b[key as never], `${path}.${key}`);
    } else expect(a, path).toBe(b);
  }

  async function agrees(page: Page): Promise<void> {
    const command = (await page.textContent('.command code'))!;
    same(JSON.parse(await saved(page)), cli(command));
  }

  test('starts with an answer, without a warning, and asks nobody', async () => {
    const { page, troubles } = await open();
    expect(await page.textContent('[role=status]')).toMatch(/times? as fast|as fast as plain/);
    expect(await page.locator('.warning').count()).toBe(0);
    await agrees(page);
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  test('each control: the numbers are those of the command that is shown', async () => {
    const { page, troubles } = await open();
    await page
      .locator('summary', { hasText: 'More options' })
      .evaluate((summary) => summary.parentElement!.setAttribute('open', ''));
    const selects = { gpu: 'l40s', trace: 'cnn', engine: 'ideal', dtype: 'fp8', target: 'llama-3.1-8b' };
    for (const [name, value] of Object.entries(selects)) await page.selectOption(`#option-${name}`, value);
    await page.fill('#option-requests', '120');
    await page.keyboard.press('Tab');
    await settled(page);
    for (const [name, value] of Object.entries(selects).slice(0, 4)) {
      expect(await page.textContent('.command code')).toContain(`--${name} ${value}`);
    }
    await agrees(page);
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
    await settled(page);
    expect(await page.textContent('.command code')).toMatch(
      /--set hardware\.memoryBandwidth=\S+ --set hardware\.denseFlops/,
    );
    await agrees(page);
    expect(troubles).toEqual([]);
    await page.context().close();
  }, 180_000);

  test('a link opened again is the same view; back and forward work', async () => {
    const { page } = await open('#v=1&gpu=h200-sxm&k=5&at=16&picture=roofline');
    const before = await saved(page);
    const link = page.url();
    await page.selectOption('#option-gpu', 'a100-sxm-80');
    await settled(page);
    expect(page.url()).toContain('gpu=a100-sxm-80');
    await page.goBack();
    await settled(page);
    expect(page.url()).toBe(link);
    expect(await saved(page)).toBe(before);
    await page.goForward();
    await settled(page);
    expect(page.url()).toContain('gpu=a100-sxm-80');
    await page.context().close();
  });

  test('the last of many quick changes wins', async () => {
    const { page } = await open();
    await page.getByLabel('k slider', { exact: true }).focus();
    for (let i = 0; i < 9; i++) await page.keyboard.press(i % 3 === 2 ? 'ArrowLeft' : 'ArrowRight');
    await settled(page);
    expect(JSON.parse(await saved(page)).config.k).toEqual([6]);
    await page.context().close();
  });

  test('an export opens again; files that are garbage are refused in one line', async () => {
    const { page, troubles } = await open('#v=1&k=2&gpu=h200-sxm');
    const result = await saved(page);
    await page.getByRole('button', { name: 'Scenario', exact: true }).isEnabled();
    await page.goto(pathToFileURL(FILE).href);
    await settled(page);
    const give = async (name: string, text: string) => {
      await page.setInputFiles('#files', { name, mimeType: 'text/plain', buffer: Buffer.from(text) });
      await settled(page);
    };
    await give('result.json', result);
    same(JSON.parse(await saved(page)), JSON.parse(result));
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
      await page.goBack();
      await settled(page);
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
    expect(troubles).toEqual([]);
    await page.context().close();
  }, 180_000);

  test('pictures are saved, and A is pinned beside B', async () => {
    const { page } = await open();
    expect(await saved(page, 'SVG')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    const png = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'PNG', exact: true }).click(),
    ]);
    expect(
      readFileSync(await png[0].path())
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
    expect(await saved(page, 'CSV')).toMatch(/^schema_version,gpu,/);
    await page.getByRole('button', { name: 'Pin as A' }).click();
    await page.selectOption('#option-gpu', 'l40s');
    await settled(page);
    expect(await page.locator('.card .pinned').first().textContent()).toMatch(/^A: 1\.52x/);
    expect(await page.locator('#picture-speedup').textContent()).toContain('A: eagle3');
    await page.context().close();
  });

  test('lessons: every sentence is filled by the run', async () => {
    const { page, troubles } = await open();
    for (const [i, { title, view }] of LESSONS.entries()) {
      await page.selectOption('[aria-label=lesson]', String(i + 1));
      await settled(page);
      expect(await page.textContent('.lesson h2')).toContain(title);
      expect(await page.textContent('.sees'), title).toMatch(/\d\.\d/);
      expect(await page.locator(`#picture-${view.picture} svg`).count()).toBe(1);
      expect(await page.textContent('.sees')).not.toMatch(/\?|NaN|undefined/);
    }
    expect(troubles).toEqual([]);
    await page.context().close();
  }, 180_000);

  test.each(['light', 'dark'] as const)('%s: axe finds nothing', async (colorScheme) => {
    const { page } = await open(colorScheme === 'dark' ? '#v=1&scene=4' : '', { colorScheme });
    await page.evaluate(() => {
      for (const one of document.querySelectorAll('details')) one.open = true;
    });
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() =>
      (globalThis as unknown as { axe: typeof axe }).axe.run(),
    );
    expect(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`),
    ).toEqual([]);
    await page.context().close();
  });

  test('the marks of a picture are walked by arrow keys', async () => {
    const { page } = await open();
    await page.locator('#picture-speedup').focus();
    await page.keyboard.press('ArrowRight');
    const says = () => page.locator('#picture-speedup + figcaption').textContent();
    expect(await says()).toMatch(/^ngram k=3; batch size .*: 1; times .*: 1\.15\d?x \(/);
    await page.keyboard.press('ArrowDown');
    expect(await says()).toMatch(/^eagle3 k=3;/);
    await page.keyboard.press('Escape');
    expect(await says()).toBe('');
    await page.context().close();
  });

  test('on a phone nothing scrolls sideways; embedded it is one picture', async () => {
    const { page } = await open('', { viewport: { width: 390, height: 800 } });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await page.context().close();
    const { page: slide } = await open('?embed=time#v=1&gpu=l40s');
    expect(await slide.locator('main figure').count()).toBe(1);
    expect(await slide.locator('header').isVisible()).toBe(false);
    await slide.context().close();
  });

  test('works over plain http, where browsers lend no hash', async () => {
    const server = createServer((_, response) => response.end(readFileSync(FILE))).listen(0);
    const { port } = server.address() as { port: number };
    const { page } = await open('', {}, `http://explore.test:${port}/`);
    expect(await page.evaluate(() => globalThis.crypto.subtle)).toBeUndefined();
    await agrees(page);
    await page.context().close();
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
    expect(page.toString()).toContain('@noble/hashes');
  });
});
