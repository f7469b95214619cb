/** The engine itself: one function per operation of the Engine API, and Gantry's check of the store. */
import type { EngineEvent } from '../spec/index.ts';
import type { ContainerSummary } from './containers.ts';
import { type Engine, pathSegment } from './engine-client.ts';
import { encodeFilters, type Filters } from './filters.ts';
import type { ProgressMessage } from './image-transfers.ts';
import type { ImageSummary } from './images.ts';
import { jsonLines } from './json.ts';
import type { VolumeSummary } from './volumes.ts';

export interface EngineVersion {
  readonly Platform?: { readonly Name: string };
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion?: string;
  readonly GitCommit?: string;
  readonly GoVersion?: string;
  readonly Os: string;
  readonly Arch: string;
  readonly KernelVersion?: string;
  readonly Experimental?: boolean;
  readonly BuildTime?: string;
  readonly Components?: readonly EngineComponent[] | null;
}

export interface EngineComponent {
  readonly Name: string;
  readonly Version: string;
  readonly Details?: Readonly<Record<string, string>> | null;
}

export function engineVersion(engine: Engine): Promise<EngineVersion> {
  return engine.json({ method: 'GET', path: '/version' });
}

/** The engine's fields unchanged. They depend on the engine. */
export type EngineInfo = Readonly<Record<string, unknown>>;

export function engineInfo(engine: Engine): Promise<EngineInfo> {
  return engine.json({ method: 'GET', path: '/info' });
}

/** The objects of swarms, and plugins. */
export type ClusterObject = 'service' | 'task' | 'node' | 'secret' | 'config' | 'plugin';

/** Returns the engine's JSON unchanged. */
export async function inspectClusterObjectText(engine: Engine, kind: ClusterObject, name: string): Promise<string> {
  const path = `/${kind}s/${pathSegment(name)}${kind === 'plugin' ? '/json' : ''}`;
  return (await engine.request({ method: 'GET', path })).text();
}

export interface DiskUsage {
  readonly LayersSize: number;
  readonly Images: readonly ImageSummary[] | null;
  readonly Containers: readonly ContainerSummary[] | null;
  readonly Volumes: readonly VolumeSummary[] | null;
  readonly BuildCache: readonly BuildRecord[] | null;
  /** The registries of a Gantry engine. */
  readonly Registries?: readonly RegistryUsage[];
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

export interface RegistryUsage {
  readonly Type: string;
  readonly Repositories: number;
  readonly Size: number;
  readonly UniqueSize: number;
}

export function diskUsage(engine: Engine): Promise<DiskUsage> {
  return engine.json({ method: 'GET', path: '/system/df' });
}

export interface EventOptions {
  /** `SECONDS.NANOSECONDS` since the epoch. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly filters?: Filters;
}

/** Yields events as they happen, after the past ones since `since`. */
export async function watchEvents(
  engine: Engine,
  { since, until, filters }: EventOptions = {},
  signal?: AbortSignal,
): Promise<AsyncIterable<EngineEvent>> {
  const query = { since, until, filters: encodeFilters(filters) };
  return jsonLines<EngineEvent>((await engine.request({ method: 'GET', path: '/events', query, signal })).body);
}

export interface PrunedCache {
  readonly CachesDeleted?: readonly string[] | null;
  readonly SpaceReclaimed?: number;
}

export function pruneBuildCache(engine: Engine, { all }: { readonly all: boolean }): Promise<PrunedCache> {
  return engine.json({ method: 'POST', path: '/build/prune', query: { all } });
}

export interface LoginRequest {
  readonly username: string;
  readonly serveraddress: string;
  readonly password?: string;
  readonly identitytoken?: string;
}

/**
 * Makes the engine try a login at a registry. Returns the identity token that the registry issued instead of the
 * password, or ''.
 */
export async function checkLogin(engine: Engine, login: LoginRequest): Promise<string> {
  const answer = await engine.json<{ IdentityToken?: string }>({ method: 'POST', path: '/auth', json: login });
  return answer.IdentityToken ?? '';
}

/** The report of a Gantry engine on its store. */
export interface CheckReport {
  readonly Sound: boolean;
  readonly Checked: {
    readonly Blobs: number;
    readonly Bytes: number;
    readonly Images: number;
    readonly Layers: number;
    readonly Containers: number;
    readonly Volumes: number;
  };
  readonly Findings: readonly CheckFinding[];
}

export interface CheckFinding {
  readonly Kind: string;
  readonly Subject: string;
  readonly Problem: string;
  readonly Advice: string;
  readonly Repaired?: string;
  readonly Remains: boolean;
}

/** Yields progress. The report is in the `aux` of a message; the last one that has it counts. */
export async function checkSystem(
  engine: Engine,
  { repair }: { readonly repair: boolean },
  signal?: AbortSignal,
): Promise<AsyncIterable<ProgressMessage>> {
  const request = { method: 'POST', path: '/gantry/system/check', query: { repair }, signal } as const;
  return jsonLines<ProgressMessage>((await engine.request(request)).body);
}
