import { EngineError } from '../../../base/errors.ts';
import { compressed, release } from '../../../io/index.ts';
import type { Descriptor } from '../../../spec/index.ts';
import type { Lease } from '../../../store/index.ts';
import type { BuildCache } from '../../cache/index.ts';
import type { BuildPorts } from '../../ports.ts';
import { MOUNT_ID, MOUNT_TYPE } from '../format/names.ts';

export interface PackMountsDeps extends Pick<BuildPorts, 'content' | 'snapshots'> {
  readonly cache: Pick<BuildCache, 'mounts'>;
}

/**
 * Writes archives of the folders of cache mounts. Other builds may use the folders meanwhile. An id without a folder is left
 * out. @throws EngineError noSpace, cancelled
 */
export async function packMounts(
  deps: PackMountsDeps,
  ids: readonly string[],
  call: { readonly lease: Lease; readonly signal: AbortSignal },
): Promise<readonly Descriptor[]> {
  const packed: Descriptor[] = [];
  for (const id of ids) {
    await using held = deps.cache.mounts.share(id);
    if (held === undefined) continue;
    packed.push({ ...(await pack(deps, held.path, call)), annotations: { [MOUNT_ID]: id } });
  }
  return packed;
}

async function pack(
  { content, snapshots }: PackMountsDeps,
  folder: string,
  { lease, signal }: { readonly lease: Lease; readonly signal: AbortSignal },
): Promise<Descriptor> {
  await using ingest = await content.ingest();
  const plain = await snapshots.trees.pack(folder, signal);
  try {
    for await (const chunk of compressed(plain, { kind: 'zstd', level: 3 })) {
      if (signal.aborted) throw new EngineError('cancelled', 'writing a cache mount was cancelled');
      await ingest.write(chunk as Buffer);
      release(chunk as Buffer);
    }
  } finally {
    plain.destroy();
  }
  const { digest, sizeBytes } = await ingest.commit({}, (made) => lease.blob(made));
  return { mediaType: MOUNT_TYPE, digest, size: sizeBytes };
}
