/**
 * Draft heads, whose `config.json` looks like that of a small model of its base's type. What gives one away: its
 * architecture, fields that no whole model has, or a single layer, since no published language model has one.
 */
import type { DraftHead, Layers, Mixer } from '../architecture.ts';
import { medusaHead } from '../medusa-head.ts';
import { baseName, type Fields, type JsonObject } from './fields.ts';
import { groupedQuery, windowIfUsed } from './mixers.ts';

const HEAD_FIELDS = [
  'draft_vocab_size',
  'eagle_config',
  'dflash_config',
  'num_target_layers',
  'target_hidden_size',
  'target_model_type',
  'speculators_model_type',
];

/** What the authors' files have; vLLM's say `num_heads` and `num_hidden_layers`. */
const MEDUSA_FIELDS = ['medusa_num_heads', 'medusa_num_layers'];

type HeadKind = DraftHead['kind'] | 'unknown';

/** The kind of head that a file describes; null for a whole model. */
export function headKind(json: JsonObject): HeadKind | null {
  const names = JSON.stringify([
    json.architectures,
    json.speculators_model_type,
    json.model_type,
  ]).toLowerCase();
  const { dflash_config: dflash } = json;
  const projector = JSON.stringify(dflash ?? '');
  if (/domino/.test(names + projector)) return 'domino';
  if (/dspark/.test(names + projector)) return 'dspark';
  if (/dflash/.test(names) || dflash !== undefined) return 'dflash';
  if (/p-?eagle/.test(names) || (json.parallel_drafting === true && /eagle/.test(names))) return 'p-eagle';
  if (/eagle-?3/.test(names) || json.draft_vocab_size !== undefined) return 'eagle3';
  if (/medusa/.test(names) || MEDUSA_FIELDS.some((name) => Object.hasOwn(json, name))) return 'medusa';
  if (/eagle/.test(names) || json.num_hidden_layers === 1) return 'eagle';
  const other = /hydra|mtp|speculator|draftmodel/.test(names);
  return other || HEAD_FIELDS.some((name) => Object.hasOwn(json, name)) ? 'unknown' : null;
}

/**
 * The head that a file describes, trained for some model of its hidden size.
 *
 * @throws UserError for a kind of head that nothing is known of, and for the first field that is missing
 */
export function readHead(kind: HeadKind, fields: Fields, where: string): DraftHead {
  if (kind === 'unknown') {
    fields.fail(
      'architectures',
      'a whole model, or a draft head of a kind that is known: EAGLE, EAGLE-3, P-EAGLE, DFlash, DSpark, Domino, Medusa',
    );
  }
  const of = kind as DraftHead['kind'];
  const hidden = fields.positive('hidden_size');
  const vocab = fields.positive('vocab_size');
  if (of === 'medusa') return readMedusa(fields, hidden, vocab, where);
  const layers = fields.positive('num_hidden_layers');
  const targetHidden = fields.positive('target_hidden_size', hidden);
  const fused = targetHidden * fusedLayers(of, fields);
  const reads = of === 'eagle3' || of === 'p-eagle';
  return {
    kind: of,
    name: baseName(where),
    target: `models of hidden size ${targetHidden}`,
    layers,
    hidden,
    vocab: reads ? fields.positive('draft_vocab_size', vocab) : vocab,
    mixers: groupedQuery(windowIfUsed)(fields) as Layers<Mixer>[],
    feedForwards: [{ kind: 'dense', ffn: fields.positive('intermediate_size'), gated: true, layers }],
    attentionInput: reads ? 2 * hidden : hidden,
    fusion:
      of === 'eagle' ? { input: 2 * hidden, firstPassOnly: false } : { input: fused, firstPassOnly: true },
    sharesOutputMatrix: !reads,
    ...sequential(of, fields, vocab),
    source: `Hugging Face config.json (${fields.texts('architectures').join(', ') || of})`,
  };
}

/** @throws UserError for heads of more than one product each, which nothing prices */
function readMedusa(fields: Fields, hidden: number, vocab: number, where: string): DraftHead {
  const products = fields.has('medusa_num_heads') ? 'medusa_num_layers' : 'num_hidden_layers';
  if (fields.positive(products, 1) !== 1) fields.fail(products, '1, a product a head');
  return medusaHead({
    name: baseName(where),
    target: `models of hidden size ${hidden}`,
    heads: fields.positive(fields.first('medusa_num_heads', 'num_heads')),
    hidden,
    vocab: fields.positive('truncated_vocab_size', vocab),
    source: 'Hugging Face config.json (Medusa)',
  });
}

/** Hidden states of the target that are fused: EAGLE-3 takes three unless it lists them. */
function fusedLayers(kind: DraftHead['kind'], fields: Fields): number {
  if (kind === 'eagle') return 1;
  const part = fields.first('dflash_config', 'eagle_config');
  const listed = fields.has(part)
    ? [
        ...fields.part(part).wholes('target_layer_ids'),
        ...fields.part(part).wholes('eagle_aux_hidden_state_layer_ids'),
      ]
    : [];
  if (listed.length > 0) return listed.length;
  return kind === 'eagle3' || kind === 'p-eagle'
    ? 3
    : fields.fail('dflash_config.target_layer_ids', 'layers of the target');
}

/**
 * What runs once a drafted token behind the block: a Markov head of DSpark is a table of `markov_rank` wide rows and the
 * output matrix of it; Domino has a recurrent cell (three gates over input and state) and an output matrix.
 */
function sequential(kind: DraftHead['kind'], fields: Fields, vocab: number): Pick<DraftHead, 'sequential'> {
  if (kind === 'dspark') {
    return { sequential: [{ n: vocab, k: fields.part('dflash_config').positive('markov_rank') }] };
  }
  if (kind !== 'domino') return {};
  const config = fields.part('dflash_config');
  const state = config.positive('gru_hidden_dim');
  const hidden = fields.positive('hidden_size');
  return {
    sequential: [
      { n: 3 * state, k: hidden + state },
      { n: config.positive('emb_dim'), k: state + hidden },
      { n: vocab, k: config.positive('emb_dim') },
    ],
  };
}
