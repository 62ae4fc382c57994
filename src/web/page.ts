/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The page: controls, cards and pictures around a worker that runs the core. Nothing here computes a figure: numbers
 * come from rows, pictures from charts, words from the core, and the page places them.
 */
import { html, nothing, render, type TemplateResult } from 'lit-html';
import { unsafeHTML } from 'lit-html/directives/unsafe-html.js';
import { CHART_KINDS, type Chart, type ChartKind } from '../plot/chart.ts';
import { draw, figuresOf } from '../plot/draw.ts';
import { valueText } from '../plot/scale.ts';
import { plainText } from '../plot/text.ts';
import type { ThemeName } from '../plot/themes.ts';
import { settingLabel } from '../report/setting.ts';
import type { Row } from '../scenario/result.ts';
import { controls } from './controls.ts';
import { download, pictureOf, readFileText, recognised } from './files.ts';
import { LESSONS } from './lessons.ts';
import { clear, hover, walk } from './marks.ts';
import { CHOICES, commandOf, type Flags, flagsOf, linkOf, START, type View, viewOf } from './view.ts';
import type { Failure, Reply, Request } from './worker.ts';

/** Milliseconds of rest after which intervals are asked for, and a link is written. */
const REST = 180;
/** A wait that is worth a word. */
const SLOW = 150;

const PRESETS: Readonly<Record<string, Flags>> = {
  'chat on an H100': {},
  'a larger GPU': { gpu: 'b200-sxm' },
  'code that is edited': { trace: 'instructcoder' },
  'a 70B model on four GPUs': { target: 'llama-3-70b', tp: '4', trace: 'spec-bench', method: 'none,eagle3' },
};

const NAMES: Readonly<Record<ChartKind, string>> = {
  speedup: 'Speedup',
  time: 'Time',
  pass: 'Price of a pass',
  roofline: 'Roofline',
  acceptance: 'Acceptance',
  best: 'Best setting',
  tree: 'Trees',
  waterfall: 'To the bound',
  pareto: 'User against GPU',
  capacity: 'Capacity',
  rounds: 'Rounds',
};

const embedded = CHART_KINDS.find((kind) => kind === new URLSearchParams(location.search).get('embed'));

