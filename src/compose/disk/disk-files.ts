import { realpathSync, type Stats, statSync } from 'node:fs';
import { EngineError, errnoOf, messageOf } from '../../base/errors.ts';
import type { ProjectFiles } from '../load/world.ts';
import { BYTES_MAX } from '../load/yaml/parse-yaml.ts';
import { isRemoteAddress } from '../remote/remote-address.ts';
import { readBounded } from './read-bounded.ts';

/** Files of this machine. */
export const diskFiles: Omit<ProjectFiles, 'fetchRemote'> = {
  read: (path) => {
    try {
      return readBounded(path, { name: path, maxBytes: BYTES_MAX });
    } catch (error) {
      throw error instanceof EngineError ? error : failed('open', path, error);
    }
  },
  kindOf: (path) => {
    const found = statOf(path);
    if (found === undefined) return undefined;
    return found.isDirectory() ? 'folder' : 'file';
  },
  realPath: (path) => {
    try {
      return realpathSync(path);
    } catch {
      return path;
    }
  },
  isRemote: isRemoteAddress,
};

/** @throws EngineError tooLarge */
export function readStdin(): string {
  return readBounded(0, { name: '-', maxBytes: BYTES_MAX });
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw failed('stat', path, error);
  }
}

/** The system's own words. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EISDIR: 'is a directory',
  EACCES: 'permission denied',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
  ENXIO: 'no such device or address',
};

function failed(call: string, path: string, error: unknown): EngineError {
  const reason = REASONS[errnoOf(error) ?? ''] ?? messageOf(error);
  return new EngineError('notFound', `${call} ${path}: ${reason}`, { cause: error });
}
