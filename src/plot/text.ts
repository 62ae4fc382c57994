/** Words in pictures: how wide they are, cut to a width, broken into lines, and made harmless. */

/** Advance widths of Noto Sans, printable ASCII, in thousandths of its size (scripts/font.mjs). */
const REGULAR = [
  260, 269, 408, 646, 572, 831, 732, 225, 300, 300, 551, 572, 268, 322, 268, 372, 572, 572, 572, 572, 572,
  572, 572, 572, 572, 572, 268, 268, 572, 572, 572, 434, 899, 639, 650, 632, 730, 556, 519, 728, 741, 339,
  273, 619, 524, 907, 760, 781, 605, 781, 622, 549, 556, 731, 600, 930, 586, 566, 572, 329, 372, 329, 572,
  444, 281, 561, 615, 480, 615, 564, 344, 615, 618, 258, 258, 534, 258, 935, 618, 605, 615, 615, 413, 479,
  361, 618, 508, 786, 529, 510, 470, 380, 551, 380, 572,
];
const BOLD = [
  260, 282, 479, 646, 572, 902, 750, 266, 339, 339, 542, 572, 285, 320, 281, 415, 572, 572, 572, 572, 572,
  572, 572, 572, 572, 572, 281, 285, 572, 572, 572, 477, 898, 692, 665, 642, 732, 560, 549, 724, 765, 389,
  331, 664, 559, 943, 813, 791, 621, 791, 656, 551, 577, 756, 650, 967, 670, 626, 579, 331, 415, 331, 572,
  411, 365, 599, 632, 516, 632, 597, 387, 632, 650, 299, 298, 620, 298, 975, 650, 625, 632, 632, 447, 502,
  434, 650, 571, 856, 578, 571, 493, 394, 551, 394, 572,
];

/** A viewer may not have the font: the next in the list is up to so much wider, and more so where it is bold. */
const SLACK = 1.1;
const BOLD_SLACK = 1.16;

export const FONT = 'Noto Sans, Arial, DejaVu Sans, sans-serif';

/** The usual size of words, in pixels. */
export const SMALL = 11.5;

/** Pixels that a text takes at the most, at a font size in pixels. Letters beyond ASCII are taken to be square. */
export function textWidth(text: string, size = SMALL, bold = false): number {
  const widths = bold ? BOLD : REGULAR;
  let thousandths = 0;
  for (const letter of text) thousandths += widths[letter.codePointAt(0)! - 0x20] ?? 1000;
  return ((bold ? BOLD_SLACK : SLACK) * size * thousandths) / 1000;
}

/** The text, or as much of it as has room before an ellipsis. */
export function fitted(text: string, size: number, room: number, bold = false): string {
  const ellipsis = textWidth('…', size, bold);
  let width = 0;
  let kept = 0;
  let read = 0;
  for (const letter of text) {
    width += textWidth(letter, size, bold);
    read += letter.length;
    if (width > room) return kept === 0 ? '' : `${text.slice(0, kept).trimEnd()}…`;
    if (width + ellipsis <= room) kept = read;
  }
  return text;
}

/** The text in lines of at most `room` pixels, at most `most` of them; the last is cut. */
export function wrapped(text: string, size: number, room: number, most: number, bold = false): string[] {
  const lines: string[] = [];
  let line = '';
  const words = text.split(' ');
  for (const [i, word] of words.entries()) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line === '' || textWidth(longer, size, bold) <= room) line = longer;
    else if (lines.length === most - 1) {
      line = [line, ...words.slice(i)].join(' ');
      break;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line].map((one) => fitted(one, size, room, bold)).filter((one) => one !== '');
}

/** What a name may hide: control characters, directions of writing, halves of a pair of surrogates. */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The text with what is hidden in it replaced. */
export function plainText(text: string): string {
  return text.replace(HIDDEN, '\ufffd');
}

/** The text as it stands in XML and HTML, in elements and attributes. */
export function escaped(text: string): string {
  return plainText(text).replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
