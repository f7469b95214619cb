import type { Readable } from 'node:stream';
import { conflict, EngineError } from '../../../base/errors.ts';
import type { Digest } from '../../../base/ids.ts';
import { compressed, release } from '../../../io/index.ts';
import type { SnapshotDriver } from '../driver.ts';
import type { LayerKey, LayerRecord } from '../layer.ts';
import { chainKey, type LayerTable, soloKey } from '../layer-table.ts';
import type { MergedLayers } from '../merged-layers.ts';
import type { SnapshotPaths } from '../paths.ts';
import type { Snapshots } from '../snapshots.ts';
import type { LayerTail } from '../streams/stream-job.ts';
import type { StreamThreads } from '../streams/stream-threads.ts';
import type { LayerUses } from './layer-uses.ts';
import type { IdentifiedLayer, IdentifyRequest } from './sealed-layers.ts';

export interface IdentifyDeps {
  readonly driver: SnapshotDriver;
  readonly paths: SnapshotPaths;
  readonly table: LayerTable;
  readonly streams: StreamThreads;
  readonly uses: LayerUses;
  readonly merged: (layers: readonly LayerRecord[]) => MergedLayers;
  readonly unpack: Snapshots['unpack'];
}

type Blob = Pick<IdentifiedLayer, 'digest' | 'sizeBytes'>;

/** Implements `SealedLayers.identify`. */
export async function identifyLayer(
  deps: IdentifyDeps,
  key: LayerKey,
  request: IdentifyRequest,
  signal: AbortSignal,
): Promise<IdentifiedLayer> {
  const { table, uses } = deps;
  const [layer, ...below] = table.getAll([key, ...request.below]) as [LayerRecord, ...LayerRecord[]];
  using _held = uses.hold([layer, ...below]);
  const parents = below.map(diffIdOf);
  const { blob, tail } = await storeArchive(deps, { layer, below, request }, signal);
  const known = { ...blob, diffId: tail.diffId, uncompressedBytes: tail.sizeBytes };
  const diffIds = [...parents, tail.diffId];
  const existing = table.find(diffIds);
  if (existing !== undefined) return { ...known, key: existing.key };
  // Identified meanwhile by another call, or the archive is not that of the files as they are.
  const current = table.getAll([key])[0] as LayerRecord;
  if (current.diffIds.length > 0 || tail.isClamped) {
    const source = { path: request.content.path(blob.digest), digest: blob.digest };
    return { ...known, key: await deps.unpack({ diffId: tail.diffId, parents }, source, signal) };
  }
  const isWhole = deps.driver.writableKind === 'whole';
  const name = isWhole ? chainKey(diffIds) : soloKey(tail.diffId);
  table.identify(current, { key: name, diffIds: isWhole ? diffIds : [tail.diffId] });
  return { ...known, key: name };
}

/** @throws EngineError conflict */
function diffIdOf({ key, diffIds }: LayerRecord): Digest {
  const diffId = diffIds.at(-1);
  if (diffId === undefined) throw conflict(`the layer ${key} below is not identified`);
  return diffId;
}

async function storeArchive(
  { driver, paths, streams, merged }: IdentifyDeps,
  made: { readonly layer: LayerRecord; readonly below: readonly LayerRecord[]; readonly request: IdentifyRequest },
  signal: AbortSignal,
): Promise<{ readonly blob: Blob; readonly tail: LayerTail }> {
  const { compression = { kind: 'none' }, clampSeconds, content, claim } = made.request;
  using lower = merged(made.below);
  const trees = {
    ...{ upper: paths.layerFs(made.layer), lower: lower.path, upperKind: driver.writableKind },
    // Sealing has removed those that are no changes.
    withMountPoints: true,
  };
  const { bytes, tail } = await streams.read({ kind: 'archiveLayer', trees, clampSeconds }, signal);
  await using ingest = await content.ingest();
  await writeAll(compressed(bytes, compression), (chunk) => ingest.write(chunk), signal);
  const known = await tail;
  const expected = compression.kind === 'none' ? { digest: known.diffId } : {};
  const blob = await ingest.commit(expected, (digest) => claim?.({ digest, diffId: known.diffId }));
  return { blob, tail: known };
}

async function writeAll(
  bytes: Readable,
  write: (chunk: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  for await (const chunk of bytes) {
    if (signal.aborted) throw new EngineError('cancelled', 'writing the layer was cancelled');
    await write(chunk as Buffer);
    release(chunk as Buffer);
  }
}
