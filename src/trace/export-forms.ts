/** The forms that `specsim trace export` writes. */
export const EXPORT_FORMS = [
  'speculation_profile',
  'vllm-synthetic',
  'sglang-simulate',
  'trtllm-force',
  'atom-synthetic',
  'frontier',
  'inference-lab',
] as const;

export type ExportForm = (typeof EXPORT_FORMS)[number];
