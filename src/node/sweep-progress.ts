/** How far a sweep is: one line that changes on a terminal, a plain line now and then elsewhere. */

const TERMINAL_EVERY_MS = 100;
const PLAIN_EVERY_MS = 10_000;

/** @returns to be called with the number of points that were finished */
export function sweepProgress(total: number, quiet: boolean): (points: number) => void {
  if (quiet || total === 0) return () => {};
  const terminal = process.stderr.isTTY;
  const began = Date.now();
  let shown = began;
  let done = 0;
  return (points) => {
    done += points;
    const now = Date.now();
    const over = done === total;
    if (!over && now - shown < (terminal ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS)) return;
    shown = now;
    const perS = done / Math.max(0.001, (now - began) / 1000);
    const line = `${done} of ${total} points, ${perS.toFixed(0)}/s, ${duration((total - done) / perS)} left`;
    if (terminal) process.stderr.write(over ? '\r\u001b[K' : `\r${line}\u001b[K`);
    else process.stderr.write(`${line}\n`);
  };
}

/** Such as 0:07 or 2:03:00. */
function duration(seconds: number): string {
  const s = Math.ceil(seconds);
  const two = (n: number) => String(n).padStart(2, '0');
  const minutes = Math.floor(s / 60) % 60;
  return s < 3600 ? `${minutes}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(minutes)}:${two(s % 60)}`;
}
