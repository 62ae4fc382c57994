/** What `specsim model` prints for people, and its JSON. */
import type { LayerKind, ModelFacts } from '../model/facts.ts';
import { SCHEMA_VERSION } from '../scenario/result.ts';
import { type Document, facts as factBlock, fixed, type Shown, sentence, table, WHOLE } from './document.ts';

const GIGA = 1e9;

export function modelDocument(of: ModelFacts): Document {
  const { parameters, activeParameters, weightBytes, bytesByFormat, kvBytesPerToken, stateBytes } = of;
  const formats = Object.entries(bytesByFormat).map(([format, bytes]) => `${size(bytes)} ${format}`);
  return [
    [
      sentence(
        `${of.name}: ${count(parameters)} parameters, of which a token reads ${count(activeParameters)}; ${size(weightBytes)} of weights`,
      ),
      factBlock([
        ['kind', of.kind === 'model' ? 'whole model' : 'draft head: what it adds to its target'],
        ['weights', formats.join(', ')],
        ['kv', `${kvBytesPerToken} B a token of context`],
        ...(stateBytes > 0 ? [['states', `${size(stateBytes)} a sequence`] as const] : []),
        ['context', of.maxContext === null ? 'no limit stated' : `${of.maxContext} tokens`],
        ['source', of.source],
      ]),
    ],
    [table(of.layers, COLUMNS)],
  ];
}

const COLUMNS: readonly Shown<LayerKind>[] = [
  { title: 'kind of layer', cell: ({ kind }) => kind },
  { title: 'layers', as: WHOLE, cell: ({ layers }) => layers },
  { title: 'kv B/token', as: { ...WHOLE, none: '' }, cell: (one) => one.kvBytesPerToken || null },
  {
    title: 'state MB/sequence',
    as: { ...fixed(1), times: 1e-6, none: '' },
    cell: ({ stateBytes }) => stateBytes || null,
  },
];

/** The keys of `specsim model --format json`. */
export function modelJson(of: ModelFacts): object {
  return {
    schemaVersion: SCHEMA_VERSION,
    kind: of.kind,
    name: of.name,
    parameters: of.parameters,
    active_parameters: of.activeParameters,
    weight_bytes: of.weightBytes,
    weight_bytes_by_format: of.bytesByFormat,
    kv_bytes_per_token: of.kvBytesPerToken,
    state_bytes_per_sequence: of.stateBytes,
    max_context: of.maxContext,
    layers: of.layers.map(({ kind, layers, kvBytesPerToken, stateBytes }) => ({
      kind,
      layers,
      kv_bytes_per_token: kvBytesPerToken,
      state_bytes_per_sequence: stateBytes,
    })),
    source: of.source,
  };
}

function count(parameters: number): string {
  return parameters >= 1e9 ? `${(parameters / GIGA).toFixed(2)} B` : `${(parameters / 1e6).toFixed(0)} M`;
}

function size(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / GIGA).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
