import { type BigIntStats, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../base/errors.ts';
import { type PluginAddress, readJsonFile, readSpecFile } from './plugin-address.ts';

/** An address, and a text that changes when another program takes the address over. */
export interface FoundPlugin {
  readonly address: PluginAddress;
  readonly identity: string;
}

const NAME_CHARACTERS_MAX = 255;
/** Entries of a folder that are looked at. */
const ENTRIES_MAX = 10_000;

/** In the order of precedence. */
const FORMS = [
  { suffix: '.spec', read: readSpecFile },
  { suffix: '.json', read: readJsonFile },
] as const;

/**
 * Finds a plugin by name: `NAME.sock`, else `NAME.spec`, else `NAME.json`, each in the folder or in `NAME/` of it.
 * Sockets of all folders come first. A name that is not the name of a file finds nothing.
 * @throws EngineError failed for a file with a wrong address
 */
export function findPlugin(folders: readonly string[], name: string): FoundPlugin | undefined {
  if (!isPluginName(name)) return undefined;
  for (const path of folders.flatMap((folder) => places(folder, name, '.sock'))) {
    const stats = statOf(path);
    if (stats?.isSocket() === true) return { address: { kind: 'unix', path }, identity: identityOf(path, stats) };
  }
  for (const folder of folders) {
    for (const { suffix, read } of FORMS) {
      for (const path of places(folder, name, suffix)) {
        const stats = statOf(path);
        if (stats?.isFile() !== true) continue;
        const address = read(path, stats);
        const socket = address.kind === 'unix' ? statOf(address.path) : undefined;
        const identity = identityOf(path, stats) + (socket === undefined ? '' : identityOf('', socket));
        return { address, identity };
      }
    }
  }
  return undefined;
}

/** Lists the names that {@link findPlugin} may find, sorted. */
export function pluginNames(folders: readonly string[]): readonly string[] {
  const names = new Set<string>();
  for (const folder of folders) {
    for (const entry of entriesOf(folder)) {
      const match = /^(.+)\.(?:sock|spec|json)$/.exec(entry);
      const name = match?.[1] ?? entry;
      if (!isPluginName(name) || names.has(name)) continue;
      const found = match === null ? inSubfolder(folder, name) : isPluginFile(join(folder, entry));
      if (found) names.add(name);
    }
  }
  return [...names].sort();
}

function inSubfolder(folder: string, name: string): boolean {
  return ['.sock', '.spec', '.json'].some((suffix) => isPluginFile(join(folder, name, `${name}${suffix}`)));
}

function isPluginFile(path: string): boolean {
  const stats = statOf(path);
  return stats !== undefined && (path.endsWith('.sock') ? stats.isSocket() : stats.isFile());
}

/** A name is the name of one file: it may not lead to another folder. */
function isPluginName(name: string): boolean {
  return name.length <= NAME_CHARACTERS_MAX && /^[^./\p{Cc}][^/\p{Cc}]*$/u.test(name);
}

function places(folder: string, name: string, suffix: string): readonly string[] {
  return [join(folder, `${name}${suffix}`), join(folder, name, `${name}${suffix}`)];
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder).slice(0, ENTRIES_MAX);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoOf(error) ?? '')) return [];
    throw error;
  }
}

function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EACCES', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

function identityOf(path: string, { dev, ino, ctimeNs }: BigIntStats): string {
  return `${path}\0${dev}:${ino}:${ctimeNs}`;
}
