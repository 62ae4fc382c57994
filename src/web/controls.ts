/** Controls, made from the table of options; sliders are numbers that have a usual range. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import { profiles, traces } from 'shipped';
import { OPTION_NAMES, OPTIONS } from '../scenario/option-table.ts';
import { DEFAULTS, flagOf, type OptionName } from '../scenario/options.ts';
import { type Flags, pairsOf, pairsText, START } from './view.ts';

/** What is asked first; the table's other options follow under "More". */
const FIRST: readonly OptionName[] = [
  ...(['gpu', 'target', 'engine', 'trace', 'method', 'k'] as const),
  ...(['drafterQuality', 'promptLen', 'outputLen'] as const),
];

/** A usual range, where steps may double. */
interface Range {
  readonly least: number;
  readonly most: number;
  readonly step: number;
  readonly doubled?: true;
  /** Digits of a value behind the point. */
  readonly digits?: number;
}

const SLIDERS: Partial<Record<OptionName, Range>> = {
  k: { least: 1, most: 16, step: 1 },
  drafterQuality: { least: 0.8, most: 1.3, step: 0.05, digits: 2 },
  promptLen: { least: 64, most: 32768, step: 0.25, doubled: true },
  outputLen: { least: 16, most: 4096, step: 0.25, doubled: true },
};

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

const field = (event: Event) => event.target as HTMLInputElement;

/** One of some values. @param shown whether its name stands beside it, or is told to readers of screens alone */
export function choice(
  name: string,
  values: readonly string[],
  now: string,
  act: (value: string) => void,
  shown = false,
): TemplateResult {
  const select = html`<select aria-label=${shown ? nothing : name} @change=${(event: Event) => act(field(event).value)}>
    ${values.map((value) => html`<option ?selected=${value === now}>${value}</option>`)}</select>`;
  return shown ? html`<label>${name} ${select}</label>` : select;
}

export function controls(asking: Asking): TemplateResult {
  const rest = OPTION_NAMES.filter((name) => !FIRST.includes(name) && name !== 'set' && name !== 'batch');
  return html`
    ${FIRST.map((name) => control(asking, name))}
    <fieldset><legend>What if the GPU had</legend>${WHAT_IF.map(([path, words]) => whatIf(asking, path, words))}</fieldset>
    <details><summary>More options</summary>
      ${(['batch', ...rest, 'set'] as const).map((name) => control(asking, name))}</details>`;
}

interface Field {
  readonly id: string;
  readonly flag: string;
  readonly label: TemplateResult;
  readonly title: string;
  readonly value: string;
  readonly disabled: boolean;
  set(value: string | undefined, moving?: boolean): void;
}

function control(asking: Asking, name: OptionName): TemplateResult {
  const { help, holds } = OPTIONS[name];
  const flag = flagOf(name);
  const id = `option-${flag}`;
  const value = asking.flags[name];
  const idle = asking.idle[name];
  const title = idle === undefined ? help : `no effect ${idle}`;
  const usual = String(DEFAULTS[name] ?? '');
  const set: Field['set'] = (written, moving) => asking.set(name, written, moving);
  const changed = value !== START.flags[name];
  const reset = html`<button class="reset" title="as at the start" aria-label="reset ${flag}" @click=${() => set(START.flags[name])}>↺</button>`;
  const label = html`<label for=${id} class=${changed ? 'changed' : ''} title=${title}>${flag.replaceAll('-', ' ')}</label>${changed ? reset : nothing}`;
  const of: Field = { id, flag, label, title, value: value ?? usual, disabled: idle !== undefined, set };
  if (name === 'method') return methods(asking, of);
  const range = SLIDERS[name];
  if (range !== undefined && !value?.includes(',')) return slider(range, of);
  const change = (event: Event) => set(field(event).value.trim() || undefined);
  const picks = picksOf(asking, name);
  const input = () => {
    if (holds === 'switch') {
      const turn = (event: Event) => set(field(event).checked ? 'true' : undefined);
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
  if (of.of === 'gpu' || of.of === 'engine' || of.of === 'model')
    return [...Object.keys(profiles[of.of]), ...files];
  if (of.of !== 'trace') return [];
  return [...Object.keys(traces[flags.target ?? ''] ?? traces[DEFAULTS.target]!), ...files];
}

/** A slider, and a field for any number. */
function slider({ least, most, step, doubled, digits = 0 }: Range, { id, flag, label, ...of }: Field) {
  const place = (value: number) => (doubled ? Math.log2(value) : value);
  const move = (moving: boolean) => (event: Event) => {
    const at = Number(field(event).value);
    of.set(String(Number((doubled ? 2 ** at : at).toFixed(digits))), moving);
  };
  return html`<div class="control slider">${label}
    <input type="range" aria-label="${flag} slider" ?disabled=${of.disabled} min=${place(least)} max=${place(most)} step=${step}
      .value=${live(String(place(Number(of.value || least))))} @input=${move(true)} @change=${move(false)} />
    <input id=${id} class="number" inputmode="decimal" title=${of.title} placeholder="trace" .value=${live(of.value)}
      @change=${(event: Event) => of.set(field(event).value.trim() || undefined)} /></div>`;
}

function whatIf({ flags, set }: Asking, path: string, name: string): TemplateResult {
  const { [path]: now, ...others } = flags.set === undefined ? {} : pairsOf(flags.set);
  const value = /^([\d.]+)x$/.exec(now ?? '1x')?.[1] ?? '1';
  const id = `what-if-${path.replaceAll('.', '-')}`;
  const label = html`<label for=${id} class=${now === undefined ? '' : 'changed'}>${name}</label>`;
  const put = (factor = '1', moving?: boolean) => {
    const pairs = Number(factor) === 1 ? others : { ...others, [path]: `${factor}x` };
    set('set', pairsText(pairs) || undefined, moving);
  };
  return slider(FACTOR, { id, flag: name, label, value, title: 'times as much', disabled: false, set: put });
}

/** A box for each method that the trace can answer for, and for those that were named beside. */
function methods({ methods: known }: Asking, { id, label, value, set }: Field): TemplateResult {
  const chosen = value.split(',');
  const toggle = (name: string) =>
    set((chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]).join() || 'none');
  const box = (name: string) =>
    html`<label class="box"><input type="checkbox" .checked=${live(chosen.includes(name))} @change=${() => toggle(name)} />${name}</label>`;
  return html`<div class="control methods">${label}<input id=${id} type="text" spellcheck="false" autocomplete="off"
      .value=${live(value)} @change=${(event: Event) => set(field(event).value)} />
    <div>${[...new Set([...known, ...chosen])].map(box)}</div></div>`;
}
