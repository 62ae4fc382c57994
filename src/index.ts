/** The public API, listed by hand. Nothing here touches a disk or a network: `specsim/node` does. */

export { chartsOf } from './charts/index.ts';
export { calibrateOps } from './cost/calibration/calibrate.ts';
export { joinOps, readOps } from './cost/calibration/tables.ts';
export { type EngineProfile, parseEngine } from './cost/engine-profile.ts';
export { UserError } from './errors.ts';
export { parseHardware } from './hardware/load.ts';
export type { HardwareProfile } from './hardware/profile.ts';
export type { DraftHead, Transformer } from './model/architecture.ts';
export { parseModel } from './model/parse.ts';
export { type ForwardShape, forwardShape, headShape } from './model/shape.ts';
export type { KvFormat, WeightFormat } from './number-formats.ts';
export { CHART_KINDS, type Chart, type ChartKind } from './plot/chart.ts';
export { draw } from './plot/draw.ts';
export { capacity } from './questions/capacity.ts';
export { CARDS, type Card } from './questions/cards.ts';
export { compare } from './questions/compare.ts';
export type { Comparison, ComparisonRow } from './questions/comparison.ts';
export type { Sensitivity, SensitivityRow } from './questions/elasticities.ts';
export { explain } from './questions/explain.ts';
export type { ExplainResult, Explanation } from './questions/explanation.ts';
export type { Capacity, CapacityRow } from './questions/highest-rate.ts';
export type { Asking, Own, Question, Read } from './questions/question.ts';
export { run } from './questions/run.ts';
export { sensitivity } from './questions/sensitivity.ts';
export { tune } from './questions/tune.ts';
export type { MethodSchedule, TuneRow, Tuning } from './questions/tuning.ts';
export type { Document } from './report/document.ts';
export { markdownOf } from './report/markdown.ts';
export { textOf } from './report/text.ts';
export { gatherInputs, type Inputs } from './scenario/inputs.ts';
export type { Document as Source, Library } from './scenario/library.ts';
export { type ShippedModels, shippedModels } from './scenario/models.ts';
export {
  completeScenario,
  type Options,
  parseOptions,
  type Scenario,
} from './scenario/options.ts';
export { type Passes, passesOf } from './scenario/passes.ts';
export { type Contender, ratioBetween } from './scenario/ratio.ts';
export { type Answer, type Group, type Result, type Row, resultOf } from './scenario/result.ts';
export { type Rounds, roundsOf } from './scenario/rounds.ts';
export { runPoints, runScenario } from './scenario/run.ts';
export { workspace } from './scenario/workspace.ts';
export { expandGrid } from './sweep/grid.ts';
export { type Pareto, paretoOf } from './sweep/pareto.ts';
export * as acceptanceConventions from './trace/conventions.ts';
export { exportRecord } from './trace/export.ts';
export type { ExportForm } from './trace/export-forms.ts';
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
