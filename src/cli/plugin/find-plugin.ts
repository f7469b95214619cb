import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';

/** Where docker keeps plugins for all users, in the order of its search. */
export const SYSTEM_FOLDERS = [
  '/usr/local/lib/docker/cli-plugins',
  '/usr/local/libexec/docker/cli-plugins',
  '/usr/lib/docker/cli-plugins',
  '/usr/libexec/docker/cli-plugins',
] as const;

/** Docker's rule for names of plugins. */
const NAME = /^[a-z][a-z0-9]*$/;

/** The program of a plugin of docker's command line. Undefined where there is none. */
export function findPlugin(name: string, folders: readonly string[]): string | undefined {
  if (!NAME.test(name)) return undefined;
  return folders.map((folder) => join(folder, `docker-${name}`)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
