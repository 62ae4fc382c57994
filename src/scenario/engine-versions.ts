/** Which profile predicts which version of which serving engine: the table that commands and validation read. */

interface Released {
  readonly engine: string;
  readonly profile: string;
  /** The first version it predicts, and when that was current; versions without a number go by their date. */
  readonly from: readonly [number, number];
  readonly date: string;
}

/** By engine, newest first. vLLM schedules asynchronously by default from 0.14 on, and captures whole steps from 0.11 on. */
export const ENGINE_VERSIONS: readonly Released[] = [
  { engine: 'vllm', profile: 'vllm-0.19', from: [0, 14], date: '2026-01-01' },
  { engine: 'vllm', profile: 'vllm-0.11', from: [0, 11], date: '2025-10-01' },
  { engine: 'vllm', profile: 'vllm-0.10', from: [0, 0], date: '' },
  { engine: 'sglang', profile: 'sglang-0.5', from: [0, 0], date: '' },
  { engine: 'trtllm', profile: 'trtllm-1', from: [0, 0], date: '' },
];

export const ENGINES: readonly string[] = [...new Set(ENGINE_VERSIONS.map(({ engine }) => engine))];

/**
 * The profile of a version of an engine; null for an engine that has none.
 *
 * @param version such as `0.19.0`; empty or a name, it is that of its date
 * @param date ISO; empty: today's
 */
export function profileOf(engine: string, version: string, date: string): string | null {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  const own = ENGINE_VERSIONS.filter((one) => one.engine === engine);
  const found = own.find(({ from, date: since }) =>
    major === undefined
      ? date === '' || date >= since
      : Number(major) > from[0] || (Number(major) === from[0] && Number(minor) >= from[1]),
  );
  return found?.profile ?? null;
}
