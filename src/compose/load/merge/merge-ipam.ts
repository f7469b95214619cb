import { ModelError } from '../../model/kind.ts';
import { isList, isMapping, type Value } from '../../model/value.ts';

/** Merges the pools of a network: those of the later file, each over the one before with the same subnet. @throws ModelError */
export function mergeIpamConfigs(base: Value, over: Value, path: readonly string[]): Value {
  if (!isList(base) || !isList(over)) throw new ModelError(path, 'must be a list');
  return over.map((pool) => {
    if (!isMapping(pool)) return pool;
    const before = base.filter(isMapping).find((each) => each.get('subnet') === pool.get('subnet'));
    return new Map([...(before ?? []), ...pool]);
  });
}
