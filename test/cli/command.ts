/** A command in this process, which is quicker than one of its own: what it printed and the mistake it ended with. */
import { vi } from 'vitest';
import { mistake, specsim } from '../../src/cli/program.ts';

export interface Said {
  readonly stdout: string;
  readonly stderr: string;
  /** Null without a mistake. An error that is none of the user's is thrown. */
  readonly mistake: string | null;
}

export async function said(...words: readonly string[]): Promise<Said> {
  const heard = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      heard[name] += text;
      return true;
    }),
  );
  const log = vi.spyOn(console, 'log').mockImplementation((text) => {
    heard.stdout += `${text}\n`;
  });
  try {
    await specsim(words);
    return { ...heard, mistake: null };
  } catch (error) {
    const line = mistake(error);
    if (line === null) throw error;
    return { ...heard, mistake: line };
  } finally {
    for (const spy of [...spies, log]) spy.mockRestore();
  }
}
