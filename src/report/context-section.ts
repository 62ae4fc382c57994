/** What `trace inspect` says of acceptance by context. */
import type { ContextDependence } from '../trace/context-dependence.ts';
import { type Section, sentence, table, WHOLE } from './document.ts';

const PERCENT = { form: 'fixed', digits: 1, times: 100, unit: '%' } as const;

export function contextSection(dependence: ContextDependence | null): Section {
  if (dependence === null) return [];
  const { bins } = dependence;
  return [
    sentence(`  ${said(dependence)}`),
    table(bins, [
      { title: '  context', cell: ({ from, below }) => `  ${from} to ${below - 1}` },
      { title: 'requests', as: WHOLE, cell: ({ requests }) => requests },
      { title: 'drafts tried', as: WHOLE, cell: ({ tried }) => tried },
      { title: 'accepted', as: PERCENT, cell: ({ tried, accepted }) => accepted / tried },
      {
        title: 'all else alike (95%)',
        cell: ({ factor }) =>
          factor === null
            ? 'n/a'
            : `${factor.share.toFixed(3)} (${factor.lo.toFixed(3)}-${factor.hi.toFixed(3)})`,
      },
    ]),
  ];
}

function said({ bins }: ContextDependence): string {
  const known = bins.flatMap((bin) => (bin.factor === null ? [] : [{ ...bin, ...bin.factor }]));
  const [first] = known;
  if (first === undefined) {
    return 'by context: its prompts are too alike, or too few, to tell context from drift along the output';
  }
  const reference = known.find(({ error }) => error === 0)!;
  const sure = known.filter(({ lo, hi }) => lo > 1 || hi < 1);
  const range = ({ from, below }: { from: number; below: number }) => `${from} to ${below - 1}`;
  if (sure.length === 0) {
    return `by context, apart from drift along the output: nothing is sure to depend on it from ${range({ from: first.from, below: known.at(-1)!.below })} tokens`;
  }
  const found = sure.map((bin) => `${bin.share.toFixed(2)} at ${range(bin)}`).join(', ');
  return `by context, apart from drift along the output: times as many drafts accepted as at ${range(reference)} tokens, ${found} (longer prompts may be of other texts)`;
}
