import { parseCsv } from '../container/options/csv.ts';

/** Splits values of `strings` flags. Each may hold several, separated by commas. */
export function splitSlices(values: readonly string[]): string[] {
  return values.flatMap((value) => (value === '' ? [] : parseCsv(value)));
}
