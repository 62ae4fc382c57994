/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The page: what it shows, what it asks the worker, and what the reader does to it. Nothing here computes a figure:
 * numbers come from rows, pictures from charts, words from the core, and the page places them.
 */
import { html, nothing, render, type TemplateResult } from 'lit-html';
import { CHART_KINDS, type ChartKind } from '../plot/chart.ts';
import { plainText } from '../plot/text.ts';
import type { ThemeName } from '../plot/themes.ts';
import { cards, figure, NAMES, withPin } from './body.ts';
import { choice, controls } from './controls.ts';
import { download, pictureOf, readFileText, SAVINGS, type Saving } from './files.ts';
import { LESSONS } from './lessons.ts';
import { linkOf, viewOf } from './links.ts';
import { recognised } from './recognised.ts';
import { CHOICES, commandOf, type Flags, flagsOf, lookedAt, type Pinned, START, type View } from './view.ts';
import type { Failure, Reply, Request } from './worker.ts';

/** Milliseconds of rest after which intervals are asked for, and a link is written. */
const REST = 180;
/** A wait that is worth a word. */
const SLOW = 150;
/** Pictures that follow a slider. */
const QUICK: readonly ChartKind[] = ['speedup', 'time', 'pass', 'roofline'];

const PRESETS: Readonly<Record<string, Flags>> = {
  'chat on an H100': {},
  'a larger GPU': { gpu: 'b200-sxm' },
  'code that is edited': { trace: 'instructcoder' },
  'a 70B model on four GPUs': { target: 'llama-3-70b', tp: '4', trace: 'spec-bench', method: 'none,eagle3' },
};

const embedded = CHART_KINDS.find((kind) => kind === new URLSearchParams(location.search).get('embed'));

