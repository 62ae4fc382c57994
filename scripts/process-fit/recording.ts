/** The recordings a process is fitted to: only requests that ended by themselves. */
import { readFileSync } from 'node:fs';
import { parseTrace } from '../../src/trace/read.ts';
import { selectRequests, untruncated } from '../../src/trace/reshape.ts';
import type { AcceptanceTrace } from '../../src/trace/trace.ts';

/** The recording in a file without the requests that its output limit cut off. */
export function readRecording(path: string): AcceptanceTrace {
  const trace = parseTrace(readFileSync(path, 'utf8'), path);
  return selectRequests(trace, untruncated(trace));
}
