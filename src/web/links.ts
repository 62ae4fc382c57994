/** Views as links hold them: only what differs from the start is written, so that links are short and can be read. */
import { OPTION_NAMES } from '../scenario/option-table.ts';
import { flagOf, type OptionName } from '../scenario/options.ts';
import { LESSONS } from './lessons.ts';
import { CHOICES, START, type View } from './view.ts';

/** Links of this meaning; the start view of another would be another version. */
const VERSION = '1';

/** What a link says nothing of is as at the start, of a lesson or of the page. */
const baseOf = (scene: number): View => ({ ...START, ...LESSONS[scene - 1]?.view, scene });

/** The part of a link behind the hash. */
export function linkOf(view: View): string {
  const parts = new URLSearchParams({ v: VERSION });
  const base = baseOf(view.scene);
  for (const name of OPTION_NAMES) {
    const value = view.flags[name];
    if (value !== base.flags[name]) parts.set(flagOf(name), value ?? '');
  }
  for (const key of ['at', 'look', 'picture'] as const) {
    if (view[key] !== base[key]) parts.set(key, String(view[key]));
  }
  if (view.scene !== 0) parts.set('scene', String(view.scene));
  return parts.toString().replaceAll('%2C', ',').replaceAll('%3A', ':').replaceAll('%2F', '/');
}

/** What a link shows; what it names and nobody knows is left out. */
export function viewOf(link: string): View {
  const parts = new URLSearchParams(link);
  const number = (key: string, otherwise: number, most: number) => {
    const value = Number(parts.get(key) ?? otherwise);
    return Number.isInteger(value) && value >= 0 && value <= most ? value : otherwise;
  };
  const scene = number('scene', 0, LESSONS.length);
  const base = baseOf(scene);
  const flags: Partial<Record<OptionName, string>> = { ...base.flags };
  for (const name of OPTION_NAMES) {
    const value = parts.get(flagOf(name));
    if (value === '') delete flags[name];
    else if (value !== null) flags[name] = value;
  }
  return {
    flags,
    at: number('at', base.at, 2 ** 20) || base.at,
    look: parts.get('look') ?? base.look,
    picture: CHOICES.find((kind) => kind === parts.get('picture')) ?? base.picture,
    scene,
  };
}
