import { byBytes } from '../go/by-bytes.ts';
import { naturalOrder } from '../go/natural-order.ts';
import { isList, isMapping, type Value } from './value.ts';

/** The two forms in which Compose prints a project. They differ in the order of keys and in what they omit. */
export type Format = 'yaml' | 'json';

/** A tree to print. A number is an integer. */
export type Output = null | boolean | string | number | bigint | Float | OutputMap | readonly Output[];

/** A float and its size, which decides how many digits are printed. */
export class Float {
  readonly value: number;
  readonly bits: 32 | 64;

  constructor(value: number, bits: 32 | 64) {
    this.value = value;
    this.bits = bits;
  }
}

/** Keys in the order in which they are printed. */
export class OutputMap {
  readonly entries: readonly (readonly [string, Output])[];

  constructor(entries: readonly (readonly [string, Output])[]) {
    this.entries = entries;
  }
}

/** Sorts by key: JSON by bytes, YAML so that `web2` comes before `web10`. */
export function sortedMap(entries: Iterable<readonly [string, Output]>, format: Format): OutputMap {
  const order = format === 'json' ? byBytes : naturalOrder;
  return new OutputMap([...entries].sort(([a], [b]) => order(a, b)));
}

/** A value as it is, such as that of an `x-` key. */
export function outputOf(value: Value, format: Format): Output {
  if (typeof value === 'number') return new Float(value, 64);
  // In JSON Compose prints an empty list as null.
  if (isList(value) && value.length === 0) return format === 'json' ? null : [];
  if (isList(value)) return value.map((item) => outputOf(item, format));
  if (isMapping(value))
    return sortedMap(
      [...value].map(([key, entry]) => [key, outputOf(entry, format)] as const),
      format,
    );
  return value;
}
