/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The page: what it shows, what it asks the worker, and what the reader does to it. Nothing here computes a figure:
 * numbers come from rows, pictures from charts, words from the core, and the page places them.
 */
import { html, nothing, render, type TemplateResult } from 'lit-html';
import { CHART_KINDS, CHART_NAMES, type ChartKind } from '../plot/chart.ts';
import { DEFAULT_SIZE, draw } from '../plot/draw.ts';
import { plainText } from '../plot/text.ts';
import { THEMES, type ThemeName } from '../plot/themes.ts';
import { flagsOfTrace } from '../scenario/answerable.ts';
import { kindOf } from '../scenario/file-kinds.ts';
import { type Flags, flagsOf } from '../scenario/flags.ts';
import { OPTIONS } from '../scenario/option-table.ts';
import { cards, figure, warned, widthOf, withPin } from './body.ts';
import { choice, controls } from './controls.ts';
import { readFileText, SAVINGS, save } from './files.ts';
import { LESSONS } from './lessons.ts';
import { linkOf, viewOf } from './links.ts';
import { CHOICES, commandOf, lookedAt, type Pinned, PRESETS, START, type View } from './view.ts';
import type { Failure, Reply, Request } from './worker.ts';

/** Milliseconds of rest of a slider after which intervals are asked for, and a link is written. */
const REST = 180;
const EXPECTED = 'acceptance of any engine, a workload, a config.json, a profile, a scenario or a result';
/** Pictures that follow a slider. */
const QUICK: readonly ChartKind[] = ['speedup', 'time', 'pass', 'roofline'];

const embedded = CHART_KINDS.find((kind) => kind === new URLSearchParams(location.search).get('embed'));
const find = (selector: string) => document.querySelector<HTMLElement>(selector)!;
const button = (name: string, act: () => void, { title = '', off = false } = {}) =>
  html`<button title=${title} ?disabled=${off} @click=${act}>${name}</button>`;

