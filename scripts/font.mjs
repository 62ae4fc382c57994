/** Fonts of pictures: a WOFF file, whose tables are compressed one by one, as the TTF that renderers read. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';

/** Letters of pictures whose widths are kept: printable ASCII. */
const FIRST = 0x20;
const LAST = 0x7e;

/** @param {400 | 700} weight */
export function trueType(weight) {
  const woff = readFileSync(`node_modules/@fontsource/noto-sans/files/noto-sans-latin-${weight}-normal.woff`);
  const tables = woff.readUInt16BE(12);
  const head = Buffer.alloc(12 + 16 * tables);
  woff.copy(head, 0, 4, 8);
  const power = 2 ** Math.floor(Math.log2(tables));
  [tables, 16 * power, Math.log2(power), 16 * (tables - power)].forEach((value, i) => {
    head.writeUInt16BE(value, 4 + 2 * i);
  });
  const parts = [head];
  let at = head.length;
  for (let t = 0; t < tables; t++) {
    const entry = 44 + 20 * t;
    const [offset, packed, length] = [4, 8, 12].map((field) => woff.readUInt32BE(entry + field));
    const data = woff.subarray(offset, offset + packed);
    const whole = packed < length ? inflateSync(data) : data;
    woff.copy(head, 12 + 16 * t, entry, entry + 4);
    woff.copy(head, 16 + 16 * t, entry + 16, entry + 20);
    head.writeUInt32BE(at, 20 + 16 * t);
    head.writeUInt32BE(length, 24 + 16 * t);
    const padded = Buffer.alloc(Math.ceil(length / 4) * 4);
    whole.copy(padded);
    parts.push(padded);
    at += padded.length;
  }
  return Buffer.concat(parts);
}

/** Advance widths of printable ASCII in thousandths of the font size. */
export function widths(ttf) {
  const table = (name) => {
    for (let t = 0; t < ttf.readUInt16BE(4); t++) {
      const at = 12 + 16 * t;
      if (ttf.toString('latin1', at, at + 4) === name) return ttf.subarray(ttf.readUInt32BE(at + 8));
    }
    throw new Error(`no table ${name}`);
  };
  const [cmap, hmtx] = [table('cmap'), table('hmtx')];
  const unitsPerEm = table('head').readUInt16BE(18);
  const measured = table('hhea').readUInt16BE(34);
  const glyph = glyphOf(cmap);
  return Array.from({ length: LAST - FIRST + 1 }, (_, i) => {
    const index = Math.min(glyph(FIRST + i), measured - 1);
    return Math.round((1000 * hmtx.readUInt16BE(4 * index)) / unitsPerEm);
  });
}

function glyphOf(cmap) {
  for (let i = 0; i < cmap.readUInt16BE(2); i++) {
    const map = cmap.subarray(cmap.readUInt32BE(4 + 8 * i + 4));
    if (map.readUInt16BE(0) !== 4) continue;
    const doubled = map.readUInt16BE(6);
    return (code) => {
      for (let s = 0; s < doubled; s += 2) {
        if (map.readUInt16BE(14 + s) < code) continue;
        const start = map.readUInt16BE(16 + doubled + s);
        if (code < start) return 0;
        const delta = map.readUInt16BE(16 + 2 * doubled + s);
        const range = map.readUInt16BE(16 + 3 * doubled + s);
        if (range === 0) return (code + delta) & 0xffff;
        return map.readUInt16BE(16 + 3 * doubled + s + range + 2 * (code - start));
      }
      return 0;
    };
  }
  throw new Error('no map of characters in format 4');
}

/** Writes the fonts that ship. @param {string} folder */
export function writeFonts(folder) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/noto-sans.ttf`, trueType(400));
  writeFileSync(`${folder}/noto-sans-bold.ttf`, trueType(700));
}
