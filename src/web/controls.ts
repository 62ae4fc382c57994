/** Controls, made from the table of options; sliders are numbers that have a usual range. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import { profiles, traces } from 'shipped';
import { OPTION_NAMES, OPTIONS } from '../scenario/option-table.ts';
import { DEFAULTS, flagOf, type OptionName } from '../scenario/options.ts';
import { type Flags, pairsOf, START } from './view.ts';

/** What is asked first; the table's other options follow under "More". */
const FIRST: readonly OptionName[] = [
  'gpu',
  'target',
  'engine',
  'trace',
  'method',
  'k',
  'drafterQuality',
  'promptLen',
  'outputLen',
];

/** A usual range, where steps may double. */
interface Range {
  readonly least: number;
  readonly most: number;
  readonly step: number;
  readonly doubled: boolean;
  /** Digits of a value behind the point. */
  readonly digits: number;
}

const SLIDERS: Partial<Record<OptionName, Range>> = {
  k: { least: 1, most: 16, step: 1, doubled: false, digits: 0 },
  drafterQuality: { least: 0.8, most: 1.3, step: 0.05, doubled: false, digits: 2 },
  promptLen: { least: 64, most: 32768, step: 0.25, doubled: true, digits: 0 },
  outputLen: { least: 16, most: 4096, step: 0.25, doubled: true, digits: 0 },
};

/** What-if numbers of the GPU with a slider of their own, as factors. */
const WHAT_IF = [
  ['hardware.memoryBandwidth', 'memory bandwidth'],
  ['hardware.denseFlops', 'arithmetic (FLOP/s)'],
] as const;
const FACTOR: Range = { least: 0.25, most: 4, step: 0.1, doubled: true, digits: 2 };

export interface Asking {
  readonly flags: Flags;
  readonly files: Readonly<Record<string, string>>;
  readonly methods: readonly string[];
  readonly idle: Partial<Record<OptionName, string>>;
  /** @param moving whether a slider moves still */
  set(name: OptionName, value: string | undefined, moving?: boolean): void;
}

const written = (event: Event) => (event.target as HTMLInputElement).value;

/** One of some values. @param shown whether its name stands beside it, or is told to readers of screens alone */
export function choice(
  name: string,
  values: readonly string[],
  now: string,
  act: (value: string) => void,
  shown = false,
): TemplateResult {
  const select = html`<select aria-label=${shown ? nothing : name} @change=${(event: Event) => act(written(event))}>
    ${values.map((value) => html`<option ?selected=${value === now}>${value}</option>`)}</select>`;
  return shown ? html`<label>${name} ${select}</label>` : select;
}

export function controls(asking: Asking): TemplateResult {
  const rest = OPTION_NAMES.filter((name) => !FIRST.includes(name) && name !== 'set' && name !== 'batch');
  return html`
    ${FIRST.map((name) => control(asking, name))}
    <fieldset>
      <legend>What if the GPU had</legend>
      ${WHAT_IF.map(([path, words]) => whatIf(asking, path, words))}
    </fieldset>
    <details>
      <summary>More options</summary>
      ${(['batch', ...rest, 'set'] as const).map((name) => control(asking, name))}
    </details>
  `;
}

function control(asking: Asking, name: OptionName): TemplateResult {
  const { flags, idle, set } = asking;
  const { control: of, help, holds } = OPTIONS[name];
  const value = flags[name];
  const flag = flagOf(name);
  const id = `option-${flag}`;
  const changed = value !== START.flags[name];
  const title = idle[name] === undefined ? help : `no effect ${idle[name]}`;
  const reset = html`<button class="reset" title="as at the start" aria-label="reset ${flag}" @click=${() => set(name, START.flags[name])}>↺</button>`;
  const label = html`<label for=${id} class=${changed ? 'changed' : ''} title=${title}>${flag.replaceAll('-', ' ')}</label>${changed ? reset : nothing}`;
  const usual = DEFAULTS[name] === null ? '' : String(DEFAULTS[name]);
  if (name === 'method') return methods(asking, label, id);
  const range = SLIDERS[name];
  if (range !== undefined && !(value ?? '').includes(',')) {
    const disabled = idle[name] !== undefined;
    const of = { id, name: flag, label, value: value ?? usual, title: help, disabled };
    return slider(range, of, (written, moving) => set(name, written, moving));
  }
  const change = (event: Event) => set(name, written(event).trim() || undefined);
  if (holds === 'switch') {
    const turn = (event: Event) => set(name, (event.target as HTMLInputElement).checked ? 'true' : undefined);
    return html`<div class="control">${label}<input id=${id} type="checkbox" .checked=${live(value === 'true')} title=${title} @change=${turn} /></div>`;
  }
  const known = of.kind === 'name' && (holds !== 'list' || name === 'trace') ? namesOf(asking, of.of) : [];
  const picks = of.kind === 'pick' ? of.values : known;
  if (picks.length > 0) {
    const now = value ?? usual;
    const all = picks.includes(now) ? picks : [now, ...picks];
    return html`<div class="control">${label}<select id=${id} title=${title} @change=${change}>
      ${all.map((one) => html`<option value=${one} ?selected=${one === now}>${one === '' ? 'none' : one}</option>`)}
    </select></div>`;
  }
  return html`<div class="control">${label}<input id=${id} type="text" title=${title} placeholder=${usual || 'as in the trace'} autocomplete="off"
    spellcheck="false" .value=${live(value ?? '')} @change=${change} /></div>`;
}

