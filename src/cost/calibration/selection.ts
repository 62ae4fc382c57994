/** Which rows of many a law is fitted to: one serving engine and version, one kernel, one machine. */
import { shown, UserError, unknownName } from '../../errors.ts';
import type { Measured } from './rows.ts';

/** The engine whose rows are taken when nobody names one and tables hold several. */
const DEFAULT_FRAMEWORK = 'vllm';

export interface Choice {
  /** `vllm` takes its newest version in each table, `vllm 0.24.0` that one; null where nobody says. */
  readonly framework: string | null;
  /** Part of a kernel's name, where a table holds several. */
  readonly kernel: string | null;
  /** The machine's name in tables of several. */
  readonly system: string | null;
}

/**
 * The framework to take: the one named, the only one there is, or vLLM.
 *
 * @throws UserError for a framework that no table holds, and when none is named and it is not plain
 */
export function frameworkOf(rows: readonly Measured[], { framework }: Choice): string {
  const engines = [...new Set(rows.map(({ engine }) => engine))].sort();
  const wanted = framework === null ? null : framework.replace('/', ' ');
  if (wanted !== null) {
    if (engines.some((engine) => isOf(engine, wanted))) return wanted;
    throw unknownName('--framework', wanted, engines);
  }
  const names = new Set(engines.map((engine) => engine.split(' ')[0]!));
  if (names.size <= 1) return [...names][0] ?? '';
  if (names.has(DEFAULT_FRAMEWORK)) return DEFAULT_FRAMEWORK;
  throw new UserError(
    `--framework: the tables hold rows of ${engines.map(shown).join(', ')}, expected one to be named`,
  );
}

/** The rows of the newest version of `framework`, and of one kernel. Empty when there are none of it. */
export function ofOneKernel<Row extends Measured>(
  what: string,
  rows: readonly Row[],
  framework: string,
  { kernel }: Choice,
): Row[] {
  const own = rows.filter(({ engine }) => isOf(engine, framework));
  const newest = own.reduce((best, { engine }) => (isNewer(engine, best) ? engine : best), '');
  const current = own.filter(({ engine }) => engine === newest);
  const kernels = [...new Set(current.map((row) => row.kernel))].sort();
  if (kernels.length <= 1) return current;
  // Decode steps are replayed as CUDA graphs, so a kernel measured in one is the one that runs.
  const matching = kernels.filter((one) => one.includes(kernel ?? 'graph'));
  if (matching.length === 1) return current.filter((row) => row.kernel === matching[0]);
  throw new UserError(
    `--kernel: ${what} was measured with ${kernels.map(shown).join(', ')}, expected a part of one name`,
  );
}

/**
 * The rows of one machine: the one named, the only one, or the one whose name begins the GPU's
 * (`h100_sxm` for `h100-sxm`).
 */
export function ofOneSystem<Row extends { readonly system: string | null }>(
  rows: readonly Row[],
  gpu: string,
  { system }: Choice,
): Row[] {
  const systems = [...new Set(rows.flatMap((row) => row.system ?? []))].sort();
  if (systems.length === 0 || (systems.length === 1 && system === null)) return [...rows];
  if (system !== null && !systems.includes(system)) throw unknownName('--system', system, systems);
  const found = system ?? systems.find((one) => gpu.replaceAll('-', '_').startsWith(one));
  if (found === undefined) {
    throw new UserError(
      `--system: the tables hold rows of ${systems.join(', ')}, and none is named like gpu ${gpu}: expected one to be named`,
    );
  }
  return rows.filter((row) => row.system === found || row.system === null);
}

function isOf(engine: string, framework: string): boolean {
  return engine === framework || engine.startsWith(`${framework} `);
}

/** Compares versions number by number: 0.24.0 is newer than 0.9.1. */
function isNewer(engine: string, than: string): boolean {
  const numbers = (name: string) => (name.match(/\d+/g) ?? []).map(Number);
  const [a, b] = [numbers(engine), numbers(than)];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return than === '';
}
