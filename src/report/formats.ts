/** How an answer may be written, as `--format` names it. */
export const FORMATS = ['table', 'markdown', 'csv', 'json'] as const;
