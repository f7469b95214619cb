import { parseCsv } from '../container/options/csv.ts';

/** Values of `strings` flags: each may hold several, separated by commas. */
export function splitSlices(values: readonly string[]): string[] {
  return values.flatMap((value) => (value === '' ? [] : parseCsv(value)));
}
