import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Config } from '../../client/index.ts';

/** Where docker keeps plugins for all users, in the order of its search. */
const SYSTEM_FOLDERS = [
  '/usr/local/lib/docker/cli-plugins',
  '/usr/local/libexec/docker/cli-plugins',
  '/usr/lib/docker/cli-plugins',
  '/usr/libexec/docker/cli-plugins',
] as const;

/** Where plugins are, in the order of docker's search. */
export function pluginFolders({ dir, pluginFolders: configured }: Config): readonly string[] {
  return [...configured, `${dir}/cli-plugins`, ...SYSTEM_FOLDERS];
}

/** Docker's rule for names of plugins. */
const NAME = /^[a-z][a-z0-9]*$/;

/** The program of a plugin of docker's command line. Undefined where there is none. */
export function findPlugin(name: string, folders: readonly string[]): string | undefined {
  if (!NAME.test(name)) return undefined;
  return folders.map((folder) => join(folder, `docker-${name}`)).find(isProgram);
}

/** The program with a name in the folders of PATH. Undefined where there is none, and for a name with a slash. */
export function findOnPath(name: string, path: string): string | undefined {
  if (name === '' || name.includes('/')) return undefined;
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
