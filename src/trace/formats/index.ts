/** Every format of acceptance, in the order in which they are tried. A new one is a file and a line. */

import { answers } from './answers.ts';
import { canonicalCsvMark, parseCanonicalCsv } from './canonical-csv.ts';
import { canonicalJsonlFormat } from './canonical-jsonl.ts';
import type { LineFormat, TraceFormat } from './format.ts';
import { frontier } from './frontier.ts';
import { inferencex } from './inferencex.ts';
import { llamacpp, llamacppLog } from './llamacpp.ts';
import { sglangGenerate } from './sglang-generate.ts';
import { sglangLog } from './sglang-log.ts';
import { specdecBench } from './specdec-bench.ts';
import { specDecodeBench } from './specdecode-bench.ts';
import { speculationProfile } from './speculation-profile.ts';
import { speculatorsCsv } from './speculators-csv.ts';
import { trtllmChoice, trtllmIterations } from './trtllm.ts';
import { vllmBench } from './vllm-bench.ts';
import { aiperf, vllmDetailed } from './vllm-detailed.ts';
import { vllmLog } from './vllm-log.ts';
import { vllmPrometheus } from './vllm-prometheus.ts';

/** Quoted cells may hold line ends, so the whole text is read at the end. */
const canonicalCsv: LineFormat = {
  name: 'specsim-csv',
  title: 'specsim trace CSV',
  items: 'lines',
  recognises: (line) => line.startsWith(canonicalCsvMark.trim()) || /^"?request"?,/.test(line),
  open(where) {
    const lines: string[] = [];
    return {
      add: (line) => void lines.push(line, '\n'),
      finish: () => ({ kind: 'position-indexed', trace: parseCanonicalCsv(lines.join(''), where) }),
    };
  },
};

export const FORMATS: readonly TraceFormat[] = [
  canonicalCsv,
  canonicalJsonlFormat,
  specDecodeBench,
  vllmDetailed,
  vllmPrometheus,
  vllmLog,
  vllmBench,
  sglangGenerate,
  sglangLog,
  trtllmIterations,
  trtllmChoice,
  llamacpp,
  llamacppLog,
  answers,
  frontier,
  speculationProfile,
  specdecBench,
  aiperf,
  speculatorsCsv,
  inferencex,
];
