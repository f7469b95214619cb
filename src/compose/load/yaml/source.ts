import type { Document, LineCounter } from 'yaml';

/** A place in a file, counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A parsed file, kept to find the place of a key when there is an error. */
export interface Source {
  readonly file: string;
  readonly documents: readonly Document[];
  readonly lines: LineCounter;
}

/** An error in a file. The message begins with the place. */
export class SourceError extends Error {}

export function sourceError(file: string, position: Position | undefined, message: string): SourceError {
  const place = position === undefined ? file : `${file}:${position.line}:${position.column}`;
  return new SourceError(`${place}: ${message}`);
}
