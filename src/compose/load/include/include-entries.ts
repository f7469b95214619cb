import { ModelError } from '../../model/kind.ts';
import { isList, isMapping, typeName, type Value } from '../../model/value.ts';

/** An entry of `include`. */
export interface IncludeEntry {
  readonly paths: readonly string[];
  readonly projectDirectory: string | undefined;
  /** Undefined: the `.env` of the folder. */
  readonly envFiles: readonly string[] | undefined;
}

/** Reads `include`. @throws ModelError */
export function includeEntries(value: Value): readonly IncludeEntry[] {
  if (value === null) return [];
  if (!isList(value)) throw new ModelError(['include'], `must be a list, not a ${typeName(value)}`);
  return value.map((entry, index) => {
    const path = ['include', String(index)];
    if (typeof entry === 'string') return { paths: [entry], projectDirectory: undefined, envFiles: undefined };
    if (!isMapping(entry)) throw new ModelError(path, `must be a string or a mapping, not a ${typeName(entry)}`);
    for (const key of entry.keys())
      if (!['path', 'project_directory', 'env_file'].includes(key))
        throw new ModelError(
          [...path, key],
          `additional properties '${key}' not allowed. Allowed are env_file, path, project_directory`,
        );
    const folder = entry.get('project_directory') ?? null;
    if (folder !== null && typeof folder !== 'string')
      throw new ModelError([...path, 'project_directory'], `must be a string, not a ${typeName(folder)}`);
    const envFiles = textsOf(entry.get('env_file'), [...path, 'env_file']);
    return {
      paths: textsOf(entry.get('path'), [...path, 'path']),
      projectDirectory: folder === null || folder === '' ? undefined : folder,
      envFiles: envFiles.length === 0 ? undefined : envFiles,
    };
  });
}

function textsOf(value: Value | undefined, path: readonly string[]): readonly string[] {
  if (value === undefined || value === null) return [];
  const items = isList(value) ? value : [value];
  return items.map((item) => {
    if (typeof item === 'string') return item;
    throw new ModelError(path, `must be a string or a list of strings, not a ${typeName(item)}`);
  });
}
