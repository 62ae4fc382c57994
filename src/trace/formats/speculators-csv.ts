/** The `acceptance.csv` of speculators: marginal rates by position; the length counts the bonus token. */
import { csvRows } from '../../csv.ts';
import { UserError } from '../../errors.ts';
import type { Rates } from '../record.ts';
import { checkTotals, countAt, marginalAt, NO_RATES, nameOf, numberAt, provenanceOf } from './fields.ts';
import type { LineFormat } from './format.ts';

export const speculatorsCsv: LineFormat = {
  name: 'speculators-csv',
  title: 'speculators acceptance.csv',
  items: 'lines',
  recognises: (line) => line.includes('num_drafts') && line.includes('acceptance_at_pos_0'),
  open(where) {
    let columns: readonly string[] | null = null;
    const rates: Rates[] = [];
    return {
      add(line, at) {
        const [row] = csvRows(line, at);
        if (row === undefined) return;
        if (columns === null) {
          columns = row.cells;
          return;
        }
        const header = columns;
        if (row.cells.length !== header.length)
          throw new UserError(`${at}: ${row.cells.length} cells, expected ${header.length} as in the header`);
        const cell = (name: string): number | undefined => {
          const i = header.indexOf(name);
          if (i === -1) return undefined;
          return row.cells[i]!.trim() === '' ? Number.NaN : Number(row.cells[i]);
        };
        const marginal = marginalAt(
          header.flatMap((name) => (name.startsWith('acceptance_at_pos_') ? [cell(name)] : [])),
          'acceptance_at_pos_',
          at,
        );
        rates.push(
          checkTotals(
            {
              ...NO_RATES,
              label: `row ${rates.length + 1}`,
              k: marginal.length,
              rounds: countAt(cell('num_drafts'), 'num_drafts', at),
              draftedTokens: countAt(cell('num_draft_tokens'), 'num_draft_tokens', at),
              acceptedTokens: countAt(cell('num_accepted_tokens'), 'num_accepted_tokens', at),
              meanLength: numberAt(cell('acceptance_length'), 'acceptance_length', at, 1),
              marginal,
            },
            at,
          ),
        );
      },
      finish() {
        if (rates.length === 0) throw new UserError(`${where}: no rows, expected one or more`);
        return {
          kind: 'rates',
          name: nameOf(where),
          provenance: provenanceOf(where, 'speculators', { engine: 'vllm' }),
          rates,
        };
      },
    };
  },
};
