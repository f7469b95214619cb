import { isAbsolute } from 'node:path';
import * as z from 'zod/mini';
import { EngineError, failed } from '../base/errors.ts';
import type { Plugin } from '../plugins/index.ts';

/** A volume as a plugin describes it. */
export interface PluginVolume {
  readonly name: string;
  /** '' while it is not mounted, for most plugins. */
  readonly mountpoint: string;
  readonly createdAt: string | undefined;
  readonly status: Readonly<Record<string, unknown>> | undefined;
}

/** A mount of a volume, under an id that the engine chose. */
export interface PluginMount {
  readonly name: string;
  readonly id: string;
}

const NOTHING = z.object({});
const MOUNT = z.object({ Mountpoint: z.nullish(z.string()) });
const VOLUME = z.object({
  Name: z.string(),
  Mountpoint: z.nullish(z.string()),
  CreatedAt: z.nullish(z.string()),
  Status: z.nullish(z.record(z.string(), z.unknown())),
});
const GET = z.object({ Volume: z.nullish(VOLUME) });
const LIST = z.object({ Volumes: z.nullish(z.array(VOLUME)) });
const CAPABILITIES = z.object({ Capabilities: z.nullish(z.object({ Scope: z.nullish(z.string()) })) });

/**
 * The methods of Docker's `VolumeDriver` protocol. Each throws EngineError failed with the plugin's text when the plugin
 * refuses, and unavailable when it cannot be reached.
 */
export async function createInPlugin(
  plugin: Plugin,
  volume: { readonly name: string; readonly options: Readonly<Record<string, string>> | null },
): Promise<void> {
  await plugin.call('VolumeDriver.Create', { Name: volume.name, Opts: volume.options }, NOTHING);
}

export async function getFromPlugin(plugin: Plugin, name: string, signal?: AbortSignal): Promise<PluginVolume> {
  const { Volume: volume } = await plugin.callOnce('VolumeDriver.Get', { Name: name }, GET, signal);
  if (volume === null || volume === undefined) throw failed(`get ${name}: no such volume`);
  return described({ ...volume, Name: name });
}

export async function listOfPlugin(plugin: Plugin, signal: AbortSignal): Promise<readonly PluginVolume[]> {
  const { Volumes: volumes } = await plugin.callOnce('VolumeDriver.List', {}, LIST, signal);
  return (volumes ?? []).map(described);
}

export async function removeFromPlugin(plugin: Plugin, name: string): Promise<void> {
  await plugin.callOnce('VolumeDriver.Remove', { Name: name }, NOTHING);
}

/** Returns the path on the host. */
export async function mountInPlugin(plugin: Plugin, { name, id }: PluginMount): Promise<string> {
  const { Mountpoint: path } = await plugin.call('VolumeDriver.Mount', { Name: name, ID: id }, MOUNT);
  if (typeof path === 'string' && isAbsolute(path) && !path.includes('\0')) return path;
  throw failed(`VolumeDriver.Mount: the mountpoint ${JSON.stringify(path ?? '')} is not an absolute path`);
}

export async function unmountInPlugin(plugin: Plugin, { name, id }: PluginMount): Promise<void> {
  await plugin.callOnce('VolumeDriver.Unmount', { Name: name, ID: id }, NOTHING);
}

/** A plugin without capabilities has volumes of this host. */
export async function scopeOfPlugin(plugin: Plugin, signal?: AbortSignal): Promise<'local' | 'global'> {
  try {
    const answer = await plugin.callOnce('VolumeDriver.Capabilities', {}, CAPABILITIES, signal);
    return answer.Capabilities?.Scope?.toLowerCase() === 'global' ? 'global' : 'local';
  } catch (error) {
    if (error instanceof EngineError && ['notImplemented', 'failed'].includes(error.kind)) return 'local';
    throw error;
  }
}

function described(volume: z.infer<typeof VOLUME>): PluginVolume {
  return {
    name: volume.Name,
    mountpoint: volume.Mountpoint ?? '',
    createdAt: volume.CreatedAt ?? undefined,
    status: volume.Status ?? undefined,
  };
}
