/** The public API, listed by hand. Nothing here touches a disk or a network: `specsim/node` does. */

export { type EngineProfile, parseEngine } from './cost/engine-profile.ts';
export { type ExplainResult, type Explanation, explain } from './decide/explain.ts';
export { type MethodSchedule, type TuneRow, type Tuning, tune } from './decide/tune.ts';
export { type VllmConfig, vllmConfig } from './decide/vllm.ts';
export { UserError } from './errors.ts';
export { parseHardware } from './hardware/load.ts';
export type { HardwareProfile } from './hardware/profile.ts';
export type { DraftHead, Dtype, Transformer } from './model/architecture.ts';
export { parseModel } from './model/parse.ts';
export { type ForwardShape, forwardShape, headShape } from './model/shape.ts';
export { capacityDocument } from './report/capacity.ts';
export { comparisonDocument } from './report/comparison.ts';
export type { Document } from './report/document.ts';
export { explainDocument } from './report/explanation.ts';
export { sensitivityDocument } from './report/sensitivity.ts';
export { runDocument } from './report/summary.ts';
export { textOf } from './report/text.ts';
export { timelineText } from './report/timeline.ts';
export { tuneDocument } from './report/tuning.ts';
export { type Capacity, type CapacityRow, capacityOf } from './scenario/capacity.ts';
export {
  type Comparison,
  type ComparisonRow,
  comparedGpus,
  comparedLengths,
  compareGpus,
} from './scenario/compare.ts';
export { gatherInputs, type Inputs } from './scenario/inputs.ts';
export type { Document as Source, Library } from './scenario/library.ts';
export { type ShippedModels, shippedModels } from './scenario/models.ts';
export {
  completeScenario,
  type Options,
  parseOptions,
  type Scenario,
} from './scenario/options.ts';
export type { Result, Row } from './scenario/result.ts';
export { runScenario } from './scenario/run.ts';
export { type Sensitivity, type SensitivityRow, sensitivityOf } from './scenario/sensitivity.ts';
export { type Timeline, timelineOf } from './scenario/timeline.ts';
export * as acceptanceConventions from './trace/conventions.ts';
export { type ExportForm, exportRecord } from './trace/export.ts';
export { canonicalCsv } from './trace/formats/canonical-csv.ts';
export { canonicalJsonl } from './trace/formats/canonical-jsonl.ts';
export type { Stated } from './trace/formats/format.ts';
export { type Inspection, inspectRecord } from './trace/inspect.ts';
export { type AcceptanceProcess, parseProcess, sampleProcess } from './trace/process.ts';
export { parseRecord, parseTrace, RecordReader } from './trace/read.ts';
export type { AcceptanceRecord, Rates, RatesRecord, RoundsRecord, Steps } from './trace/record.ts';
export type { AcceptanceTrace, PositionLengths, TraceKind } from './trace/trace.ts';
export { parseWorkload } from './workload/read.ts';
export type { Workload } from './workload/workload.ts';
