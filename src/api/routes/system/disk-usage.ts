import * as z from 'zod/mini';
import { invalid } from '../../../base/errors.ts';
import type { Builder } from '../../../build/index.ts';
import type { ContainerSummary, Containers } from '../../../containers/index.ts';
import type { Images } from '../../../images/index.ts';
import type { VolumeInspect, Volumes } from '../../../volumes/index.ts';
import { queryBool, queryStrings } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';
import { type DiskUsage, diskUsageFor } from '../../versions/disk-usage-shape.ts';

export interface DiskUsageDeps {
  readonly containers: Pick<Containers, 'list'>;
  readonly images: Pick<Images, 'list' | 'layersSizeBytes'>;
  readonly volumes: Pick<Volumes, 'list'>;
  readonly builder: Pick<Builder, 'diskUsage'>;
  /** Size of a directory on the host. */
  directorySizeBytes(path: string, signal: AbortSignal): Promise<number>;
  registryUsage(): readonly RegistryUsage[];
}

/** A field of ours: the usage of a registry on the engine's content store. Other clients ignore it. */
export interface RegistryUsage {
  readonly Type: 'registry' | 'cache';
  readonly Repositories: number;
  /** Size of its content. Each blob counts once. */
  readonly Size: number;
  /** Bytes that neither an image nor an earlier registry of the list has. */
  readonly UniqueSize: number;
}

const EVERYTHING = ['container', 'image', 'volume', 'build-cache'];

/** GET /system/df. `type` requests a part, which saves measuring the others. */
export const diskUsage = defineRoute({
  method: 'GET',
  path: '/system/df',
  query: z.object({ type: queryStrings, verbose: queryBool() }),
  querySince: { type: '1.42', verbose: '1.52' },
  async handle({ query, signal, version }, deps: DiskUsageDeps) {
    const types = query.type.length === 0 ? EVERYTHING : query.type;
    const unknown = types.find((type) => !EVERYTHING.includes(type));
    if (unknown !== undefined) throw invalid(`unknown object type: ${unknown}`);
    const wants = (type: string): boolean => types.includes(type);
    const containers =
      wants('container') || wants('volume')
        ? await deps.containers.list({ all: true, limit: 0, size: wants('container'), filters: {} })
        : [];
    const images = wants('image')
      ? await deps.images.list({ all: false, filters: {}, sharedSize: true, countContainers: true, manifests: false })
      : [];
    const registries = query.type.length === 0 ? deps.registryUsage() : [];
    const volumes: NonNullable<DiskUsage['volumes']>[number][] = [];
    if (wants('volume')) {
      // As in dockerd, those of plugins and those with options are left out: their files are elsewhere, maybe on a server
      // that does not answer.
      const { volumes: all } = await deps.volumes.list({ driver: ['local'] });
      const measured = all.filter(({ Options }) => Object.keys(Options ?? {}).length === 0);
      for (const volume of measured) volumes.push(await withUsage(volume, containers, deps, signal));
    }
    const usage: DiskUsage = {
      layersSizeBytes: wants('image') ? await deps.images.layersSizeBytes() : 0,
      images: wants('image') ? images : null,
      containers: wants('container') ? containers : null,
      volumes: wants('volume') ? volumes : null,
      buildCache: wants('build-cache') ? await deps.builder.diskUsage() : null,
    };
    const shown = diskUsageFor(version, query.verbose, usage);
    return { status: 200, body: { ...shown, ...(registries.length === 0 ? {} : { Registries: registries }) } };
  },
});

async function withUsage(
  volume: VolumeInspect,
  containers: readonly ContainerSummary[],
  deps: DiskUsageDeps,
  signal: AbortSignal,
): Promise<NonNullable<DiskUsage['volumes']>[number]> {
  const users = containers.filter((container) => container.Mounts.some((mount) => mount.Name === volume.Name));
  const size = await deps.directorySizeBytes(volume.Mountpoint, signal);
  return { ...volume, UsageData: { RefCount: users.length, Size: size } };
}