export function startPage(worker: Worker): void {
  let view = viewOf(location.hash.slice(1));
  let reply: Reply | null = null;
  let error: string | null = null;
  let pinned: Pinned | null = null;
  let theme: ThemeName = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  let files: Readonly<Record<string, string>> = {};
  let unsent: Record<string, string> = {};
  let said = '';
  let sequence = 0;
  let running: Request | null = null;
  let waiting: Request | null = null;
  let slow = false;
  let rest: ReturnType<typeof setTimeout> | undefined;

  const [header, aside, main] = ['header', 'aside', 'main'].map(
    (name) => document.querySelector<HTMLElement>(name)!,
  );

  /** The newest question wins: one runs, one waits. */
  function ask(points: boolean): void {
    const { flags, at, look, picture, scene } = view;
    const shown = embedded === undefined ? [...new Set(['speedup', 'time', picture] as const)] : [embedded];
    const beside = (LESSONS[scene - 1]?.beside ?? []).map((other) => ({ ...flags, ...other }));
    const pictures = shown.filter((kind) => !points || QUICK.includes(kind));
    const request = { id: ++sequence, flags, at, look, pictures, points, files: {} };
    waiting = { ...request, beside: points ? [] : beside, against: pinned?.view ?? null };
    send();
  }

  function send(): void {
    if (running !== null || waiting === null) return;
    running = { ...waiting, files: unsent };
    unsent = {};
    waiting = null;
    worker.postMessage(running);
    const { id } = running;
    setTimeout(() => {
      if (running?.id !== id) return;
      slow = true;
      show();
    }, SLOW);
  }

  worker.onmessage = ({ data }: MessageEvent<Reply | Failure>) => {
    running = null;
    slow = false;
    // An error of what nobody sees any more is not told.
    if (waiting === null || !('error' in data)) {
      error = 'error' in data ? data.error : null;
      if ('error' in data) reply = null;
      // Points bring few pictures: those of the answer before stand until the next.
      else if (data.points && reply !== null)
        reply = { ...reply, ...data, charts: { ...reply.charts, ...data.charts }, beside: reply.beside };
      else reply = data;
      if (!('error' in data) && !data.points) said = data.charts.speedup?.summary ?? '';
      show();
    }
    send();
  };

  function go(next: Partial<View>, moving = false): void {
    view = { ...view, ...next };
    ask(moving);
    show();
    clearTimeout(rest);
    rest = setTimeout(() => {
      const link = `#${linkOf(view)}`;
      if (link !== location.hash) history.pushState(null, '', link);
      if (moving) ask(false);
    }, REST);
  }

  const set = (name: keyof Flags, value: string | undefined, moving = false) => {
    const { [name]: _, ...others } = view.flags;
    go({ flags: value === undefined ? others : { ...others, [name]: value } }, moving);
  };

  async function open(list: FileList | null): Promise<void> {
    for (const file of list ?? []) {
      const name = plainText(file.name);
      try {
        const text = await readFileText(file);
        const found = recognised(text, name);
        if ('scenario' in found) {
          go({ flags: flagsOf(found.scenario) });
          continue;
        }
        files = { ...files, [name]: text };
        unsent = { ...unsent, [name]: text };
        // Recorded requests arrive by themselves: there are no copies to count.
        const { batch: _, ...others } = view.flags;
        if (found.option === 'workload') go({ flags: { ...others, workload: name } });
        else set(found.option, name);
      } catch (problem) {
        error = `${name}: ${(problem as Error).message}`;
        show();
      }
    }
  }

  const rows = () => reply?.result.rows ?? [];
  const looked = () =>
    lookedAt(
      rows().filter(({ batch_size: batch }) => batch === view.at || batch === null),
      view.look,
    );

  function pin(): void {
    const row = looked();
    pinned = pinned === null && row !== undefined ? { row, rows: rows(), view } : null;
    ask(false);
    show();
  }

  const turn = (scene: number) => go({ ...(LESSONS[scene - 1]?.view ?? START), scene });

  function headerOf(): TemplateResult {
    const save = (kind: Saving) => pictureOf(kind, reply!, theme, embedded ?? 'speedup').then(download);
    const button = (name: string, act: () => void, title = '') =>
      html`<button title=${title} ?disabled=${reply === null} @click=${act}>${name}</button>`;
    const preset = (name: string) => go({ ...START, flags: { ...START.flags, ...PRESETS[name] } });
    const lessons = LESSONS.map(({ title }, i) => `${i + 1}. ${title}`);
    return html`<h1>specsim <span>speculative decoding, explored</span></h1>
      <nav aria-label="page">
        ${choice('preset', ['Presets', ...Object.keys(PRESETS)], 'Presets', preset)}
        ${choice('lesson', ['Lessons', ...lessons], lessons[view.scene - 1] ?? 'Lessons', (name) => turn(lessons.indexOf(name) + 1))}
        ${button(pinned === null ? 'Pin as A' : 'Unpin A', pin, 'keep this setting beside the next')}
        ${SAVINGS.map(({ kind, name, title }) => button(name, () => void save(kind), title))}
        <button aria-pressed=${theme === 'dark'} @click=${() => {
          theme = theme === 'dark' ? 'light' : 'dark';
          show();
        }}>Dark</button></nav>`;
  }

  function lesson(): TemplateResult | typeof nothing {
    const { scene } = view;
    const one = LESSONS[scene - 1];
    if (one === undefined) return nothing;
    return html`<section class="lesson" aria-label="Lesson ${scene}"><h2>${scene}. ${one.title}</h2>
      <p>${one.says}</p><p><strong>Try:</strong> ${one.task}</p>
      <p class="sees">${reply === null ? '' : one.sees(reply)}</p>
      <nav><button ?disabled=${scene === 1} @click=${() => turn(scene - 1)}>Back</button>
      <button ?disabled=${scene === LESSONS.length} @click=${() => turn(scene + 1)}>Next</button>
      <button @click=${() => turn(0)}>Leave</button></nav></section>`;
  }

  function body(): TemplateResult {
    const batches = [
      ...new Set(rows().flatMap(({ batch_size: batch }) => (batch === null ? [] : [String(batch)]))),
    ];
    const methods = [...new Set(rows().map(({ method }) => method))];
    const row = looked();
    const command = commandOf(view.flags);
    const picture = (kind: ChartKind, height: number) => {
      const chart = reply?.charts[kind];
      const drawn = chart === undefined || pinned === null ? chart : withPin(chart, pinned);
      return figure(kind, drawn, reply?.unfit[kind], theme, height);
    };
    const trouble = error === null ? nothing : html`<p class="error" role="alert">${plainText(error)}</p>`;
    if (embedded !== undefined) return html`${trouble}${picture(embedded, 420)}`;
    const names = Object.keys(files);
    return html`
      ${lesson()}${trouble}
      ${
        reply === null
          ? nothing
          : html`<div class="look">
        ${batches.length === 0 ? nothing : choice('look at batch', batches, String(view.at), (value) => go({ at: Number(value) }), true)}
        ${choice('and method', methods, row?.method ?? '', (value) => go({ look: value }), true)}</div>
      <div class="cards">${row === undefined ? html`<p class="card">no row at batch ${view.at}</p>` : cards(row, pinned, reply.over)}</div>
      ${reply.result.warnings.map((warning) => html`<p class="warning">warning: ${plainText(warning)}</p>`)}`
      }
      ${picture('speedup', 380)}
      <div class="choices" role="group" aria-label="picture">${CHOICES.map(
        (kind) =>
          html`<button aria-pressed=${kind === view.picture} @click=${() => go({ picture: kind })}>${NAMES[kind]}</button>`,
      )}</div>
      <div class="pair">${picture('time', 340)}${picture(view.picture, 340)}</div>
      <p class="command"><code tabindex="0">${command}</code><button @click=${() => copy(command)}>Copy</button>
        <button @click=${() => copy(location.href)}>Copy link</button></p>
      ${names.length === 0 ? nothing : html`<p>The link names ${names.join(', ')}; the files themselves stay in this browser.</p>`}`;
  }

  /** Without a clipboard, as on plain http, the text is selected. */
  function copy(text: string): void {
    const place = main!.querySelector('.command code')!;
    place.textContent = text;
    getSelection()?.selectAllChildren(place);
    void navigator.clipboard?.writeText(text).catch(() => {});
  }

  function show(): void {
    document.documentElement.dataset.theme = theme;
    document.body.classList.toggle('embedded', embedded !== undefined);
    render(headerOf(), header!);
    const asking = { flags: view.flags, files, methods: reply?.methods ?? [], idle: reply?.idle ?? {}, set };
    render(
      html`<details class="all" ?open=${innerWidth > 900}><summary>Controls</summary>${controls(asking)}
        <div class="control"><label for="files">your files</label><input id="files" type="file" multiple @change=${(event: Event) => open((event.target as HTMLInputElement).files)} />
        <p>A trace, workload, config.json, profile, or a result to go back to. They stay in this browser.</p></div></details>`,
      aside!,
    );
    render(body(), main!);
    const idle = running === null && waiting === null;
    document.querySelector('#busy')!.textContent = slow ? 'working' : '';
    document.body.dataset.state = idle ? (reply?.points === false ? 'rest' : 'points') : 'busy';
    const status = document.querySelector('[role=status]')!;
    if (idle && status.textContent !== said) status.textContent = said;
  }

  addEventListener('popstate', () => {
    view = viewOf(location.hash.slice(1));
    ask(false);
    show();
  });
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', (event) => {
    event.preventDefault();
    void open(event.dataTransfer?.files ?? null);
  });
  let width = innerWidth;
  addEventListener('resize', () => {
    if (innerWidth !== width) show();
    width = innerWidth;
  });
  show();
  ask(true);
  ask(false);
}
