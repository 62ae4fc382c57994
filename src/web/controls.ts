/** Controls, made from the table of options; sliders are numbers that have a usual range. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import { profiles, traces } from 'shipped';
import { type Flags, pairsOf, pairsText } from '../scenario/flags.ts';
import { OPTION_NAMES, OPTIONS } from '../scenario/option-table.ts';
import { DEFAULTS, flagOf, type OptionName } from '../scenario/options.ts';
import { START } from './view.ts';

/** A usual range, where steps may double. */
interface Range {
  readonly least: number;
  readonly most: number;
  readonly step: number;
  readonly doubled?: true;
  /** Digits of a value behind the point. */
  readonly digits?: number;
}

/** What is asked first, and its range; the table's other options follow under "More". */
const FIRST = new Map<OptionName, Range | null>([
  ...(['gpu', 'target', 'engine', 'trace', 'method'] as const).map((name) => [name, null] as const),
  ['k', { least: 1, most: 16, step: 1 }],
  ['drafterQuality', { least: 0.8, most: 1.3, step: 0.05, digits: 2 }],
  ['promptLen', { least: 64, most: 32768, step: 0.25, doubled: true }],
  ['outputLen', { least: 16, most: 4096, step: 0.25, doubled: true }],
]);
const MORE = OPTION_NAMES.filter((name) => !FIRST.has(name) && name !== 'set' && name !== 'batch');

/** What-if numbers of the GPU with a slider of their own, as factors. */
const WHAT_IF = [
  ['hardware.memoryBandwidth', 'memory bandwidth'],
  ['hardware.denseFlops', 'arithmetic (FLOP/s)'],
] as const;
const FACTOR: Range = { least: 0.25, most: 4, step: 0.1, doubled: true, digits: 2 };

export interface Asking {
  readonly flags: Flags;
  /** Names of the reader's files. */
  readonly files: readonly string[];
  readonly methods: readonly string[];
  readonly idle: Partial<Record<OptionName, string>>;
  /** @param moving whether a slider moves still */
  set(name: OptionName, value: string | undefined, moving?: boolean): void;
}

const written = (event: Event) => (event.target as HTMLInputElement).value.trim();

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
  return html`
    ${[...FIRST.keys()].map((name) => control(asking, name))}
    <fieldset><legend>What if the GPU had</legend>${WHAT_IF.map(([path, words]) => whatIf(asking, path, words))}</fieldset>
    <details><summary>More options</summary>
      ${(['batch', ...MORE, 'set'] as const).map((name) => control(asking, name))}</details>`;
}

interface Field {
  readonly id: string;
  readonly flag: string;
  readonly title: string;
  readonly value: string;
  readonly disabled: boolean;
  set(value: string | undefined, moving?: boolean): void;
}

function control(asking: Asking, name: OptionName): TemplateResult {
  const { help, holds } = OPTIONS[name];
  const flag = flagOf(name);
  const id = `option-${flag}`;
  const [value, idle, usual] = [asking.flags[name], asking.idle[name], String(DEFAULTS[name] ?? '')];
  const title = idle === undefined ? help : `no effect ${idle}`;
  const set: Field['set'] = (to, moving) => asking.set(name, to || undefined, moving);
  const changed = value !== START.flags[name];
  const reset = html`<button class="reset" title="as at the start" aria-label="reset ${flag}" @click=${() => set(START.flags[name])}>↺</button>`;
  const label = html`<label for=${id} class=${changed ? 'changed' : ''} title=${title}>${flag.replaceAll('-', ' ')}</label>${changed ? reset : nothing}`;
  const of: Field = { id, flag, title, value: value ?? usual, disabled: idle !== undefined, set };
  const change = (event: Event) => set(written(event));
  const range = FIRST.get(name);
  const picks = picksOf(asking, name);
  if (name === 'method') return methods(asking, label, of);
  if (range && !value?.includes(',')) return slider(range, label, of);
  const input = () => {
    if (holds === 'switch') {
      const turn = (event: Event) => set((event.target as HTMLInputElement).checked ? 'true' : undefined);
      return html`<input id=${id} type="checkbox" .checked=${live(value === 'true')} title=${title} @change=${turn} />`;
    }
    if (picks.length > 0) {
      const all = [...new Set([...picks, of.value])];
      return html`<select id=${id} title=${title} @change=${change}>
        ${all.map((one) => html`<option value=${one} ?selected=${one === of.value}>${one || 'none'}</option>`)}</select>`;
    }
    return html`<input id=${id} type="text" title=${title} placeholder=${usual || 'as in the trace'} autocomplete="off"
      spellcheck="false" .value=${live(value ?? '')} @change=${change} />`;
  };
  return html`<div class="control">${label}${input()}</div>`;
}

