import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../base/errors.ts';
import { namesInSync } from '../io/index.ts';
import { detachMount, detachMountSlowly, MS, mount } from '../linux/index.ts';

/** /dev/shm of containers that share theirs. Each is a tmpfs on the host, which joining containers bind as well. */
export interface SharedMemory {
  /** Path of the mount while the container runs. */
  path(containerId: string): string;
  /** Mounts an empty tmpfs, and replaces one that an earlier run left. Returns its path. */
  mount(containerId: string, sizeBytes: number): string;
  /** Unmounts. A missing mount is success. Containers that joined keep theirs until they end. */
  unmount(containerId: string): Promise<void>;
  /** Unmounts all but those of these containers, after a crash. */
  sweep(keep: ReadonlySet<string>): Promise<void>;
}

export function createSharedMemory(execRoot: string): SharedMemory {
  const root = join(execRoot, 'shm');
  const path = (id: string): string => join(root, id);
  const unmount = async (id: string): Promise<void> => {
    const target = path(id);
    try {
      await detachMountSlowly(target);
      rmdirSync(target);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  };
  return {
    path,
    mount(id, sizeBytes) {
      const target = path(id);
      mkdirSync(target, { recursive: true, mode: 0o700 });
      while (detachMount(target));
      const flags = MS.NOSUID | MS.NODEV | MS.NOEXEC;
      mount({ source: 'shm', target, type: 'tmpfs', flags, data: `mode=1777,size=${sizeBytes}` });
      return target;
    },
    unmount,
    async sweep(keep) {
      for (const id of namesInSync(root)) if (!keep.has(id)) await unmount(id);
    },
  };
}
