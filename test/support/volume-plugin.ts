import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type PluginRequest, PluginServer } from './plugin-server.ts';

/** The volumes of a plugin of the tests. They outlive its program. */
export interface PluginDisk {
  /** A folder on the host, with a folder per volume. */
  readonly root: string;
  /** The options by the volume's name. */
  readonly volumes: Map<string, unknown>;
  /** The ids that have a volume mounted, by the volume's name. */
  readonly mounts: Map<string, Set<string>>;
}

/** A program of a plugin with volumes. */
export interface VolumePlugin extends AsyncDisposable {
  readonly server: PluginServer;
  /** Errors that the plugin answers, by method without its `VolumeDriver.`. */
  readonly refusals: Map<string, string>;
  /** Default local. Undefined: the plugin has no capabilities. */
  scope: string | undefined;
}

export function pluginDisk(root: string): PluginDisk {
  mkdirSync(root, { recursive: true });
  return { root, volumes: new Map(), mounts: new Map() };
}

/** Starts the program on a socket. Its end removes the socket. */
export async function startVolumePlugin(socket: string, disk: PluginDisk): Promise<VolumePlugin> {
  const refusals = new Map<string, string>();
  const server = await PluginServer.listen(socket, {
    implements: ['VolumeDriver'],
    handle(request) {
      const method = request.method.replace(/^VolumeDriver\./, '');
      const refusal = refusals.get(method);
      if (refusal !== undefined) return { Err: refusal };
      if (method !== 'Capabilities') return answer(disk, method, request);
      return plugin.scope === undefined ? undefined : { Capabilities: { Scope: plugin.scope } };
    },
  });
  const plugin: VolumePlugin = {
    server,
    refusals,
    scope: 'local',
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return plugin;
}

function answer(disk: PluginDisk, method: string, { body }: PluginRequest): object | undefined {
  const name = String(body['Name'] ?? '');
  const path = join(disk.root, name);
  if (method === 'Create') {
    disk.volumes.set(name, body['Opts']);
    mkdirSync(path, { recursive: true });
    return { Err: '' };
  }
  if (method === 'List') return { Volumes: [...disk.volumes.keys()].map((each) => describe(disk, each)), Err: '' };
  if (!disk.volumes.has(name)) return { Err: 'the plugin has no such volume' };
  const mounts = disk.mounts.get(name) ?? new Set<string>();
  switch (method) {
    case 'Get':
      return { Volume: { ...describe(disk, name), Status: { Backing: 'test', Mounts: mounts.size } }, Err: '' };
    case 'Path':
      return { Mountpoint: path, Err: '' };
    case 'Mount':
      disk.mounts.set(name, mounts.add(String(body['ID'])));
      return { Mountpoint: path, Err: '' };
    case 'Unmount':
      mounts.delete(String(body['ID']));
      return { Err: '' };
    case 'Remove':
      if (mounts.size > 0) return { Err: 'the volume is mounted' };
      disk.volumes.delete(name);
      rmSync(path, { recursive: true });
      return { Err: '' };
    default:
      return undefined;
  }
}

/** As most plugins, it says where a volume is only while it is mounted. */
function describe({ root, mounts }: PluginDisk, name: string): object {
  const isMounted = (mounts.get(name)?.size ?? 0) > 0;
  return { Name: name, Mountpoint: isMounted ? join(root, name) : '', CreatedAt: '2020-01-02T03:04:05Z' };
}
