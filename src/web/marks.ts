/** Marks of a picture under the mouse and under arrow keys: what one says stands below. */

function say(picture: HTMLElement, mark: Element | null): void {
  for (const one of picture.querySelectorAll('.lit')) one.classList.remove('lit');
  mark?.classList.add('lit');
  picture.parentElement!.querySelector('.mark-says')!.textContent =
    mark?.querySelector('title')?.textContent ?? '';
}

export function walk(event: KeyboardEvent): void {
  const picture = event.currentTarget as HTMLElement;
  const marks = [...picture.querySelectorAll('.mark')];
  const at = marks.findIndex((mark) => mark.classList.contains('lit'));
  const series = (mark: Element | undefined) =>
    mark?.getAttribute('data-series') ?? mark?.getAttribute('data-group');
  const next = {
    ArrowRight: Math.min(at + 1, marks.length - 1),
    ArrowLeft: Math.max(at - 1, 0),
    ArrowDown: marks.findIndex((mark, i) => i > at && series(mark) !== series(marks[at])),
    ArrowUp: marks.findLastIndex((mark, i) => i < at && series(mark) !== series(marks[at])),
    Escape: -1,
  }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  if (next >= 0 || event.key === 'Escape') say(picture, marks[next] ?? null);
}

export function hover(event: MouseEvent): void {
  const mark = (event.target as Element).closest('.mark');
  if (mark !== null || event.type === 'mouseleave') say(event.currentTarget as HTMLElement, mark);
}
