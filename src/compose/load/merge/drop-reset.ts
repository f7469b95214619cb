import { isMapping, type Mapping, type Value } from '../../model/value.ts';
import type { Resets } from '../yaml/read-document.ts';

/** Removes what `!reset` and `!override` of a later file say. Items of lists stay. */
export function dropReset(project: Mapping, resets: Resets): Mapping {
  return resets.reduce<Mapping>((kept, path) => without(kept, path), project);
}

function without(mapping: Mapping, [key, ...rest]: readonly string[]): Mapping {
  const value: Value | undefined = key === undefined ? undefined : mapping.get(key);
  if (key === undefined || value === undefined) return mapping;
  const kept = new Map(mapping);
  if (rest.length === 0) kept.delete(key);
  else if (isMapping(value)) kept.set(key, without(value, rest));
  return kept;
}
