import { notFound } from '../../base/errors.ts';
import type { World } from '../world.ts';
import type { DaemonSteps } from './daemon-steps.ts';

/** Writable roots on disk, and those that are mounted. Both outlive a daemon. */
export interface FakeRoots {
  readonly writables: Set<string>;
  readonly mounted: Set<string>;
}

/** The snapshots of one daemon's life. */
export function fakeSnapshots({ writables, mounted }: FakeRoots, steps: DaemonSteps): World['snapshots'] {
  const users = new Map<string, number>();
  /** Unmounted roots that stay mounted for their users. */
  const released = new Set<string>();
  const mount = (id: string): string => {
    if (!writables.has(id)) throw notFound('snapshot', id);
    mounted.add(id);
    return `/roots/${id}`;
  };
  const unmount = (id: string): void => {
    if ((users.get(id) ?? 0) > 0) released.add(id);
    else mounted.delete(id);
  };
  return {
    driver: 'overlay2',
    chain: () => [],
    layers: () => [],
    createWritable: (id) => steps.run('writable create', () => void writables.add(id)),
    mount: (id) =>
      steps.run('root mount', () => {
        released.delete(id);
        return mount(id);
      }),
    async use(id) {
      if (!mounted.has(id)) released.add(id);
      const path = mount(id);
      users.set(id, (users.get(id) ?? 0) + 1);
      return {
        path,
        async [Symbol.asyncDispose]() {
          users.set(id, (users.get(id) ?? 1) - 1);
          if (users.get(id) === 0 && released.delete(id)) mounted.delete(id);
        },
      };
    },
    unmount: (id) => steps.run('root unmount', () => unmount(id)),
    removeWritable: (id) =>
      steps.run('writable remove', () => {
        mounted.delete(id);
        writables.delete(id);
      }),
    writables: () => [...writables],
    writableFolders: () => null,
    writableSize: async () => 0,
  };
}
