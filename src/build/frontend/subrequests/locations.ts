import { linesOf, type Range } from '../../dockerfile/index.ts';

/** A range as answers have it: each line of its own. */
export function locationOf(range: Range) {
  return { ranges: linesOf(range).map((line) => ({ start: { line }, end: { line } })) };
}
