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

/** Paths within volumes that are pinned for a mount. */
export function fakePinnedPaths(pinned: Set<string>, steps: DaemonSteps): World['pinnedPaths'] {
  return {
    pin: (root, subpath, id) => {
      const path = `/pinned/${id}${root}/${subpath}`;
      steps.runSync('pin', () => void pinned.add(path));
      return { path, [Symbol.asyncDispose]: () => steps.run('unpin', () => void pinned.delete(path)) };
    },
    sweep: () => steps.run('pin sweep', () => pinned.clear()),
  };
}
