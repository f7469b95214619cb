import { join, relative } from 'node:path';
import { EngineError, invalid } from '../../base/errors.ts';
import type { World } from '../world.ts';
import type { DaemonSteps } from './daemon-steps.ts';

/** `/dev/shm` of containers that share it. `sizes` holds bytes by container. */
export function fakeSharedMemory(sizes: Map<string, number>, steps: DaemonSteps): World['sharedMemory'] {
  const path = (id: string): string => `/shm/${id}`;
  return {
    path,
    mount: (id, size) => {
      steps.runSync('shm mount', () => void sizes.set(id, size));
      return path(id);
    },
    unmount: (id) => steps.run('shm unmount', () => void sizes.delete(id)),
    sweep: (keep) =>
      steps.run('shm sweep', () => {
        for (const id of [...sizes.keys()]) if (!keep.has(id)) sizes.delete(id);
      }),
  };
}

/** Paths within volumes that are pinned for a mount. `absent` holds paths of the host that do not exist. */
export function fakePinnedPaths(
  { pinned, absent }: { readonly pinned: Set<string>; readonly absent: ReadonlySet<string> },
  steps: DaemonSteps,
): World['pinnedPaths'] {
  let count = 0;
  return {
    pin(root, subpath, id) {
      const source = join(root, subpath);
      if (relative(root, source).startsWith('..')) {
        throw invalid(`path concatenation escapes the base directory, base: ${root}, subpath: ${subpath}`);
      }
      if (absent.has(source)) {
        const text = `cannot access path ${source}: lstat ${source}: no such file or directory`;
        throw new EngineError('notFound', text);
      }
      count += 1;
      const path = `/pinned/${id}-${count}`;
      steps.runSync('pin', () => void pinned.add(path));
      return { path, [Symbol.asyncDispose]: () => steps.run('unpin', () => void pinned.delete(path)) };
    },
    sweep: () => steps.run('pin sweep', () => pinned.clear()),
  };
}