interface Sliding {
  readonly id: string;
  readonly name: string;
  readonly label: TemplateResult;
  readonly value: string;
  readonly title: string;
  readonly disabled: boolean;
}

/** A slider, and a field for any number. */
function slider(
  { least, most, step, doubled, digits }: Range,
  { id, name, label, value, title, disabled }: Sliding,
  set: (value: string | undefined, moving: boolean) => void,
): TemplateResult {
  const place = (of: number) => (doubled ? Math.log2(of) : of);
  const move = (moving: boolean) => (event: Event) => {
    const at = Number(written(event));
    set(String(Number((doubled ? 2 ** at : at).toFixed(digits))), moving);
  };
  return html`<div class="control slider">${label}
    <input type="range" aria-label="${name} slider" ?disabled=${disabled} min=${place(least)} max=${place(most)} step=${step}
      .value=${live(String(place(value === '' ? least : Number(value))))} @input=${move(true)} @change=${move(false)} />
    <input id=${id} class="number" inputmode="decimal" title=${title} placeholder="trace" .value=${live(value)}
      @change=${(event: Event) => set(written(event).trim() || undefined, false)} /></div>`;
}

function whatIf({ flags, set }: Asking, path: string, name: string): TemplateResult {
  const pairs = flags.set === undefined ? {} : pairsOf(flags.set);
  const value = /^([\d.]+)x$/.exec(pairs[path] ?? '1x')?.[1] ?? '1';
  const id = `what-if-${path.replaceAll('.', '-')}`;
  const label = html`<label for=${id} class=${path in pairs ? 'changed' : ''}>${name}</label>`;
  const of = { id, name, label, value, title: 'times as much', disabled: false };
  return slider(FACTOR, of, (factor = '1', moving) => {
    const { [path]: _, ...others } = pairs;
    const all = Object.entries(Number(factor) === 1 ? others : { ...others, [path]: `${factor}x` });
    set('set', all.length === 0 ? undefined : all.map((pair) => pair.join('=')).join(), moving);
  });
}

/** A box for each method that the trace can answer for, and for those that were named beside. */
function methods({ flags, methods: known, set }: Asking, label: TemplateResult, id: string): TemplateResult {
  const chosen = (flags.method ?? DEFAULTS.method.join()).split(',');
  const toggle = (name: string) => {
    const now = chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name];
    if (now.length > 0) set('method', now.join());
  };
  const box = (name: string) =>
    html`<label class="box"><input type="checkbox" .checked=${live(chosen.includes(name))} @change=${() => toggle(name)} />${name}</label>`;
  return html`<div class="control methods">${label}<input id=${id} type="text" spellcheck="false" autocomplete="off"
      .value=${live(chosen.join())} @change=${(event: Event) => set('method', written(event))} />
    <div>${[...new Set([...known, ...chosen])].map(box)}</div></div>`;
}

function namesOf({ files, flags }: Asking, of: string): string[] {
  const own = Object.keys(files);
  if (of === 'gpu' || of === 'engine' || of === 'model') return [...Object.keys(profiles[of]), ...own];
  if (of !== 'trace') return [];
  const target = flags.target ?? DEFAULTS.target;
  return [...Object.keys(traces[target] ?? traces[DEFAULTS.target]!), ...own];
}
