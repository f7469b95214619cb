/** The content of volumes as a whole: routes of Gantry's engine that Docker's API lacks. */
import { type Engine, pathSegment } from './engine-client.ts';
import type { ProgressMessage } from './image-transfers.ts';
import { jsonLines } from './json.ts';
import type { VolumeSummary } from './volumes.ts';

/** Makes a volume with the content of another. Yields progress; the `aux` of the last message is the new volume. */
export async function cloneVolume(
  engine: Engine,
  name: string,
  { to }: { readonly to: string },
  signal?: AbortSignal,
): Promise<AsyncIterable<ProgressMessage>> {
  const request = { method: 'POST', path: volumePath(name, 'clone'), query: { to }, signal } as const;
  return jsonLines<ProgressMessage>((await engine.request(request)).body);
}

export function renameVolume(engine: Engine, name: string, { to }: { readonly to: string }): Promise<VolumeSummary> {
  return engine.json({ method: 'POST', path: volumePath(name, 'rename'), query: { to } });
}

/** Returns a volume's content as a tar. */
export async function exportVolume(engine: Engine, name: string, signal?: AbortSignal): Promise<AsyncIterable<Buffer>> {
  return (await engine.request({ method: 'GET', path: volumePath(name, 'export'), signal })).body;
}

export interface ImportVolumeOptions {
  /** A tar, plain or compressed. */
  readonly archive: AsyncIterable<Uint8Array>;
  /** Whether the archive replaces the content of a volume that holds files. */
  readonly replace?: boolean;
}

/**
 * Fills a volume from a tar, and makes it if it is missing. Yields progress; the `aux` of the last message is the
 * volume.
 */
export async function importVolume(
  engine: Engine,
  name: string,
  { archive, replace }: ImportVolumeOptions,
  signal?: AbortSignal,
): Promise<AsyncIterable<ProgressMessage>> {
  const response = await engine.request({
    method: 'POST',
    path: volumePath(name, 'import'),
    query: { replace: replace || undefined },
    stream: archive,
    headers: { 'Content-Type': 'application/x-tar' },
    signal,
  });
  return jsonLines<ProgressMessage>(response.body);
}

export interface VolumeSnapshot {
  readonly Name: string;
  /** RFC 3339. */
  readonly CreatedAt: string;
  /** Sum of the sizes of its files. */
  readonly Size: number;
}

/**
 * Yields progress; the `aux` of the last message is the {@link VolumeSnapshot}. Without a name the engine chooses one.
 */
export async function createVolumeSnapshot(
  engine: Engine,
  volume: string,
  { name }: { readonly name?: string } = {},
  signal?: AbortSignal,
): Promise<AsyncIterable<ProgressMessage>> {
  const request = { method: 'POST', path: volumePath(volume, 'snapshots'), query: { name }, signal } as const;
  return jsonLines<ProgressMessage>((await engine.request(request)).body);
}

/** Lists a volume's snapshots, oldest first. */
export async function listVolumeSnapshots(engine: Engine, volume: string): Promise<readonly VolumeSnapshot[]> {
  const path = volumePath(volume, 'snapshots');
  return (await engine.json<{ readonly Snapshots: readonly VolumeSnapshot[] }>({ method: 'GET', path })).Snapshots;
}

export async function removeVolumeSnapshot(engine: Engine, volume: string, name: string): Promise<void> {
  await engine.send({ method: 'DELETE', path: volumePath(volume, `snapshots/${pathSegment(name)}`) });
}

/** Replaces a volume's content by that of a snapshot. Yields progress; the `aux` of the last message is the volume. */
export async function restoreVolume(
  engine: Engine,
  volume: string,
  { snapshot }: { readonly snapshot: string },
  signal?: AbortSignal,
): Promise<AsyncIterable<ProgressMessage>> {
  const request = { method: 'POST', path: volumePath(volume, 'restore'), query: { snapshot }, signal } as const;
  return jsonLines<ProgressMessage>((await engine.request(request)).body);
}

function volumePath(name: string, verb: string): string {
  return `/gantry/volumes/${pathSegment(name)}/${verb}`;
}
