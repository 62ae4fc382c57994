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

/** Usual ranges of sliders, where the steps double, and words for what the trace decides. */
const SLIDERS: Partial<Record<OptionName, readonly [least: number, most: number, step: number | 'doubled']>> =
  {
    k: [1, 16, 1],
    drafterQuality: [0.8, 1.3, 0.05],
    promptLen: [64, 32768, 'doubled'],
    outputLen: [16, 4096, 'doubled'],
  };

/** What-if numbers of the GPU with a slider of their own. */
const WHAT_IF = [
  ['hardware.memoryBandwidth', 'memory bandwidth'],
  ['hardware.denseFlops', 'arithmetic (FLOP/s)'],
] as const;

export interface Asking {
  readonly flags: Flags;
  readonly files: Readonly<Record<string, string>>;
  readonly methods: readonly string[];
  readonly idle: Partial<Record<OptionName, string>>;
  /** @param moving whether a slider moves still */
  set(name: OptionName, value: string | undefined, moving?: boolean): void;
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
      ${['batch' as const, ...rest, 'set' as const].map((name) => control(asking, name))}
    </details>
  `;
}

function control(asking: Asking, name: OptionName): TemplateResult {
  const { flags, idle, set } = asking;
  const { control: of, help, holds } = OPTIONS[name];
  const value = flags[name];
  const id = `option-${flagOf(name)}`;
  const changed = value !== START.flags[name];
  const because = idle[name] === undefined ? help : `no effect ${idle[name]}`;
  const label = html`<label for=${id} class=${changed ? 'changed' : ''} title=${because}>${flagOf(name).replaceAll('-', ' ')}</label>
    ${changed ? html`<button class="reset" title="as at the start" aria-label="reset ${flagOf(name)}" @click=${() => set(name, START.flags[name])}>↺</button>` : nothing}`;
  const change = (event: Event) => set(name, (event.target as HTMLInputElement).value.trim() || undefined);
  const usual = DEFAULTS[name] === null ? 'as in the trace' : String(DEFAULTS[name]);
  if (name === 'method') return methods(asking, label, id);
  const slider = SLIDERS[name];
  if (slider !== undefined && !(value ?? '').includes(',')) return sliderOf(asking, name, label, id, slider);
  const names =
    of.kind === 'pick' ? of.values : of.kind === 'name' && holds !== 'list' ? namesOf(asking, of.of) : null;
  const traceNames = name === 'trace' ? namesOf(asking, 'trace') : null;
  const picks = names ?? traceNames;
  if (holds === 'switch') {
    return html`<div class="control">${label}<input id=${id} type="checkbox" .checked=${live(value === 'true')} title=${because}
      @change=${(event: Event) => set(name, (event.target as HTMLInputElement).checked ? 'true' : undefined)} /></div>`;
  }
  if (picks !== null && picks.length > 0) {
    const now = value ?? (DEFAULTS[name] === null ? '' : String(DEFAULTS[name]));
    const all = picks.includes(now) ? picks : [now, ...picks];
    return html`<div class="control">${label}<select id=${id} title=${because} @change=${change}>
      ${all.map((one) => html`<option value=${one} ?selected=${one === now}>${one === '' ? 'none' : one}</option>`)}
    </select></div>`;
  }
  return html`<div class="control">${label}<input id=${id} type="text" title=${because} placeholder=${usual} autocomplete="off"
    spellcheck="false" .value=${live(value ?? '')} @change=${change} /></div>`;
}

/** A slider, and a field for any number. */
function sliderOf(
  { flags, idle, set }: Asking,
  name: OptionName,
  label: TemplateResult,
  id: string,
  [least, most, step]: readonly [number, number, number | 'doubled'],
): TemplateResult {
  const usual = DEFAULTS[name] === null ? null : Number(String(DEFAULTS[name]));
  const value = flags[name] ?? (usual === null ? '' : String(usual));
  const doubled = step === 'doubled';
  const place = (of: number) => (doubled ? Math.log2(of) : of);
  const move = (event: Event, moving: boolean) => {
    const at = Number((event.target as HTMLInputElement).value);
    set(name, String(doubled ? Math.round(2 ** at) : Number(at.toFixed(2))), moving);
  };
  return html`<div class="control slider">${label}
    <input type="range" aria-label="${flagOf(name)} slider" ?disabled=${idle[name] !== undefined} min=${place(least)} max=${place(most)}
      step=${doubled ? 0.25 : step} .value=${live(String(place(value === '' ? least : Number(value))))}
      @input=${(event: Event) => move(event, true)} @change=${(event: Event) => move(event, false)} />
    <input id=${id} class="number" inputmode="decimal" title=${OPTIONS[name].help} placeholder="trace" .value=${live(value)}
      @change=${(event: Event) => set(name, (event.target as HTMLInputElement).value.trim() || undefined)} /></div>`;
}

function whatIf({ flags, set }: Asking, path: string, words: string): TemplateResult {
  const pairs = flags.set === undefined ? {} : pairsOf(flags.set);
  const factor = /^([\d.]+)x$/.exec(pairs[path] ?? '1x')?.[1] ?? '1';
  const id = `what-if-${path.replaceAll('.', '-')}`;
  const change = (value: string, moving: boolean) => {
    const { [path]: _, ...others } = pairs;
    const all = Object.entries(Number(value) === 1 ? others : { ...others, [path]: `${value}x` });
    set('set', all.length === 0 ? undefined : all.map((pair) => pair.join('=')).join(), moving);
  };
  const moved = (event: Event, moving: boolean) =>
    change(String(Number((2 ** Number((event.target as HTMLInputElement).value)).toFixed(2))), moving);
  return html`<div class="control slider"><label for=${id} class=${path in pairs ? 'changed' : ''}>${words}</label>
    <input type="range" aria-label="${words} slider" min="-2" max="2" step="0.1" .value=${live(String(Math.log2(Number(factor))))}
      @input=${(event: Event) => moved(event, true)} @change=${(event: Event) => moved(event, false)} />
    <input id=${id} class="number" inputmode="decimal" title="times as much" .value=${live(factor)}
      @change=${(event: Event) => change((event.target as HTMLInputElement).value, false)} /></div>`;
}

/** A box for each method that the trace can answer for, and for those that were named beside. */
function methods({ flags, methods: known, set }: Asking, label: TemplateResult, id: string): TemplateResult {
  const chosen = (flags.method ?? DEFAULTS.method.join()).split(',');
  const toggle = (name: string) => {
    const now = chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name];
    if (now.length > 0) set('method', now.join());
  };
  return html`<div class="control methods">${label}<input id=${id} type="text" spellcheck="false" autocomplete="off"
      .value=${live(chosen.join())} @change=${(event: Event) => set('method', (event.target as HTMLInputElement).value)} />
    <div>${[...new Set([...known, ...chosen])].map(
      (name) => html`<label class="box"><input type="checkbox" .checked=${live(chosen.includes(name))}
        @change=${() => toggle(name)} />${name}</label>`,
    )}</div></div>`;
}

function namesOf({ files, flags }: Asking, of: string): string[] {
  const own = Object.keys(files);
  if (of === 'gpu' || of === 'engine') return [...Object.keys(profiles[of]), ...own];
  if (of === 'model') return [...Object.keys(profiles.model), ...own];
  if (of !== 'trace') return [];
  const target = flags.target ?? DEFAULTS.target;
  return [...Object.keys(traces[target] ?? traces[DEFAULTS.target]!), ...own];
}
