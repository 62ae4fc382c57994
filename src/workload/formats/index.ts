/** Every format of workloads, in the order in which they are tried. A new one is a file and a line. */
import type { WorkloadFormat } from './format.ts';
import { llmServingSim, sglangAutobench } from './lengths.ts';
import { bailian, mooncake, serveGenBatch } from './mooncake.ts';
import { metricsScrape } from './scrape.ts';
import { TABLES } from './tables.ts';
import { chatMessages, shareGpt } from './texts.ts';

export const WORKLOADS: readonly WorkloadFormat[] = [
  ...TABLES,
  mooncake,
  bailian,
  serveGenBatch,
  llmServingSim,
  sglangAutobench,
  shareGpt,
  chatMessages,
  metricsScrape,
];
