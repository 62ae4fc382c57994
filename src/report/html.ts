/** A document as HTML: the second renderer, beside that for terminals (text.ts). */

import { escaped } from '../plot/text.ts';
import { inShell } from '../shell.ts';
import { cellText } from './cell.ts';
import type { Block, Document, Table } from './document.ts';

export function htmlOf(document: Document): string {
  return document
    .filter((section) => section.length > 0)
    .map((section) => `<section>\n${section.map(blockHtml).join('\n')}\n</section>`)
    .join('\n');
}

function blockHtml(block: Block): string {
  switch (block.kind) {
    case 'sentence':
      return block.warning
        ? `<p class="warning">warning: ${escaped(block.text)}</p>`
        : `<p>${escaped(block.text)}</p>`;
    case 'facts':
      return `<dl>${block.facts.map(([name, text]) => `<dt>${escaped(name)}</dt><dd>${escaped(text)}</dd>`).join('')}</dl>`;
    case 'table':
      return tableHtml(block);
    case 'command':
      return `<pre>${escaped(block.words.map(inShell).join(' '))}</pre>`;
  }
}

function tableHtml({ columns, rows }: Table): string {
  return tableOf(
    columns.map(({ title }) => title),
    rows.map((row) => row.map((cell, c) => cellText(cell, columns[c]!.as))),
    columns.map(({ align }) => align),
  );
}

/** A table of texts; columns stand on the left unless said. */
export function tableOf(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  aligned: readonly ('left' | 'right')[] = [],
): string {
  const cell = (name: 'th' | 'td') => (text: string, c: number) =>
    `<${name}${aligned[c] === 'right' ? ' class="right"' : ''}${name === 'th' ? ' scope="col"' : ''}>${escaped(text)}</${name}>`;
  const body = rows.map((row) => `<tr>${row.map(cell('td')).join('')}</tr>`).join('\n');
  return `<table><thead><tr>${titles.map(cell('th')).join('')}</tr></thead>\n<tbody>${body}</tbody></table>`;
}
