/** InferenceX's golden acceptance lengths: YAML of model, thinking mode and k; the length counts the bonus token. */
import { UserError } from '../../errors.ts';
import { MAX_K } from '../conventions.ts';
import type { Rates } from '../record.ts';
import { checkTotals, NO_RATES, nameOf, provenanceOf } from './fields.ts';
import type { LineFormat } from './format.ts';

export const inferencex: LineFormat = {
  name: 'inferencex',
  title: 'InferenceX golden acceptance lengths',
  items: 'lines',
  recognises: (line) => /^\s+thinking_\w+:\s*$/.test(line),
  open(where) {
    const rates: Rates[] = [];
    let [model, mode, draft]: (string | null)[] = [null, null, null];
    return {
      add(raw, at) {
        const comment = raw.indexOf(' #');
        const line = (comment === -1 ? raw : raw.slice(0, comment)).trimEnd();
        if (line === '' || line.startsWith('#') || line === '---') return;
        const [, indent, key, value] = /^( *)([^ :][^:]*): *(.*)$/.exec(line) ?? [];
        if (key === undefined)
          throw new UserError(`${at}: expected "key: value", got ${JSON.stringify(line.slice(0, 60))}`);
        const field = key.replaceAll(/^["']|["']$/g, '');
        if (indent === '') {
          model = field;
          mode = null;
        } else if (model === '_metadata') {
          if (field === 'draft-model') draft = value!;
        } else if (value === '') mode = field;
        else {
          const [k, length] = [Number(field), Number(value)];
          if (mode === null || model === null)
            throw new UserError(`${at}: a length outside of a model's thinking mode`);
          if (!Number.isInteger(k) || k < 1 || k > MAX_K)
            throw new UserError(`${at}: k is ${JSON.stringify(field)}, expected an integer 1 to ${MAX_K}`);
          if (!(length >= 1 && length <= k + 1))
            throw new UserError(`${at}: length is ${JSON.stringify(value)}, expected a number 1 to ${k + 1}`);
          const label = `${model} ${mode} k=${k}`;
          if (rates.some((other) => other.label === label))
            throw new UserError(`${at}: ${label} was there already`);
          rates.push(checkTotals({ ...NO_RATES, label, k, meanLength: length }, at));
        }
      },
      finish() {
        if (rates.length === 0)
          throw new UserError(`${where}: no acceptance lengths, expected model, thinking mode, k: length`);
        const models = [...new Set(rates.map(({ label }) => label.split(' ')[0]!))];
        return {
          kind: 'rates',
          name: nameOf(where),
          provenance: provenanceOf(where, 'InferenceX', {
            target: models.length === 1 ? models[0]! : 'several',
            ...(draft === null ? {} : { draft }),
          }),
          rates,
        };
      },
    };
  },
};
