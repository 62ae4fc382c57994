/** A command in this process, which is quicker than one of its own: what it printed and the mistake it ended with. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { mistake, specsim } from '../../src/cli/program.ts';

export interface Said {
  readonly stdout: string;
  readonly stderr: string;
  /** Null without a mistake. An error that is none of the user's is thrown. */
  readonly mistake: string | null;
}

/**
 * Each command hears itself alone: others may run at once, or go on after a test that waited for them has given up.
 */
const hearing = new AsyncLocalStorage<{ stdout: string; stderr: string }>();

for (const name of ['stdout', 'stderr'] as const) {
  const write = process[name].write.bind(process[name]);
  process[name].write = ((text: string | Uint8Array, ...rest: []) => {
    const heard = hearing.getStore();
    if (heard === undefined) return write(text, ...rest);
    heard[name] += text;
    return true;
  }) as typeof process.stdout.write;
}
const log = console.log.bind(console);
console.log = (...words: unknown[]) => {
  const heard = hearing.getStore();
  if (heard === undefined) log(...words);
  else heard.stdout += `${words.join(' ')}\n`;
};

export function said(...words: readonly string[]): Promise<Said> {
  const heard = { stdout: '', stderr: '' };
  return hearing.run(heard, async () => {
    try {
      await specsim(words);
      return { ...heard, mistake: null };
    } catch (error) {
      const line = mistake(error);
      if (line === null) throw error;
      return { ...heard, mistake: line };
    }
  });
}
