import { isObject } from '../../../base/is-object.ts';
import { decompress } from '../../../io/index.ts';
import type { Descriptor } from '../../../spec/index.ts';
import type { FillMount } from '../../cache/index.ts';
import { MOUNT_ID, MOUNT_TYPE } from '../format/names.ts';
import type { CacheSource } from '../import/cache-source.ts';
import { fetchBlob, type ImportedCacheDeps } from '../import/fetch-blob.ts';

const ID_LENGTH_MAX = 1000;

/** The archive of a cache mount's folder. */
export interface RemoteMount {
  readonly id: string;
  readonly archive: Descriptor;
}

/** The cache mounts among the descriptors of a manifest. */
export function mountsOf(entries: readonly Descriptor[]): readonly RemoteMount[] {
  return entries.flatMap(({ mediaType, digest, size, annotations }) => {
    const id = isObject(annotations) ? annotations[MOUNT_ID] : undefined;
    if (mediaType !== MOUNT_TYPE || typeof id !== 'string' || id.length > ID_LENGTH_MAX) return [];
    return [{ id, archive: { mediaType, digest, size } }];
  });
}

/**
 * Returns what writes a mount's content into an empty folder. The archive is checked by its digest first. It is unpacked in a
 * thread that is confined to the folder.
 */
export function fillFrom(deps: ImportedCacheDeps, source: CacheSource, { archive }: RemoteMount): FillMount {
  return async (folder, signal) => {
    await using lease = deps.collector.lease();
    await fetchBlob(deps, { source, blob: archive, lease, signal, report: () => {} });
    const bytes = deps.content.open(archive.digest);
    try {
      await deps.snapshots.trees.unpack(folder, (await decompress(bytes)).stream, signal);
    } finally {
      bytes.destroy();
    }
  };
}
