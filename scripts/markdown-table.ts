/** Lines of a Markdown table: names to the left, numbers to the right; an empty line behind it. */
export function markdownTable(
  title: string,
  columns: readonly (string | number)[],
  rows: readonly (readonly string[])[],
): string[] {
  return [
    `| ${[title, ...columns].join(' | ')} |`,
    `|---|${columns.map(() => '---:|').join('')}`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    '',
  ];
}