/** Values to choose among, where they are known. */
function picksOf({ files, flags }: Asking, name: OptionName): readonly string[] {
  const { control: of, holds } = OPTIONS[name];
  if (of.kind === 'pick') return of.values;
  if (of.kind !== 'name' || (holds === 'list' && name !== 'trace')) return [];
  const target = flags.target ?? DEFAULTS.target;
  if (of.of === 'trace') return [...Object.keys(traces[target] ?? traces[DEFAULTS.target]!), ...files];
  return of.of in profiles ? [...Object.keys(profiles[of.of as keyof typeof profiles]), ...files] : [];
}

/** A slider, and a field for any number. */
function slider(range: Range, label: TemplateResult, { id, flag, title, value, disabled, set }: Field) {
  const { least, most, step, doubled, digits = 0 } = range;
  const place = (number: number) => (doubled ? Math.log2(number) : number);
  const move = (moving: boolean) => (event: Event) => {
    const at = Number(written(event));
    set(String(Number((doubled ? 2 ** at : at).toFixed(digits))), moving);
  };
  return html`<div class="control slider">${label}
    <input type="range" aria-label="${flag} slider" ?disabled=${disabled} min=${place(least)} max=${place(most)} step=${step}
      .value=${live(String(place(Number(value || least))))} @input=${move(true)} @change=${move(false)} />
    <input id=${id} class="number" inputmode="decimal" title=${title} placeholder="trace" .value=${live(value)}
      @change=${(event: Event) => set(written(event))} /></div>`;
}

function whatIf({ flags, set }: Asking, path: string, flag: string): TemplateResult {
  const { [path]: now, ...others } = flags.set === undefined ? {} : pairsOf(flags.set);
  const value = /^([\d.]+)x$/.exec(now ?? '1x')?.[1] ?? '1';
  const id = `what-if-${path.replaceAll('.', '-')}`;
  const label = html`<label for=${id} class=${now === undefined ? '' : 'changed'}>${flag}</label>`;
  const put: Field['set'] = (factor, moving) => {
    const pairs = Number(factor || 1) === 1 ? others : { ...others, [path]: `${factor}x` };
    set('set', pairsText(pairs) || undefined, moving);
  };
  return slider(FACTOR, label, { id, flag, value, title: 'times as much', disabled: false, set: put });
}

/** A box for each method that the trace can answer for, and for those that were named beside. */
function methods(
  { methods: known }: Asking,
  label: TemplateResult,
  { id, value, set }: Field,
): TemplateResult {
  const chosen = value.split(',');
  const toggle = (name: string) =>
    set((chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]).join() || 'none');
  const box = (name: string) =>
    html`<label class="box"><input type="checkbox" .checked=${live(chosen.includes(name))} @change=${() => toggle(name)} />${name}</label>`;
  return html`<div class="control methods">${label}<input id=${id} type="text" spellcheck="false" autocomplete="off"
      .value=${live(value)} @change=${(event: Event) => set(written(event))} />
    <div>${[...new Set([...known, ...chosen])].map(box)}</div></div>`;
}