export function startPage(worker: Worker): void {
  let view = viewOf(location.hash.slice(1));
  let reply: Reply | null = null;
  let error: string | null = null;
  let pinned: Pinned | null = null;
  let theme: ThemeName = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  let files: readonly string[] = [];
  let said = '';
  let running: Request | null = null;
  let waiting: Request | null = null;
  let rest: ReturnType<typeof setTimeout> | undefined;

  /** The newest question wins: one runs, one waits. */
  function ask(points: boolean): void {
    const { flags, at, look, picture, scene } = view;
    const shown = embedded === undefined ? [...new Set(['speedup', 'time', picture] as const)] : [embedded];
    const beside = points ? [] : (LESSONS[scene - 1]?.beside ?? []).map((other) => ({ ...flags, ...other }));
    const pictures = shown.filter((kind) => !points || QUICK.includes(kind));
    waiting = { flags, at, look, pictures, points, beside, against: pinned?.view ?? null };
    send();
    show();
  }

  function send(): void {
    if (running !== null || waiting === null) return;
    running = waiting;
    waiting = null;
    worker.postMessage(running);
  }

  worker.onmessage = ({ data }: MessageEvent<Reply | Failure>) => {
    running = null;
    if ('error' in data) {
      // An error of what nobody sees any more is not told.
      if (waiting === null) [reply, error] = [null, data.error];
    } else {
      // Points bring few pictures: those of the answer before stand until the next.
      const before = (data.points ? reply : null) ?? data;
      reply = { ...data, charts: { ...before.charts, ...data.charts }, beside: before.beside };
      error = null;
      if (!data.points) said = data.charts.speedup?.summary ?? '';
    }
    send();
    show();
  };

  function go(next: Partial<View>, moving = false): void {
    view = { ...view, ...next };
    clearTimeout(rest);
    const settle = () => {
      rest = undefined;
      const link = `#${linkOf(view)}`;
      if (link !== location.hash) history.pushState(null, '', link);
      ask(false);
    };
    if (moving) {
      rest = setTimeout(settle, REST);
      ask(true);
    } else settle();
  }

  const set = (name: keyof Flags, value: string | undefined, moving = false) => {
    const { [name]: _, ...others } = view.flags;
    go({ flags: value === undefined ? others : { ...others, [name]: value } }, moving);
  };

  async function open(list: FileList | null | undefined): Promise<void> {
    document.body.dataset.state = 'busy';
    for (const file of list ?? []) {
      const name = plainText(file.name);
      try {
        const text = await readFileText(file);
        const { named, scenario } = kindOf(text) ?? {};
        if (scenario !== undefined) go({ flags: flagsOf(scenario(JSON.parse(text))) });
        else if (named !== undefined && Object.hasOwn(OPTIONS, named)) {
          const own = named === 'trace' ? flagsOfTrace(text, name, START.look) : {};
          files = [...new Set([...files, name])];
          worker.postMessage({ name, text });
          // Recorded requests arrive by themselves: there are no copies to count.
          const { batch: _, ...others } = view.flags;
          go({ flags: { ...(named === 'workload' ? others : view.flags), ...own, [named]: name } });
        } else throw new Error(`${text.trim() === '' ? 'is empty' : 'of no kind'}, expected ${EXPECTED}`);
      } catch (problem) {
        error = `${name}: ${(problem as Error).message}`;
        show();
      }
    }
  }

  const rows = () => reply?.result.rows ?? [];
  const looked = () => {
    const own = rows().filter(({ batch_size: batch }) => batch === view.at || batch === null);
    return lookedAt(own, view.look);
  };

  function pin(): void {
    const row = looked();
    pinned = pinned === null && row !== undefined ? { row, rows: rows(), view } : null;
    ask(false);
  }

  const turn = (scene: number) => go({ ...(LESSONS[scene - 1]?.view ?? START), scene });

  /** A picture as it is shown. */
  function drawn(kind: ChartKind, height: number, width: number) {
    const own = reply?.charts[kind];
    const chart = own === undefined || pinned === null ? own : withPin(own, pinned);
    return chart && { chart, svg: draw(chart, theme, { width, height }) };
  }

  function picture(kind: ChartKind, height: number): TemplateResult {
    const one = drawn(kind, height, widthOf(kind));
    const unfit = reply?.unfit[kind];
    return one === undefined
      ? html`<figure class="empty" aria-busy=${unfit === undefined}>${unfit ?? CHART_NAMES[kind]}</figure>`
      : figure(one.chart, one.svg, reply!.result.warnings);
  }

  function header(): TemplateResult {
    const first = () => drawn(embedded ?? 'speedup', DEFAULT_SIZE.height, DEFAULT_SIZE.width)!.svg;
    const preset = (name: string) => go({ ...START, flags: { ...START.flags, ...PRESETS[name] } });
    const lessons = LESSONS.map(({ title }, i) => `${i + 1}. ${title}`);
    const off = reply === null;
    const dark = () => {
      theme = theme === 'dark' ? 'light' : 'dark';
      show();
    };
    return html`<h1>specsim <span>speculative decoding, explored</span></h1>
      <nav aria-label="page">
        ${choice('preset', ['Presets', ...Object.keys(PRESETS)], 'Presets', preset)}
        ${choice('lesson', ['Lessons', ...lessons], lessons[view.scene - 1] ?? 'Lessons', (name) => turn(lessons.indexOf(name) + 1))}
        ${button(pinned === null ? 'Pin as A' : 'Unpin A', pin, { title: 'keep this setting beside the next', off })}
        ${SAVINGS.map((one) => button(one[0], () => void save(one, reply!, first), { title: one[1], off }))}
        <button aria-pressed=${theme === 'dark'} @click=${dark}>Dark</button></nav>`;
  }

  function lesson(): TemplateResult | typeof nothing {
    const { scene } = view;
    const one = LESSONS[scene - 1];
    if (one === undefined) return nothing;
    return html`<section class="lesson" aria-label="Lesson ${scene}"><h2>${scene}. ${one.title}</h2>
      <p>${one.says}</p><p><strong>Try:</strong> ${one.task}</p>
      <p class="sees">${reply === null ? '' : one.sees(reply)}</p>
      <nav>${button('Back', () => turn(scene - 1), { off: scene === 1 })}
      ${button('Next', () => turn(scene + 1), { off: scene === LESSONS.length })}
      ${button('Leave', () => turn(0))}</nav></section>`;
  }

  function side(): TemplateResult {
    const asking = { flags: view.flags, files, methods: reply?.methods ?? [], idle: reply?.idle ?? {}, set };
    return html`<details class="all" ?open=${innerWidth > 900}><summary>Controls</summary>${controls(asking)}
      <div class="control"><label for="files">your files</label><input id="files" type="file" multiple @change=${(event: Event) => open((event.target as HTMLInputElement).files)} />
      <p>Acceptance as an engine wrote it, a workload, config.json or profile, or a result to go back to. They stay in this browser.</p></div></details>`;
  }

  /** Cards of what is looked at, and what there is to say of the whole. */
  function answer({ result, over }: Reply): TemplateResult {
    const batches = rows().flatMap(({ batch_size: batch }) => (batch === null ? [] : [String(batch)]));
    const methods = [...new Set(rows().map(({ method }) => method))];
    const row = looked();
    return html`<div class="look">
        ${batches.length === 0 ? nothing : choice('look at batch', [...new Set(batches)], String(view.at), (value) => go({ at: Number(value) }), true)}
        ${choice('and method', methods, row?.method ?? '', (value) => go({ look: value }), true)}</div>
      <div class="cards">${row === undefined ? html`<p class="card">no row at batch ${view.at}</p>` : cards(row, pinned, over)}</div>
      ${result.warnings.map(warned)}`;
  }

  function body(): TemplateResult {
    const command = commandOf(view.flags);
    const trouble = error === null ? nothing : html`<p class="error" role="alert">${plainText(error)}</p>`;
    if (embedded !== undefined) return html`${trouble}${picture(embedded, 420)}`;
    const tab = (kind: ChartKind) =>
      html`<button aria-pressed=${kind === view.picture} @click=${() => go({ picture: kind })}>${CHART_NAMES[kind]}</button>`;
    return html`
      ${lesson()}${trouble}${reply === null ? nothing : answer(reply)}
      ${picture('speedup', 380)}
      <div class="choices" role="group" aria-label="picture">${CHOICES.map(tab)}</div>
      <div class="pair">${picture('time', 340)}${picture(view.picture, 340)}</div>
      <p class="command"><code tabindex="0">${command}</code>${button('Copy', () => copy(command))}
        ${button('Copy link', () => copy(location.href))}</p>
      ${files.length === 0 ? nothing : html`<p>The link names ${files.join(', ')}; the files themselves stay in this browser.</p>`}`;
  }

  /** Without a clipboard, as on plain http, the text is selected. */
  function copy(text: string): void {
    const place = find('.command code');
    place.textContent = text;
    getSelection()?.selectAllChildren(place);
    void navigator.clipboard?.writeText(text).catch(() => {});
  }

  function show(): void {
    const { dataset, style } = document.documentElement;
    dataset.theme = theme;
    const { paper, ink, muted, hues } = THEMES[theme];
    for (const [name, colour] of Object.entries({ paper, ink, muted, accent: hues.blue }))
      style.setProperty(`--${name}`, colour);
    document.body.classList.toggle('embedded', embedded !== undefined);
    render(header(), find('header'));
    render(side(), find('aside'));
    render(body(), find('main'));
    const idle = running === null && waiting === null;
    const whole = reply?.points === false || error !== null;
    document.body.dataset.state = !idle ? 'busy' : whole && rest === undefined ? 'rest' : 'points';
    const status = find('[role=status]');
    if (idle && status.textContent !== said) status.textContent = said;
  }

  addEventListener('popstate', () => {
    view = viewOf(location.hash.slice(1));
    ask(false);
  });
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', (event) => {
    event.preventDefault();
    void open(event.dataTransfer?.files);
  });
  addEventListener('resize', show);
  ask(true);
  ask(false);
}
