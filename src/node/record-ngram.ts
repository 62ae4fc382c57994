/** `specsim trace record-ngram`: look-up run on the requests of a file, one at a time. */
import { shown, UserError } from '../errors.ts';
import { canonicalCsv, canonicalCsvRows } from '../trace/formats/canonical-csv.ts';
import { canonicalJsonl, canonicalJsonlRows } from '../trace/formats/canonical-jsonl.ts';
import { nameOf, provenanceOf } from '../trace/formats/fields.ts';
import type { Stated } from '../trace/formats/format.ts';
import { provenanceStated } from '../trace/formats/stated.ts';
import type { LookUpOptions } from '../trace/lookup.ts';
import { FormerOutputs, lookUpTrace } from '../trace/record-look-up.ts';
import { parseRequestText, type RequestText } from '../trace/request-text.ts';
import type { PositionLengths } from '../trace/trace.ts';
import { linesOf } from './lines.ts';
import { checkWritable, writeWhole } from './output.ts';
import { checkEnding } from './trace.ts';

interface RecordLookUpRequest {
  readonly tokens: string;
  readonly lookUp: LookUpOptions;
  readonly stated: Stated;
  readonly out: string;
}

interface Totals {
  requests: number;
  promptTokens: number;
  outputTokens: number;
  positions: number;
  proposing: number;
  /** Tokens of proposals that are the text's. */
  right: number;
  unit: RequestText['unit'];
}

/** @throws UserError with file, line and field; then nothing is written */
export async function recordLookUp(request: RecordLookUpRequest): Promise<void> {
  const { lookUp, out } = request;
  checkEnding(out);
  await checkWritable(out, '--out');
  const totals: Totals = {
    requests: 0,
    promptTokens: 0,
    outputTokens: 0,
    positions: 0,
    proposing: 0,
    right: 0,
    unit: 'token ids',
  };
  await writeWhole(out, partsOf(request, totals));
  const { requests, promptTokens, outputTokens, positions, proposing, right, unit } = totals;
  const words = unit === 'words' ? 'words' : 'tokens';
  const proposals =
    positions === 0
      ? 'no position to propose at'
      : `a proposal at ${((100 * proposing) / positions).toFixed(1)}% of positions, on average with ${(right / Math.max(1, proposing)).toFixed(2)} right ${words}`;
  process.stdout.write(
    [
      `wrote ${out}: ${describe(lookUp)}`,
      `  ${requests} requests, ${promptTokens} ${words} of prompts and ${outputTokens} of outputs; ${proposals}`,
      ...(unit === 'words'
        ? ['  lengths and drafts are words, which are longer than tokens (docs/formats.md)']
        : []),
      `next: specsim trace inspect ${out}`,
      `      specsim run --trace ${out} --method ${lookUp.method}`,
      '',
    ].join('\n'),
  );
}

async function* partsOf(
  { tokens: path, lookUp, stated, out }: RecordLookUpRequest,
  totals: Totals,
): AsyncGenerator<string> {
  const csv = /\.csv(\.gz)?$/.test(out);
  const lineOfId = new Map<string, number>();
  const across = lookUp.method === 'suffix' ? (lookUp.across ?? 0) : 0;
  const former = new FormerOutputs(across);
  let line = 0;
  for await (const lines of linesOf(path, 'utf8')) {
    for (const raw of lines) {
      const at = `${path}, line ${++line}`;
      const json = (line === 1 ? raw.replace(/^\uFEFF/, '') : raw).trim();
      if (json === '') continue;
      const text = parseRequestText(json, at);
      const id = text.id ?? String(line);
      const earlier = lineOfId.get(id);
      if (earlier !== undefined)
        throw new UserError(`${at}: request ${shown(id)} was on line ${earlier} already`);
      lineOfId.set(id, line);
      if (totals.requests > 0 && text.unit !== totals.unit)
        throw new UserError(`${at}: ${text.unit} after ${totals.unit}, expected the same on every line`);
      const provenance = provenanceStated(provenanceOf(path, `look-up on ${text.unit}`), stated);
      if (across > 0 && text.unit === 'words') {
        throw new UserError(
          `--suffix-across ${across}: ${at} holds words, which have numbers within a request alone; expected token ids`,
        );
      }
      const meta = { name: nameOf(path), provenance };
      const trace = lookUpTrace(text, id, lookUp, meta, former.tokens);
      if (across > 0) former.add(text.output);
      if (totals.requests > 0) yield* csv ? canonicalCsvRows(trace) : canonicalJsonlRows(trace);
      else yield* csv ? canonicalCsv(trace) : canonicalJsonl({ kind: 'position-indexed', trace });
      count(totals, text, trace.drafters.get(lookUp.method)!);
    }
  }
  if (totals.requests === 0)
    throw new UserError(`${path}: empty file, expected one json object a line with prompt and output`);
}

function count(
  totals: Totals,
  { unit, prompt, output }: RequestText,
  { proposed, emitted }: PositionLengths,
): void {
  totals.unit = unit;
  totals.requests++;
  totals.promptTokens += prompt.length;
  totals.outputTokens += output.length;
  totals.positions += Math.max(emitted.length - 1, 0);
  for (const tokens of proposed as Uint8Array) if (tokens > 0) totals.proposing++;
  for (const tokens of emitted) totals.right += tokens - 1;
}

function describe(lookUp: LookUpOptions): string {
  const { method, minMatch, maxK } = lookUp;
  const suffix =
    lookUp.method === 'suffix'
      ? `the longest suffix of ${minMatch} tokens or more, first occurrence${lookUp.across ? `, also in ${lookUp.across} tokens of earlier outputs` : ''}`
      : `suffix of ${minMatch} to ${lookUp.maxMatch} tokens, ${lookUp.occurrence} occurrence`;
  return `${method}, ${suffix}, k up to ${maxK}`;
}
