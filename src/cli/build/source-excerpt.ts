export interface LineRange {
  readonly start: number;
  readonly end: number;
}

/** Lines around the marked ones. */
const AROUND = 4;
const RULE = '--------------------';

/** Shows the marked lines of a Dockerfile with some around, as docker's client does. '' without ranges. */
export function sourceExcerpt(name: string, text: string, ranges: readonly LineRange[]): string {
  if (ranges.length === 0) return '';
  const lines = text.split('\n');
  let first = Math.min(...ranges.map(({ start }) => start));
  let last = Math.max(...ranges.map(({ start, end }) => Math.max(start, end)));
  if (first <= 0 || first > lines.length) return '';
  last = Math.min(last, lines.length);
  const marked = (line: number): boolean =>
    ranges.some(({ start, end }) => line >= start && line <= Math.max(start, end));
  const at = first;
  // The lines around are shared: first one before, then one after, until there are enough.
  for (let added = 0; added < AROUND; ) {
    const before = added;
    if (first > 1) {
      first -= 1;
      added += 1;
    }
    if (last < lines.length) {
      last += 1;
      added += 1;
    }
    if (added === before) break;
  }
  const shown = lines.slice(first - 1, last).map((line, index) => {
    const number = first + index;
    return `${String(number).padStart(4)} | ${marked(number) ? '>>>' : '   '} ${line}`;
  });
  return [`${name}:${at}`, RULE, ...shown, RULE, ''].join('\n');
}
