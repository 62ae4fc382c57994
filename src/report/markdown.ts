/** A document as GitHub's Markdown: tables, lists of facts, commands to copy. */
import { inShell } from '../shell.ts';
import { cellText } from './cell.ts';
import type { Block, Document } from './document.ts';

/** The whole document, one trailing newline. */
export function markdownOf(document: Document): string {
  return `${document
    .flat()
    .map((block) => linesOf(block).join('\n'))
    .join('\n\n')}\n`;
}

function linesOf(block: Block): string[] {
  switch (block.kind) {
    case 'sentence':
      return [`${block.warning ? '**Warning:** ' : ''}${escaped(block.text.trim())}`];
    case 'facts':
      return block.facts.map(([name, text]) => `- ${name}: ${escaped(text)}`);
    case 'table':
      return [
        row(block.columns.map(({ title }) => title)),
        row(block.columns.map(({ align }) => (align === 'left' ? '---' : '---:'))),
        ...block.rows.map((cells) => row(cells.map((cell, c) => cellText(cell, block.columns[c]!.as)))),
      ];
    case 'command':
      return ['```sh', block.words.map(inShell).join(' '), '```'];
  }
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => escaped(cell.trim())).join(' | ')} |`;
}

/** What Markdown would read as marks. */
function escaped(text: string): string {
  return text.replaceAll(/[\\`*_<|]/g, (mark) => `\\${mark}`);
}
