/**
 * Measured times of whole decode steps (drafting, verification, host), by sequences or by verified tokens, drafted tokens a
 * sequence and, where a file has it, context: as vLLM's, SGLang's and inference-lab's profilers write them.
 */
import { csvRows } from '../csv.ts';
import { shown, UserError } from '../errors.ts';

interface StepTime {
  /** Sequences, or tokens that the target verifies. */
  readonly size: number;
  /** Tokens a sequence; null where nobody says, and steps of any length take as long. */
  readonly drafted: number | null;
  /** Tokens of a sequence; null where nobody says. */
  readonly context: number | null;
  readonly seconds: number;
}

export interface StepTable {
  readonly by: 'sequences' | 'tokens';
  readonly rows: readonly StepTime[];
}

/**
 * Reads CSV with `batch` (or `tokens`, which may go without `drafted`), `drafted`, `ms` and maybe `context`; inference-lab's CSV
 * (`batch_size,num_draft_tokens,step_seconds`, where a plain step has 1); SGLang's table of steps per second; vLLM's
 * `batch_stats` (median ITL in ms by batch size and drafted tokens).
 *
 * @throws UserError with what is wrong
 */
export function parseStepTable(text: string, where: string): StepTable {
  const table = /^\s*[[{]/.test(text) ? fromJson(text, where) : fromCsv(text, where);
  const seen = new Set<string>();
  for (const { size, drafted, context, seconds } of table.rows) {
    if (
      !(size >= 1) ||
      !(drafted === null || drafted >= 0) ||
      !(context === null || context >= 1) ||
      !(seconds > 0)
    ) {
      throw new UserError(
        `${where}: ${table.by} ${size}, drafted ${drafted}, context ${context}, ${1000 * seconds} ms; expected a size and a context of at least 1, 0 or more drafts and a time above 0`,
      );
    }
    const key = `${size} ${drafted} ${context}`;
    if (seen.has(key))
      throw new UserError(
        `${where}: ${table.by} ${size}${drafted === null ? '' : ` with ${drafted} drafts`} stands twice`,
      );
    seen.add(key);
  }
  if (table.rows.length === 0) throw new UserError(`${where}: no rows, expected one or more`);
  return table;
}

function fromCsv(text: string, where: string): StepTable {
  const [header, ...lines] = [...csvRows(text, where)];
  const names = header?.cells.map((cell) => cell.trim()) ?? [];
  const lab = names.includes('step_seconds');
  const by = names.includes('tokens') ? 'tokens' : 'sequences';
  const size = names.indexOf(lab ? 'batch_size' : by === 'tokens' ? 'tokens' : 'batch');
  const drafted = names.indexOf(lab ? 'num_draft_tokens' : 'drafted');
  const time = names.indexOf(lab ? 'step_seconds' : 'ms');
  const context = names.indexOf('context');
  if (size < 0 || (drafted < 0 && by === 'sequences') || time < 0) {
    throw new UserError(
      `${where}: columns ${names.join(', ')}, expected batch, drafted (0 of plain steps), ms and maybe context; or tokens, ms and maybe drafted and context; or batch_size, num_draft_tokens, step_seconds`,
    );
  }
  const rows = lines.map(({ cells, line }): StepTime => {
    const number = (column: number): number => {
      const value = Number(cells[column]);
      if (cells[column]?.trim() && Number.isFinite(value)) return value;
      throw new UserError(
        `${where}, line ${line}, column ${names[column]}: got ${shown(cells[column] ?? '')}, expected a number`,
      );
    };
    return {
      size: number(size),
      drafted: drafted < 0 ? null : number(drafted) - (lab ? 1 : 0),
      context: context < 0 ? null : number(context),
      seconds: number(time) / (lab ? 1 : 1000),
    };
  });
  return { by, rows };
}

function fromJson(text: string, where: string): StepTable {
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${where}: not valid JSON: ${(error as Error).message}`);
  }
  const { sample_batch_tokens: tokens, sample_steps_per_sec: rates, batch_stats: stats } = json;
  if (Array.isArray(tokens) && Array.isArray(rates) && tokens.length === rates.length) {
    const rows = tokens.map((size, i) => ({
      ...{ size: Number(size), drafted: null, context: null },
      seconds: 1 / Number(rates[i]),
    }));
    return { by: 'tokens', rows };
  }
  if (typeof stats === 'object' && stats !== null) {
    const rows = Object.entries(stats).flatMap(([size, times]) =>
      Object.entries(times as object).map(([drafted, ms]) => ({
        ...{ size: Number(size), drafted: Number(drafted), context: null },
        seconds: Number(ms) / 1000,
      })),
    );
    return { by: 'sequences', rows };
  }
  throw new UserError(
    `${where}: expected sample_batch_tokens and sample_steps_per_sec of one length (SGLang), or batch_stats (vLLM)`,
  );
}
