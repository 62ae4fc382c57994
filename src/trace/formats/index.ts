/** Every format of acceptance, in the order in which they are tried. A new one is a file and a line. */

import { answers } from './answers.ts';
import { benchSummary } from './bench-summary.ts';
import { canonicalCsvFormat } from './canonical-csv.ts';
import { canonicalJsonlFormat } from './canonical-jsonl.ts';
import { confidenceRounds } from './confidence-rounds.ts';
import type { TraceFormat } from './format.ts';
import { frontier } from './frontier.ts';
import { inferencex } from './inferencex.ts';
import { llamaSpeculative } from './llama-speculative.ts';
import { llamacpp, llamacppLog } from './llamacpp.ts';
import { llamacppMtpBench } from './llamacpp-mtp-bench.ts';
import { sglangBench } from './sglang-bench.ts';
import { sglangGenerate } from './sglang-generate.ts';
import { sglangLog } from './sglang-log.ts';
import { sglangPrometheus } from './sglang-prometheus.ts';
import { specdecBench } from './specdec-bench.ts';
import { specDecodeBench } from './specdecode-bench.ts';
import { specForge } from './specforge.ts';
import { speculationProfile } from './speculation-profile.ts';
import { speculatorsCsv } from './speculators-csv.ts';
import { trtllmChoice, trtllmIterations } from './trtllm.ts';
import { trtllmBench, trtllmBenchSummary } from './trtllm-bench.ts';
import { vllmBench } from './vllm-bench.ts';
import { aiperf, vllmDetailed } from './vllm-detailed.ts';
import { vllmLog } from './vllm-log.ts';
import { vllmOffline } from './vllm-offline.ts';
import { trtllmPrometheus, vllmPrometheus } from './vllm-prometheus.ts';
import { vllmV0Log } from './vllm-v0-log.ts';

export const FORMATS: readonly TraceFormat[] = [
  canonicalCsvFormat,
  canonicalJsonlFormat,
  specDecodeBench,
  vllmDetailed,
  vllmPrometheus,
  trtllmPrometheus,
  vllmLog,
  vllmV0Log,
  vllmBench,
  benchSummary,
  vllmOffline,
  sglangGenerate,
  sglangLog,
  sglangPrometheus,
  sglangBench,
  specForge,
  trtllmIterations,
  trtllmChoice,
  trtllmBench,
  trtllmBenchSummary,
  llamacpp,
  llamacppLog,
  llamaSpeculative,
  llamacppMtpBench,
  answers,
  frontier,
  confidenceRounds,
  speculationProfile,
  specdecBench,
  aiperf,
  speculatorsCsv,
  inferencex,
];
