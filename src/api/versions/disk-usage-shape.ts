import { compareVersions } from '../../base/versions.ts';
import type { ContainerSummary } from '../../containers/index.ts';
import type { ImageSummary } from '../../images/index.ts';
import { imageListFor } from './image-shapes.ts';

/** What was measured; null for what was not asked for. */
export interface DiskUsage {
  /** Bytes of all unpacked layers, each once. */
  readonly layersSizeBytes: number;
  readonly images: readonly ImageSummary[] | null;
  readonly containers: readonly (ContainerSummary & { readonly SizeRw?: number })[] | null;
  readonly volumes: readonly { readonly UsageData: { readonly RefCount: number; readonly Size: number } }[] | null;
  readonly buildCache: readonly [] | null;
}

/** Of one type of object, since 1.52; `Items` for those who want all there is. */
interface Usage {
  readonly ActiveCount: number;
  readonly TotalCount: number;
  readonly Reclaimable: number;
  readonly TotalSize: number;
  readonly Items?: readonly object[];
}

/** Lists of everything until 1.52; from then on sums as well, and with `verbose` these alone, each with its list. */
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
    ...(usage.buildCache === null ? {} : { BuildCacheUsage: NOTHING }),
  };
  return verbose ? sums : { ...legacy, ...sums };
}

const NOTHING: Usage = { ActiveCount: 0, TotalCount: 0, Reclaimable: 0, TotalSize: 0 };

/** What images in use have to themselves stays; the rest could go. */
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

function counts(active: readonly unknown[], all: readonly unknown[]): { ActiveCount: number; TotalCount: number } {
  return { ActiveCount: active.length, TotalCount: all.length };
}
