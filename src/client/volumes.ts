/** Volumes: one function per operation of the Engine API. */
import { type Engine, pathSegment } from './engine-client.ts';
import { encodeFilters, type Filters } from './filters.ts';

/** An entry of {@link listVolumes}. In the result of `diskUsage` it has `UsageData`. */
export interface VolumeSummary {
  readonly Name: string;
  readonly Driver: string;
  readonly Mountpoint: string;
  readonly Scope: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  /** -1 when unknown. */
  readonly UsageData?: { readonly Size: number; readonly RefCount: number } | null;
  readonly ClusterVolume?: object | null;
}

export async function listVolumes(engine: Engine, filters?: Filters): Promise<readonly VolumeSummary[]> {
  const query = { filters: encodeFilters(filters) };
  const answer = await engine.json<{ Volumes: VolumeSummary[] | null }>({ method: 'GET', path: '/volumes', query });
  return answer.Volumes ?? [];
}

export function inspectVolume(engine: Engine, name: string): Promise<VolumeSummary> {
  return engine.json({ method: 'GET', path: volumePath(name) });
}

/** Returns the engine's JSON unchanged, with all fields. */
export async function inspectVolumeText(engine: Engine, name: string): Promise<string> {
  return (await engine.request({ method: 'GET', path: volumePath(name) })).text();
}

export interface CreateVolumeBody {
  /** '' for an anonymous volume. */
  readonly Name?: string;
  readonly Driver?: string;
  readonly DriverOpts?: Readonly<Record<string, string>>;
  readonly Labels?: Readonly<Record<string, string>>;
}

/** Creates a volume, or returns an existing one with the same driver and options. */
export function createVolume(engine: Engine, body: CreateVolumeBody): Promise<VolumeSummary> {
  return engine.json({ method: 'POST', path: '/volumes/create', json: body });
}

export async function removeVolume(
  engine: Engine,
  name: string,
  { force }: { readonly force?: boolean } = {},
): Promise<void> {
  await engine.send({ method: 'DELETE', path: volumePath(name), query: { force: force || undefined } });
}

export interface PrunedVolumes {
  readonly VolumesDeleted?: readonly string[] | null;
  readonly SpaceReclaimed?: number;
}

export function pruneVolumes(engine: Engine, filters?: Filters): Promise<PrunedVolumes> {
  return engine.json({ method: 'POST', path: '/volumes/prune', query: { filters: encodeFilters(filters) } });
}

function volumePath(name: string): string {
  return `/volumes/${pathSegment(name)}`;
}
