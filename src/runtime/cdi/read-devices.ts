import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { errnoOf, messageOf } from '../../base/errors.ts';
import { CDI_SPEC, type CdiSpec, type ContainerEdits } from './cdi-spec.ts';

/** Largest file that is read. Those of vendors have some kilobytes. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** One device of a file: `edits` are those of the file, then its own. */
export interface CdiDevice {
  readonly edits: readonly ContainerEdits[];
}

export interface CdiDevices {
  /** By the full name `vendor.com/class=name`. */
  readonly devices: ReadonlyMap<string, CdiDevice>;
  /** What is wrong with files, one sentence each. Their devices are missing. */
  readonly errors: readonly string[];
}

interface Found extends CdiDevice {
  readonly path: string;
  readonly folder: number;
}

/**
 * Reads every file of the folders, of which the last counts most. A device of a later folder precedes one of an earlier folder; two of one folder are in conflict, and
 * neither can be used. A folder that does not exist is empty.
 */
export async function readCdiDevices(folders: readonly string[]): Promise<CdiDevices> {
  const found = new Map<string, Found>();
  const conflicts = new Set<string>();
  const errors: string[] = [];
  for (const [folder, directory] of folders.entries()) {
    for (const path of await filesIn(directory, errors)) {
      const spec = await readSpec(path).catch((error: unknown) => {
        errors.push(`Error associated with spec file ${path}: ${messageOf(error)}`);
      });
      for (const { name, containerEdits } of spec?.devices ?? []) {
        const full = `${spec?.kind}=${name}`;
        const other = found.get(full);
        if (other?.folder === folder) {
          conflicts.add(full);
          errors.push(
            `Error associated with spec file ${path}: conflicting device "${full}" (specs "${path}", "${other.path}")`,
          );
        } else conflicts.delete(full);
        found.set(full, {
          path,
          folder,
          edits: [...(spec?.containerEdits ? [spec.containerEdits] : []), containerEdits],
        });
      }
    }
  }
  for (const name of conflicts) found.delete(name);
  return { devices: found, errors };
}

async function filesIn(directory: string, errors: string[]): Promise<readonly string[]> {
  try {
    const names = await readdir(directory);
    return names
      .filter((name) => ['.json', '.yaml'].includes(extname(name)))
      .sort()
      .map((name) => join(directory, name));
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') errors.push(`Error associated with spec folder ${directory}: ${messageOf(error)}`);
    return [];
  }
}

/** @throws Error for a file that cannot be read, or is not of the form */
async function readSpec(path: string): Promise<CdiSpec> {
  const { size } = await stat(path);
  if (size > FILE_BYTES_MAX) throw new Error(`the file has ${size} bytes, and at most ${FILE_BYTES_MAX} are read`);
  const text = await readFile(path, 'utf8');
  const result = CDI_SPEC.safeParse(path.endsWith('.json') ? JSON.parse(text) : await parseYaml(text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Error(`invalid CDI spec: ${issue?.path.join('.')}: ${issue?.message}`);
}

/** The package is loaded for the first file of this form. */
async function parseYaml(text: string): Promise<unknown> {
  const { parse } = await import('yaml');
  return parse(text, { maxAliasCount: 100 });
}
