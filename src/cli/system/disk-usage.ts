import type { ContainerSummary } from '../container/list-format.ts';
import type { ImageSummary } from '../image/list-format.ts';
import type { VolumeSummary } from '../volume/list-format.ts';

/** `GET /system/df`. */
export interface DiskUsage {
  readonly LayersSize: number;
  readonly Images: readonly ImageSummary[] | null;
  readonly Containers: readonly ContainerSummary[] | null;
  readonly Volumes: readonly VolumeSummary[] | null;
  readonly BuildCache: readonly BuildRecord[] | null;
  /** Of an engine of ours that runs a registry. */
  readonly Registries?: readonly RegistryUsage[];
}

export interface RegistryUsage {
  readonly Type: string;
  readonly Repositories: number;
  readonly Size: number;
  readonly UniqueSize: number;
}

export interface BuildRecord {
  readonly ID: string;
  readonly Type: string;
  readonly Description?: string;
  readonly Size: number;
  readonly CreatedAt: string;
  readonly LastUsedAt?: string | null;
  readonly UsageCount: number;
  readonly Shared: boolean;
  readonly InUse: boolean;
}
