import { conflict, notFound } from '../../base/errors.ts';
import { type Digest, digestHex } from '../../base/ids.ts';
import type { LayerKey } from '../../store/index.ts';
import type { World } from '../world.ts';
import type { DaemonSteps } from './daemon-steps.ts';

/** Layers and writable roots on disk, and the roots that are mounted. They outlive a daemon. */
export interface FakeRoots {
  /** Sizes in bytes. */
  readonly layers: Map<Digest, number>;
  /** The layers of each writable. */
  readonly writables: Map<string, readonly Digest[]>;
  readonly mounted: Set<string>;
}

/** The snapshots of one daemon's life. A layer's key is its diffID. */
export function fakeSnapshots(roots: FakeRoots, steps: DaemonSteps): World['snapshots'] {
  const { layers, writables } = roots;
  const chain = (diffIds: readonly Digest[]): readonly LayerKey[] =>
    diffIds.map((diffId) => {
      if (!layers.has(diffId)) throw notFound('layer', diffId);
      return keyOf(diffId);
    });
  const layersOf = (id: string): readonly Digest[] => {
    const diffIds = writables.get(id);
    if (diffIds === undefined) throw notFound('writable root', id);
    return diffIds;
  };
  return {
    driver: 'overlay2',
    chain,
    layers: () => [...layers].map(([diffId, sizeBytes]) => ({ key: keyOf(diffId), diffIds: [diffId], sizeBytes })),
    createWritable: (id, base) =>
      steps.run('writable create', () => {
        const diffIds = base.map((name): Digest => name as string as Digest);
        if (writables.has(id)) throw conflict(`writable root ${id} exists`);
        chain(diffIds);
        writables.set(id, diffIds);
      }),
    ...mounts({ ...roots, layersOf }, steps),
    removeWritable: (id) =>
      steps.run('writable remove', () => {
        roots.mounted.delete(id);
        writables.delete(id);
      }),
    writables: () => [...writables.keys()],
    writableFolders: (id) => {
      const diffIds = writables.get(id);
      if (diffIds === undefined) return null;
      const lower = diffIds.toReversed().map((diffId) => `/layers/${digestHex(diffId)}/fs`);
      return {
        ...(lower.length === 0 ? {} : { LowerDir: lower.join(':') }),
        MergedDir: rootOf(id),
        UpperDir: `/writables/${id}/fs`,
        WorkDir: `/writables/${id}/work`,
      };
    },
    async writableSize(id) {
      layersOf(id);
      return 0;
    },
  };
}

/** `layersOf` throws for an unknown writable. */
function mounts(
  { mounted, layersOf }: Pick<FakeRoots, 'mounted'> & { readonly layersOf: (id: string) => unknown },
  steps: DaemonSteps,
): Pick<World['snapshots'], 'mount' | 'use' | 'unmount'> {
  const users = new Map<string, number>();
  /** Roots that only their users keep mounted. */
  const released = new Set<string>();
  const mount = (id: string): string => {
    layersOf(id);
    mounted.add(id);
    return rootOf(id);
  };
  return {
    mount: (id) =>
      steps.run('root mount', () => {
        released.delete(id);
        return mount(id);
      }),
    async use(id) {
      const wasMounted = mounted.has(id);
      const path = mount(id);
      if (!wasMounted) released.add(id);
      users.set(id, (users.get(id) ?? 0) + 1);
      return {
        path,
        async [Symbol.asyncDispose]() {
          users.set(id, (users.get(id) ?? 1) - 1);
          if (users.get(id) === 0 && released.delete(id)) mounted.delete(id);
        },
      };
    },
    unmount: (id) =>
      steps.run('root unmount', () => {
        if ((users.get(id) ?? 0) > 0) released.add(id);
        else mounted.delete(id);
      }),
  };
}

function keyOf(diffId: Digest): LayerKey {
  return diffId as string as LayerKey;
}

function rootOf(id: string): string {
  return `/roots/${id}`;
}
