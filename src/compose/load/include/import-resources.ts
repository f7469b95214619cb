import { isDeepStrictEqual } from 'node:util';
import { ModelError } from '../../model/kind.ts';
import { isMapping, type Mapping, type Value } from '../../model/value.ts';

const SECTIONS = ['services', 'volumes', 'networks', 'secrets', 'configs', 'models'];

/** Adds the resources of an included project. Those that both have must be equal. @throws ModelError */
export function importResources(imported: Mapping, project: Mapping): Mapping {
  const merged = new Map(project);
  for (const section of SECTIONS) {
    const from = imported.get(section);
    if (!isMapping(from)) continue;
    const before = merged.get(section);
    const into = new Map<string, Value>(isMapping(before) ? before : []);
    for (const [name, resource] of from) {
      const existing = into.get(name);
      if (existing !== undefined && !isDeepStrictEqual(existing, resource))
        throw new ModelError([section, name], 'conflicts with imported resource');
      into.set(name, resource);
    }
    merged.set(section, into);
  }
  return merged;
}
