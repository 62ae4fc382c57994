/** One script for both sides: the page starts a worker from its own text, since files load no others. */
import { startPage } from './page.ts';
import { serve } from './worker.ts';

if (typeof document === 'undefined') serve(globalThis as unknown as Parameters<typeof serve>[0]);
else {
  const text = document.currentScript!.textContent!;
  startPage(new Worker(URL.createObjectURL(new Blob([text], { type: 'text/javascript' }))));
}
