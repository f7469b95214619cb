/** A place in a file. */
export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
}

/** From a first character up to and without `end`. */
export interface Range {
  readonly start: Position;
  readonly end: Position;
}

/** BuildKit's form of a range: every line, each of its own. Its messages carry no columns. */
export function linesOf(range: Range): number[] {
  return Array.from({ length: range.end.line - range.start.line + 1 }, (_, at) => range.start.line + at);
}
