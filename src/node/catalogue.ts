/** What ships, for `specsim list`. */
import { parseEngine } from '../cost/engine-profile.ts';
import { BASIC_METHODS, DIFFUSION, draftsBlock, FAMILIES, parseMethod } from '../drafter/methods.ts';
import { parseHardware } from '../hardware/load.ts';
import { type DraftHead, expertsOf, type Transformer } from '../model/architecture.ts';
import { forwardShape } from '../model/shape.ts';
import type { Document } from '../scenario/library.ts';
import { shippedModels } from '../scenario/models.ts';
import { MAX_K, parseProcess, processMethods, processProvenance } from '../trace/process.ts';
import { pooled } from '../trace/rates.ts';
import { isProcess, parseRecord } from '../trace/read.ts';
import { folderLibrary as library } from './folder-library.ts';

type Entry = Readonly<Record<string, string>>;

/** Entries of one kind, each with the same columns. */
export async function catalogue(
  what: 'gpus' | 'models' | 'engines' | 'methods' | 'traces',
): Promise<readonly Entry[]> {
  switch (what) {
    case 'gpus':
      return Promise.all((await library.names('gpu')).map(gpu));
    case 'engines':
      return Promise.all((await library.names('engine')).map(engine));
    case 'models':
      return models();
    case 'methods':
      return methods();
    case 'traces':
      return traces();
  }
}

async function gpu(name: string): Promise<Entry> {
  const { where, text } = await library.profile('gpu', name);
  const { label, specification: spec, calibration } = await parseHardware(JSON.parse(text), where);
  return {
    gpu: name,
    label,
    memory: `${(spec.memoryCapacityBytes / 1e9).toFixed(0)} GB`,
    bandwidth: `${(spec.memoryBandwidthBytesPerS / 1e12).toFixed(2)} TB/s`,
    bf16: `${(spec.denseFlopsPerS.bf16 / 1e12).toFixed(0)} TFLOP/s`,
    efficiency: calibration,
  };
}

async function engine(name: string): Promise<Entry> {
  const { where, text } = await library.profile('engine', name);
  return { engine: name, label: (await parseEngine(JSON.parse(text), where)).label };
}

async function models(): Promise<Entry[]> {
  const shipped = await shippedModels(library);
  const cards = await Promise.all([...shipped.models, ...shipped.heads].map((name) => shipped.draft(name)));
  return cards.map((card) => (card.kind === 'transformer' ? model(card) : head(card)));
}

function model(card: Transformer): Entry {
  const experts = expertsOf(card);
  const { weightBytes, kvBytesPerToken } = forwardShape(card, { tp: 1, dtype: 'bf16' });
  return {
    model: card.name,
    kind: experts === null ? 'dense' : `${experts.count} experts, ${experts.perToken} a token`,
    weights: `${(weightBytes / 1e9).toFixed(1)} GB bf16`,
    kv: `${(kvBytesPerToken / 1024).toFixed(0)} KiB/token`,
    layers: String(card.layers),
  };
}

function head(card: DraftHead): Entry {
  return {
    model: card.name,
    kind: `${card.kind} head of ${card.target}`,
    weights: '',
    kv: '',
    layers: String(card.layers),
  };
}

function methods(): Entry[] {
  return [
    { method: 'none', summary: 'plain decoding, one token a step' },
    ...BASIC_METHODS.map(({ name, summary }) => ({ method: name, summary })),
    ...FAMILIES.map(({ example, summary }) => ({ method: example, summary })),
    ...DIFFUSION.map(({ name, summary }) => ({ method: name, summary })),
    {
      method: 'oracle:<method>',
      summary: 'drafts exactly what will be accepted: the upper bound of a method',
    },
    {
      method: 'parallel:draft-model',
      summary: 'drafts the next round while the target verifies this one (PEARL, SSD; with --draft-gpu)',
    },
    {
      method: 'best:<method>',
      summary: 'drafts as the fastest way through the request asks, price of drafting included',
    },
    { method: 'best:<a>+<b>', summary: 'the same, by whichever of both is best at each position' },
    {
      method: 'combined:<a>+<b>',
      summary: 'the better of two oracles at each position, both drafters charged',
    },
    { method: 'combined-free:<a>+<b>', summary: 'the same, the winner alone charged' },
    { method: 'hybrid:<a>+<b>', summary: 'look-up first, the second method where it finds nothing' },
    { method: 'bandit:<a>+<b>', summary: 'of both the one that has been faster for the request so far' },
  ];
}

async function traces(): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const [target, datasets] of await library.traces()) {
    for (const dataset of datasets) {
      const document = await library.trace(target, dataset);
      entries.push({ trace: dataset, target, ...shippedEntry(document) });
    }
  }
  return entries;
}

function shippedEntry({ text, where }: Document): Entry {
  if (isProcess(text)) {
    const process = parseProcess(JSON.parse(text), where);
    const methods = processMethods(process);
    const { setting, origins } = process;
    const { borrowed } = origins.lengths;
    return {
      kind: 'fitted process',
      methods: methods.join(', '),
      k: `up to ${MAX_K}`,
      remarks: [
        ...(setting === null ? [] : [setting]),
        ...(borrowed === undefined ? [] : [`${borrowed.numbers.join(' and ')} of ${borrowed.from}`]),
      ].join(', '),
      source: processProvenance(process, methods).source,
    };
  }
  const record = parseRecord(text, where);
  if (record.kind !== 'rates') throw new Error(`${where}: ${record.kind}, expected a process or rates`);
  const { method, k } = pooled(record.rates, record.name);
  return {
    kind: 'fitted from rates',
    methods: method ?? '',
    k: method !== null && draftsBlock(parseMethod(method)) ? String(k) : `up to ${k}`,
    remarks: 'no lengths: --prompt-len, --output-len',
    source: record.provenance.source,
  };
}
