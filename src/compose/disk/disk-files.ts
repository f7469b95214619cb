import { readFileSync, realpathSync, statSync } from 'node:fs';
import { EngineError, errnoOf, messageOf } from '../../base/errors.ts';
import type { ProjectFiles } from '../load/world.ts';
import { BYTES_MAX } from '../load/yaml/parse-yaml.ts';
import { isRemoteAddress } from '../remote/remote-address.ts';

/** Files of this machine. */
export const diskFiles: Omit<ProjectFiles, 'fetchRemote'> = {
  read: (path) => {
    try {
      const { size } = statSync(path);
      if (size > BYTES_MAX)
        throw new EngineError('tooLarge', `${path}: the file has more than ${BYTES_MAX / 1024 / 1024} MiB`);
      return readFileSync(path, 'utf8');
    } catch (error) {
      if (error instanceof EngineError) throw error;
      const reason = errnoOf(error) === 'ENOENT' ? 'no such file or directory' : messageOf(error);
      throw new EngineError('notFound', `open ${path}: ${reason}`, { cause: error });
    }
  },
  kindOf: (path) => {
    const found = statSync(path, { throwIfNoEntry: false });
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
