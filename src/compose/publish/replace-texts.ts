import type { Scalar } from 'yaml';

/** A scalar of a parsed file that becomes another text. */
export interface Replacement {
  readonly node: Scalar;
  /** Whether it is in `[…]` or `{…}`. */
  readonly isInFlow: boolean;
  readonly text: string;
}

/** Replaces scalars in the text of a file, and keeps the rest. As with docker compose, a comment behind one goes with it. */
export function replaceTexts(text: string, replacements: readonly Replacement[]): string {
  const shift = text.startsWith('\uFEFF') ? 1 : 0;
  const edits = new Map<number, { readonly end: number; readonly text: string }>();
  for (const { node, isInFlow, text: replaced } of replacements) {
    const [start, end] = [(node.range?.[0] ?? 0) + shift, (node.range?.[1] ?? 0) + shift];
    edits.set(start, { end: isInFlow ? end : endOfLine(text, end), text: replaced });
  }
  let result = text;
  for (const [start, edit] of [...edits].sort(([a], [b]) => b - a))
    result = result.slice(0, start) + edit.text + result.slice(edit.end);
  return result;
}

function endOfLine(text: string, from: number): number {
  if (text[from - 1] === '\n') return from - 1;
  const found = text.indexOf('\n', from);
  return found < 0 ? text.length : found;
}
