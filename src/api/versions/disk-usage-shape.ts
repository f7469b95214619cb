import { compareVersions } from '../../base/versions.ts';
import type { BuildCacheRecord } from '../../build/index.ts';
import type { ContainerSummary } from '../../containers/index.ts';
import type { ImageSummary } from '../../images/index.ts';
import { imageListFor } from './image-shapes.ts';

/** The measured usage. Null for parts that were not requested. */
export interface DiskUsage {
  /** Size of all unpacked layers. Each layer counts once. */
  readonly layersSizeBytes: number;
  readonly images: readonly ImageSummary[] | null;
  readonly containers: readonly (ContainerSummary & { readonly SizeRw?: number })[] | null;
  readonly volumes: readonly { readonly UsageData: { readonly RefCount: number; readonly Size: number } }[] | null;
  readonly buildCache: readonly BuildCacheRecord[] | null;
}

/** The usage of one type of object, since 1.52. `Items` is for verbose requests. */
interface Usage {
  readonly ActiveCount: number;
  readonly TotalCount: number;
  readonly Reclaimable: number;
  readonly TotalSize: number;
  readonly Items?: readonly object[];
}

/** Until 1.52: lists of all objects. From then on sums too; with `verbose` only the sums, each with its list. */
export function diskUsageFor(version: string, verbose: boolean, usage: DiskUsage): object {
  const legacy = {
    LayersSize: usage.layersSizeBytes,
    Images: usage.images && imageListFor(version, usage.images),
    Containers: usage.containers,
    Volumes: usage.volumes,
    BuildCache: usage.buildCache,
  };
  if (compareVersions(version, '1.52') < 0) return legacy;
  const listed = (items: readonly object[]): { Items?: readonly object[] } =>
    verbose && items.length > 0 ? { Items: items } : {};
  const sums = {
    ...(usage.images === null ? {} : { ImageUsage: { ...imageUsage(usage.images, usage), ...listed(usage.images) } }),
    ...(usage.containers === null
      ? {}
      : { ContainerUsage: { ...containerUsage(usage.containers), ...listed(usage.containers) } }),
    ...(usage.volumes === null ? {} : { VolumeUsage: { ...volumeUsage(usage.volumes), ...listed(usage.volumes) } }),
    ...(usage.buildCache === null
      ? {}
      : { BuildCacheUsage: { ...buildCacheUsage(usage.buildCache), ...listed(usage.buildCache) } }),
  };
  return verbose ? sums : { ...legacy, ...sums };
}

/** The reclaimable size is everything but the layers of images in use. */
function imageUsage(images: readonly ImageSummary[], { layersSizeBytes: total }: DiskUsage): Usage {
  const active = images.filter(({ Containers }) => Containers > 0);
  const used = active.reduce((sum, { Size, SharedSize }) => sum + Size - Math.max(0, SharedSize), 0);
  return { ...counts(active, images), Reclaimable: Math.max(0, total - used), TotalSize: total };
}

function containerUsage(containers: NonNullable<DiskUsage['containers']>): Usage {
  const isActive = ({ State }: ContainerSummary): boolean => ['running', 'paused', 'restarting'].includes(State);
  const size = (some: typeof containers): number => some.reduce((sum, { SizeRw = 0 }) => sum + SizeRw, 0);
  const active = containers.filter(isActive);
  const TotalSize = size(containers);
  return { ...counts(active, containers), Reclaimable: TotalSize - size(active), TotalSize };
}

function volumeUsage(volumes: NonNullable<DiskUsage['volumes']>): Usage {
  const size = (some: typeof volumes): number => some.reduce((sum, { UsageData }) => sum + UsageData.Size, 0);
  const active = volumes.filter(({ UsageData }) => UsageData.RefCount > 0);
  const TotalSize = size(volumes);
  return { ...counts(active, volumes), Reclaimable: TotalSize - size(active), TotalSize };
}

/** A shared record has a layer that an image has too: its size is the image's. */
function buildCacheUsage(records: readonly BuildCacheRecord[]): Usage {
  const size = (some: readonly BuildCacheRecord[]): number =>
    some.reduce((sum, { Shared, Size }) => sum + (Shared ? 0 : Size), 0);
  const active = records.filter(({ InUse }) => InUse);
  const TotalSize = size(records);
  return { ...counts(active, records), Reclaimable: TotalSize - size(active), TotalSize };
}

function counts(active: readonly unknown[], all: readonly unknown[]): { ActiveCount: number; TotalCount: number } {
  return { ActiveCount: active.length, TotalCount: all.length };
}
