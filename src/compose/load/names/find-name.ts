import { ModelError } from '../../model/kind.ts';
import { isMapping } from '../../model/value.ts';
import { interpolate } from '../interpolate/interpolate.ts';
import type { Loading } from '../world.ts';
import { parseOnce } from '../yaml/parse-once.ts';
import { checkName, normalizeName } from './project-name.ts';
import type { ProjectSource } from './project-source.ts';

type Given = Pick<ProjectSource, 'files' | 'environment' | 'givenName' | 'usualName'>;

/** The name of a project: the user's, that of the last file that has one, or the usual one. @throws EngineError, ModelError */
export function projectName(loading: Loading, given: Given): string {
  if (given.givenName !== undefined) return checkName(given.givenName);
  const named = nameInFiles(loading, given);
  if (named === undefined) return given.usualName;
  const name = loading.options.interpolates ? replaced(named, loading, given) : named;
  return loading.options.normalizes ? normalizeName(name) : name;
}

function nameInFiles(loading: Loading, { files }: Given): string | undefined {
  let name: string | undefined;
  for (const { file, text } of files)
    for (const { value } of parseOnce(loading, file, text).documents) {
      const found = isMapping(value) ? value.get('name') : undefined;
      if (typeof found === 'string' && found !== '') name = found;
    }
  return name;
}

function replaced(name: string, loading: Loading, { environment }: Given): string {
  const variables = { get: (key: string) => environment.get(key), warn: loading.warn };
  const value = interpolate(new Map([['name', name]]), variables).get('name');
  if (typeof value !== 'string') throw new ModelError(['name'], 'must be a string');
  return value;
}
