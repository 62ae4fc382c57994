/** Every format of acceptance, in the order in which they are tried. A new one is a file and a line. */

import { answers } from './answers.ts';
import { canonicalCsvFormat } from './canonical-csv.ts';
import { canonicalJsonlFormat } from './canonical-jsonl.ts';
import type { TraceFormat } from './format.ts';
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

export const FORMATS: readonly TraceFormat[] = [
  canonicalCsvFormat,
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
