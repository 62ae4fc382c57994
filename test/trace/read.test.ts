import { expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { formatNames, parseTrace } from '../../src/trace/read.ts';

const KNOWN = formatNames.join(', ');

test.each([
  ['an empty file', '', `t: empty file, expected a trace (${KNOWN})`],
  ['a blank file', '\uFEFF \n\n', `t: empty file, expected a trace (${KNOWN})`],
  ['a binary file', '\x1f\uFFFD\x08\0\0', `t: not a text file, expected a trace (${KNOWN})`],
  ['another table', 'a,b\n1,2\n', `t: unknown trace format, starts with "a,b" (known: ${KNOWN})`],
  ['other json', '{\n"a": 1}', `t: unknown trace format, starts with "{" (known: ${KNOWN})`],
  [
    'other json lines',
    '{"timestamp": 1, "input_length": 2, "hash_ids": []}\n',
    `t: unknown trace format, starts with "{\\"timestamp\\": 1, \\"input_length" (known: ${KNOWN})`,
  ],
])('%s is refused in one line that names the formats', (_, text, message) => {
  expect(() => parseTrace(text, 't')).toThrow(new UserError(message));
});

test('a damaged file is told by what is left of it', () => {
  expect(() => parseTrace('{"id": "1", "prompt_token_ids": [1, 2', 't')).toThrow(
    't, line 1: the json object',
  );
  expect(() => parseTrace('request,drafter\n', 't')).toThrow('t, line 1: expected # specsim trace');
  expect(() => parseTrace('# specsim trace', 't')).toThrow('t, line 1: expected # specsim trace');
});
