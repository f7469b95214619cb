import { isList, isMapping, type Mapping, type Value } from '../model/value.ts';
import { Rules } from './rules.ts';

export type Change = (value: Value, path: readonly string[]) => Value;

const compiled = new WeakMap<object, Rules<Change>>();

/** Changes the values at the paths of a table, and nothing below them. */
export function mapAt(project: Mapping, table: Readonly<Record<string, Change>>): Mapping {
  let rules = compiled.get(table);
  if (rules === undefined) {
    rules = Rules.of<Change>(table);
    compiled.set(table, rules);
  }
  return walk(project, [], rules) as Mapping;
}

function walk(value: Value, path: readonly string[], rules: Rules<Change>): Value {
  const change = rules.rule;
  if (change !== undefined) return change(value, path);
  if (rules.isDone) return value;
  if (isMapping(value))
    return new Map([...value].map(([key, item]) => [key, walk(item, [...path, key], rules.under(key))]));
  if (isList(value))
    return value.map((item, index) => walk(item, [...path, String(index)], rules.under(String(index))));
  return value;
}
