/**
 * The page in Firefox, from a file and without a network: node --experimental-websocket scripts/firefox.mjs. Chromium has the
 * tests; this sees that the same file opens in the other engine and comes to the same start.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const PAGE = `${pathToFileURL(resolve('dist/web/explore.html')).href}#v=1&requests=60`;
const MOST_MS = 90_000;

const profile = mkdtempSync(join(tmpdir(), 'specsim-firefox-'));
// Whatever is asked of the network goes to a proxy that is not there.
writeFileSync(
  join(profile, 'user.js'),
  'user_pref("network.proxy.type", 1); user_pref("network.proxy.http", "127.0.0.1"); user_pref("network.proxy.http_port", 9); user_pref("network.proxy.ssl", "127.0.0.1"); user_pref("network.proxy.ssl_port", 9);',
);
const firefox = spawn('firefox-esr', ['--headless', '--remote-debugging-port', '0', '--profile', profile], {
  stdio: ['ignore', 'ignore', 'pipe'],
});

/** Its address for programs (WebDriver BiDi), which it prints. */
const address = await new Promise((found, failed) => {
  let said = '';
  firefox.on('error', failed);
  firefox.stderr.on('data', (text) => {
    said += text;
    const [, at] = /WebDriver BiDi listening on (ws:\S+)/.exec(said) ?? [];
    if (at !== undefined) found(`${at}/session`);
  });
});
const socket = new WebSocket(address);
const answers = new Map();
const logged = [];
socket.onmessage = ({ data }) => {
  const { id, result, error, message, method, params } = JSON.parse(data);
  if (method === 'log.entryAdded') logged.push(params.text);
  answers.get(id)?.(error === undefined ? result : Promise.reject(new Error(message)));
};
await new Promise((open) => {
  socket.onopen = open;
});
let sent = 0;
const ask = (method, params) =>
  new Promise((answer) => {
    answers.set(++sent, answer);
    socket.send(JSON.stringify({ id: sent, method, params }));
  });

try {
  await ask('session.new', { capabilities: {} });
  await ask('session.subscribe', { events: ['log.entryAdded'] });
  const { contexts } = await ask('browsingContext.getTree', {});
  const { context } = contexts[0];
  await ask('browsingContext.navigate', { context, url: PAGE, wait: 'complete' });
  const read = async (expression) => {
    const { result } = await ask('script.evaluate', { expression, target: { context }, awaitPromise: false });
    return result.value;
  };
  const until = Date.now() + MOST_MS;
  while ((await read('document.body.dataset.state')) !== 'rest') {
    if (Date.now() > until) throw new Error('the page came to no answer');
    await sleep(200);
  }
  const [value, pictures] = [
    await read("document.querySelector('.card .value').textContent"),
    await read("document.querySelectorAll('svg').length"),
  ];
  if (!/^1\.\d\dx$/.test(value) || pictures !== 3 || logged.length > 0)
    throw new Error(`got ${value}, ${pictures} pictures, messages ${JSON.stringify(logged)}`);
  console.log(`Firefox: ${value}, ${pictures} pictures, no message`);
} finally {
  socket.close();
  firefox.kill();
  await new Promise((ended) => firefox.once('exit', ended));
  rmSync(profile, { recursive: true, force: true });
}
