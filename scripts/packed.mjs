/** Files of JSON packed for the page, and unpacked in it byte for byte, as the hash of a scenario takes them in. */

/** A key, a value, or the place of one. */
const TOKEN = /"((?:\\.|[^"\\])*)":|"(?:\\.|[^"\\])*"|-?\d[\d.e+-]*|_/g;

const meanLength = (texts) => texts.join('').length / texts.length;

const mapped = (texts, of) =>
  typeof texts === 'string'
    ? of(texts)
    : Object.fromEntries(Object.entries(texts).map(([name, one]) => [name, mapped(one, of)]));

/**
 * What is left of files without indentation and values, and the values by key: like beside like takes less room once it
 * is compressed, prose beside prose. A value that repeats the one before it is empty.
 *
 * @param {object} texts by names, in folders
 */
export function packed(texts) {
  const values = {};
  const shapes = mapped(texts, (text) => {
    let key = '';
    return text.replaceAll(/\n */g, '\n').replaceAll(TOKEN, (token, name) => {
      if (name !== undefined) {
        key = name;
        return token;
      }
      values[key] ??= [];
      // What begins as a string ends as one.
      values[key].push(token.replace(/"$/, ''));
      return '_';
    });
  });
  const columns = Object.fromEntries(
    Object.entries(values)
      .sort(([, a], [, b]) => meanLength(b) - meanLength(a))
      .map(([key, of]) => [key, of.map((value, i) => (value === of[i - 1] ? '' : value)).join('\n')]),
  );
  return { columns, shapes };
}

export function unpacked({ shapes, columns }) {
  const values = mapped(columns, (text) => text.split('\n').values());
  const last = {};
  return mapped(shapes, (shape) => {
    let key = '';
    const text = shape.replaceAll(TOKEN, (token, name) => {
      if (token !== '_') {
        key = name;
        return token;
      }
      last[key] = values[key].next().value || last[key];
      return last[key][0] === '"' ? `${last[key]}"` : last[key];
    });
    return indented(text);
  });
}

/** Two blanks for each bracket that is open before a line. */
function indented(text) {
  let open = 0;
  const lines = text.split('\n').map((line) => {
    const own = line.replaceAll(/"(\\.|[^"\\])*"/g, '');
    const closing = /^[}\]]*/.exec(own)[0].length;
    const before = '  '.repeat(open - closing);
    open += own.replaceAll(/[^{[]/g, '').length - own.replaceAll(/[^}\]]/g, '').length;
    return line === '' ? line : before + line;
  });
  return lines.join('\n');
}
