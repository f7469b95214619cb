import { byBytes } from '../go/by-bytes.ts';
import { formatFloat } from '../go/format-float.ts';
import { isList, isMapping, type Value } from './value.ts';

/** The text of a value in a list of `key=value`, as Go's `fmt.Sprint` writes it. */
export function goText(value: Value): string {
  if (value === null) return '<nil>';
  if (typeof value === 'number') return formatFloat(value, 64);
  if (isList(value)) return `[${value.map(goText).join(' ')}]`;
  if (isMapping(value))
    return `map[${[...value]
      .map(([key, entry]) => `${key}:${goText(entry)}`)
      .sort(byBytes)
      .join(' ')}]`;
  return String(value);
}
