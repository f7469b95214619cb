import type { LlbSource } from '../../llb/index.ts';

const RULER = '-'.repeat(20);
/** Lines around a place. */
const PADDING = 2;

/** The lines of a file around a place, which is marked. */
export function excerpt({ filename, data }: LlbSource, marked: readonly number[]): string {
  const all = Buffer.from(data).toString().split('\n');
  const count = all.at(-1) === '' ? all.length - 1 : all.length;
  const [first = 1, last = first] = [marked[0], marked.at(-1)];
  const from = Math.max(1, first - PADDING);
  const to = Math.min(count, last + PADDING);
  const rows = Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at).map(
    (line) => `${String(line).padStart(4)} | ${marked.includes(line) ? '>>>' : '   '} ${all[line - 1] ?? ''}`,
  );
  return [`${filename}:${first}`, RULER, ...rows, RULER, ''].join('\n');
}
