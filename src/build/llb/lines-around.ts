/** Lines begin with 1. */
export interface LineRange {
  readonly start: { readonly line: number };
  readonly end: { readonly line: number };
}

/** Of a source that travels with an error. Trailers of HTTP/2 have little room. */
const SOURCE_BYTES_MAX = 12 << 10;
/** Lines that clients show before and after a place. */
const PADDING = 5;
const NEWLINE = 0x0a;

/**
 * A source as clients need it to show a place. In a large one only the lines near the place have their text, as far as there is room:
 * those before are empty, so that numbers of lines stay. What is far behind the place is left out.
 */
export function linesAround(source: Buffer, ranges: readonly LineRange[]): Buffer {
  if (source.length <= SOURCE_BYTES_MAX) return source;
  const lines = splitLines(source);
  const first = ranges.reduce((least, { start }) => Math.min(least, start.line), lines.length) - PADDING;
  const last = ranges.reduce((most, { end }) => Math.max(most, end.line), 0) + PADDING;
  const shown = lines.slice(0, last);
  let room = SOURCE_BYTES_MAX - shown.length;
  const kept = shown.map((line, at) => {
    if (at + 1 < first || line.length > room) return Buffer.alloc(0);
    room -= line.length;
    return line;
  });
  const newline = Buffer.of(NEWLINE);
  return Buffer.concat(kept.flatMap((line, at) => (at === 0 ? [line] : [newline, line]))).subarray(0, SOURCE_BYTES_MAX);
}

function splitLines(source: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  let from = 0;
  for (let end = source.indexOf(NEWLINE); end >= 0; end = source.indexOf(NEWLINE, from)) {
    lines.push(source.subarray(from, end));
    from = end + 1;
  }
  return [...lines, source.subarray(from)];
}
