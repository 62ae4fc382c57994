/** What stands around an engine's lines: log collectors that put each into JSON, and prefixes of streams and logs. */
import { isObject } from './fields.ts';

export interface Transport {
  readonly name: string;
  /** The lines in a line as it stands in the file; none where it holds no line of the engine's. */
  lines(line: string): readonly string[];
}

/** Where collectors put a line: Docker, journald, Fluentd and Fluent Bit, Vector, Loki, Google Cloud. */
const FIELDS = ['log', 'MESSAGE', 'message', 'msg', 'line', 'textPayload'] as const;

export const plain: Transport = { name: 'plain', lines: (line) => [line] };

/** `data: {...}` of a stream, `web-1 | {...}` of a log: a JSON object behind something. */
const prefixed: Transport = {
  name: 'a prefix',
  lines(line) {
    const begin = line.indexOf('{');
    return begin <= 0 ? [] : [line.slice(begin)];
  },
};

const wrapped = (field: string): Transport => ({
  name: `field ${field}`,
  lines(line) {
    if (!line.includes(`"${field}"`)) return [];
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return [];
    }
    const text = isObject(value) ? value[field] : null;
    return typeof text === 'string' ? text.replace(/\r?\n$/, '').split('\n') : [];
  },
});

/** In the order in which they are tried: a log line in JSON has the engine's text in it either way. */
export const TRANSPORTS: readonly Transport[] = [...FIELDS.map(wrapped), plain, prefixed];