export function startPage(worker: Worker): void {
  let view = viewOf(location.hash.slice(1));
  let reply: Reply | null = null;
  let error: string | null = null;
  let pinned: { readonly row: Row; readonly rows: readonly Row[]; readonly link: string } | null = null;
  let theme: ThemeName = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  let files: Record<string, string> = {};
  let unsent: Record<string, string> = {};
  let said = '';
  let sequence = 0;
  let running: Request | null = null;
  let waiting: Request | null = null;
  let slow = false;
  let rest: ReturnType<typeof setTimeout> | undefined;

  const main = document.querySelector('main')!;

  /** The newest question wins: one runs, one waits. */
  function ask(points: boolean): void {
    const lesson = LESSONS[view.scene - 1];
    const shown: ChartKind[] = embedded === undefined ? ['speedup', 'time', view.picture] : [embedded];
    waiting = {
      id: ++sequence,
      flags: view.flags,
      at: view.at,
      look: view.look,
      pictures: [...new Set(shown)].filter(
        (kind) => !points || ['speedup', 'time', 'pass', 'roofline'].includes(kind),
      ),
      points,
      beside: points ? [] : (lesson?.beside ?? []).map((flags) => ({ ...view.flags, ...flags })),
      files: {},
    };
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
    if (waiting === null || !('error' in data)) {
      if ('error' in data) {
        error = data.error;
        reply = null;
      } else {
        error = null;
        // Points bring few pictures: those of the answer before stand until the next.
        reply =
          data.points && reply !== null
            ? { ...data, charts: { ...reply.charts, ...data.charts }, beside: reply.beside }
            : data;
        if (!data.points) said = data.charts.speedup?.summary ?? '';
      }
      show();
    }
    send();
  };

  function go(next: Partial<View>, moving = false): void {
    view = { ...view, ...next };
    show();
    ask(moving);
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
        if ('scenario' in found) go({ flags: flagsOf(found.scenario) });
        else {
          files = { ...files, [name]: text };
          unsent = { ...unsent, [name]: text };
          set(found.option, name);
        }
      } catch (problem) {
        error = `${name}: ${(problem as Error).message}`;
        show();
      }
    }
  }

  const looked = (rows: readonly Row[]): Row | undefined => {
    const at = rows.filter(({ batch_size: batch }) => batch === view.at || batch === null);
    return at.find(({ method }) => method === view.look) ?? at.findLast(({ k }) => k !== null) ?? at.at(-1);
  };

  function cards(): TemplateResult {
    const row = looked(reply?.result.rows ?? []);
    if (row === undefined) return html`<p class="card">no row at batch ${view.at}</p>`;
    const before = pinned?.row;
    const card = (
      name: string,
      text: (of: Row) => string,
      note: (of: Row) => string,
    ) => html`<div class="card">
      <h2>${name}</h2><p class="value">${text(row)}</p><p>${note(row)}</p>
      ${before === undefined ? nothing : html`<p class="pinned">A: ${text(before)} ${note(before)}</p>`}</div>`;
    const interval = ({ speedup_lo: lo, speedup_hi: hi }: Row) =>
      lo === null || hi === null ? 'interval follows' : `${lo.toFixed(2)} to ${hi.toFixed(2)} (95%)`;
    const percent = (share: number) => `${(100 * share).toFixed(0)}%`;
    return html`
      ${card(`${settingLabel(row)}, batch ${row.batch_size ?? 'open'}`, ({ speedup }) => (speedup === null ? 'none' : `${speedup.toFixed(2)}x`), interval)}
      ${card(
        'tokens/s',
        (of) => valueText(of.throughput_tok_per_s),
        (of) => `plain ${valueText(of.baseline_throughput_tok_per_s)}`,
      )}
      ${card(
        'verifying',
        (of) => percent(of.time_share.verify),
        () => 'of the time',
      )}
      ${card(
        'drafting',
        (of) => percent(of.time_share.draft),
        (of) => `${of.tokens_per_round?.toFixed(2) ?? 'no'} tokens a round`,
      )}
    `;
  }

  /** The chart with A beneath, dashed and grey. */
  function withPin(chart: Chart): Chart {
    const [panel] = chart.panels;
    if (pinned === null || chart.kind !== 'speedup' || panel?.form !== 'lines') return chart;
    const { row, rows } = pinned;
    const points = rows
      .filter((one) => one.method === row.method && one.k === row.k && one.trace === row.trace)
      .map((one) => ({ x: one.batch_size!, y: one.speedup, lo: one.speedup_lo, hi: one.speedup_hi }));
    const series = {
      name: `A: ${settingLabel(row)}`,
      hue: 'plain',
      dashed: true,
      path: 'line',
      mark: 'dot',
      points,
    } as const;
    return { ...chart, panels: [{ ...panel, series: [series, ...panel.series] }, ...chart.panels.slice(1)] };
  }

  function figure(kind: ChartKind, height: number): TemplateResult {
    const found = reply?.charts[kind];
    if (found === undefined) return html`<figure class="empty" aria-busy="true">${NAMES[kind]}</figure>`;
    const chart = withPin(found);
    const holder = main.querySelector<HTMLElement>(`#picture-${kind}`);
    const width = Math.max(320, holder?.clientWidth ?? Math.min(760, main.clientWidth - 40));
    return html`<figure>
      <div class="picture" id="picture-${kind}" tabindex="0" role="group" aria-label="${chart.title}. ${chart.summary} Arrow keys walk its marks."
        @keydown=${walk} @mousemove=${hover} @mouseleave=${clear}>${unsafeHTML(draw(chart, theme, { width, height }))}</div>
      <figcaption class="mark-says"></figcaption>
      <details><summary>Numbers of ${NAMES[kind].toLowerCase()}</summary>
      <div class="scroll" tabindex="0" role="group" aria-label="table of ${NAMES[kind].toLowerCase()}">${figuresOf(
        chart,
      ).map(
        ({ columns, rows }) => html`<table>
        <thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
        <tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${typeof cell === 'number' ? valueText(cell) : (cell ?? '')}</td>`)}</tr>`)}</tbody>
      </table>`,
      )}</div></details></figure>`;
  }

  function lesson(): TemplateResult | typeof nothing {
    const one = LESSONS[view.scene - 1];
    if (one === undefined) return nothing;
    const turn = (scene: number) => go({ ...LESSONS[scene - 1]!.view, scene });
    return html`<section class="lesson" aria-label="Lesson ${view.scene}"><h2>${view.scene}. ${one.title}</h2>
      <p>${one.says}</p><p><strong>Try:</strong> ${one.task}</p>
      <p class="sees">${reply === null ? '' : one.sees(reply)}</p>
      <nav><button ?disabled=${view.scene === 1} @click=${() => turn(view.scene - 1)}>Back</button>
      <button ?disabled=${view.scene === LESSONS.length} @click=${() => turn(view.scene + 1)}>Next</button>
      <button @click=${() => go({ ...START, scene: 0 })}>Leave</button></nav></section>`;
  }

  function header(): TemplateResult {
    const save = (kind: 'svg' | 'png' | 'csv' | 'json' | 'scenario') =>
      void pictureOf(kind, reply, theme, embedded ?? 'speedup').then(download);
    const button = (name: string, act: () => void, title = '') =>
      html`<button title=${title} ?disabled=${reply === null} @click=${act}>${name}</button>`;
    return html`<h1>specsim <span>speculative decoding, explored</span></h1>
      <nav aria-label="page">
        <select aria-label="preset" @change=${(event: Event) => {
          const flags = PRESETS[(event.target as HTMLSelectElement).value];
          if (flags !== undefined) go({ ...START, flags: { ...START.flags, ...flags } });
        }}><option value="">Presets</option>${Object.keys(PRESETS).map((name) => html`<option>${name}</option>`)}</select>
        <select aria-label="lesson" @change=${(event: Event) => {
          const scene = Number((event.target as HTMLSelectElement).value);
          if (scene > 0) go({ ...LESSONS[scene - 1]!.view, scene });
        }}><option value="0">Lessons</option>${LESSONS.map(({ title }, i) => html`<option value=${i + 1} ?selected=${view.scene === i + 1}>${i + 1}. ${title}</option>`)}</select>
        ${button(
          pinned === null ? 'Pin as A' : 'Unpin A',
          () => {
            const row = looked(reply!.result.rows);
            pinned =
              pinned !== null || row === undefined
                ? null
                : { row, rows: reply!.result.rows, link: linkOf(view) };
            show();
          },
          'keep this setting beside the next',
        )}
        ${button('SVG', () => save('svg'))}${button('PNG', () => save('png'))}${button('CSV', () => save('csv'))}
        ${button('JSON', () => save('json'))}${button('Scenario', () => save('scenario'), 'a file for specsim run')}
        <button aria-pressed=${theme === 'dark'} @click=${() => {
          theme = theme === 'dark' ? 'light' : 'dark';
          show();
        }}>Dark</button></nav>`;
  }

  function body(): TemplateResult {
    const batches = [...new Set((reply?.result.rows ?? []).flatMap(({ batch_size: batch }) => batch ?? []))];
    const methods = [...new Set((reply?.result.rows ?? []).map(({ method }) => method))];
    const pick = (
      name: string,
      values: readonly (string | number)[],
      now: string | number,
      act: (value: string) => void,
    ) => html`<label>${name}
      <select @change=${(event: Event) => act((event.target as HTMLSelectElement).value)}>${values.map((value) => html`<option ?selected=${value === now}>${value}</option>`)}</select></label>`;
    const command = commandOf(view.flags);
    return html`
      ${lesson()}
      ${error === null ? nothing : html`<p class="error" role="alert">${plainText(error)}</p>`}
      ${
        reply === null
          ? nothing
          : html`<div class="look">${pick('look at batch', batches, view.at, (value) => go({ at: Number(value) }))}
        ${pick('and method', methods, looked(reply.result.rows)?.method ?? '', (value) => go({ look: value }))}</div>
      <div class="cards">${cards()}</div>
      ${reply.result.warnings.map((warning) => html`<p class="warning">warning: ${plainText(warning)}</p>`)}`
      }
      ${figure('speedup', 380)}
      <div class="pair">${figure('time', 340)}
        <div><div class="choices" role="group" aria-label="picture">${CHOICES.map(
          (kind) => html`<button aria-pressed=${kind === view.picture}
          @click=${() => go({ picture: kind })}>${NAMES[kind]}</button>`,
        )}</div>${figure(view.picture, 340)}</div></div>
      <p class="command"><code tabindex="0">${command}</code><button @click=${() => copy(command)}>Copy</button>
        <button @click=${() => copy(location.href)}>Copy link</button></p>
      ${Object.keys(files).length === 0 ? nothing : html`<p>The link names ${Object.keys(files).join(', ')}; the files themselves stay in this browser.</p>`}`;
  }

  /** Without a clipboard, as on plain http, the text is selected. */
  function copy(text: string): void {
    const place = main.querySelector('.command code')!;
    place.textContent = text;
    getSelection()?.selectAllChildren(place);
    void navigator.clipboard?.writeText(text).catch(() => {});
  }

  function show(): void {
    document.documentElement.dataset.theme = theme;
    document.body.classList.toggle('embedded', embedded !== undefined);
    render(header(), document.querySelector('header')!);
    const asking = { flags: view.flags, files, methods: reply?.methods ?? [], idle: reply?.idle ?? {}, set };
    render(
      html`${controls(asking)}
        <div class="control"><label for="files">your files</label><input id="files" type="file" multiple @change=${(event: Event) => open((event.target as HTMLInputElement).files)} />
        <p>A trace, config.json, profile, or a result to go back to. They stay in this browser.</p></div>`,
      document.querySelector('aside')!,
    );
    render(
      embedded === undefined
        ? body()
        : html`${error === null ? nothing : html`<p class="error" role="alert">${plainText(error)}</p>`}${figure(embedded, 420)}`,
      main,
    );
    document.querySelector('#busy')!.textContent = slow ? 'working' : '';
    document.body.dataset.state =
      running === null && waiting === null ? (reply?.points === false ? 'rest' : 'points') : 'busy';
    const status = document.querySelector('[role=status]')!;
    if (running === null && waiting === null && status.textContent !== said) status.textContent = said;
  }

  addEventListener('popstate', () => {
    view = viewOf(location.hash.slice(1));
    show();
    ask(false);
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
