import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '../../base/logger.ts';
import { memoryRecords, type Records } from '../../base/records.ts';
import { createPluginHost } from '../../plugins/index.ts';
import type { EventSink } from '../../spec/index.ts';
import { createNetworks } from '../create-networks.ts';
import type { Lease } from '../leases/lease.ts';
import type { NetworkRecord } from '../model/network-record.ts';
import type { RemoteEndpointRecord } from '../model/remote-endpoint.ts';
import type { NetworkConfig } from '../network-config.ts';
import type { Networks, SandboxRequest } from '../networks.ts';
import { type FakeNameServer, fakeNameServer } from './fake-name-server.ts';

/** An engine's networks in the namespace of the test process, with a bridge, subnet and table of their own. */
export interface NetworkFixture extends AsyncDisposable {
  readonly networks: Networks;
  readonly config: NetworkConfig;
  readonly records: Records<NetworkRecord>;
  readonly leases: Records<Lease>;
  readonly remoteEndpoints: Records<RemoteEndpointRecord>;
  /** Logged warnings and errors. */
  readonly logged: readonly string[];
  /** Emitted events: the action and the id. */
  readonly emitted: readonly string[];
  readonly nameServer: FakeNameServer;
  /**
   * Starts another daemon on the same state, as after a crash: the first one's sockets are closed, the kernel is
   * unchanged.
   */
  restart(): Promise<Networks>;
}

/** `pluginFolder` has the sockets of network plugins. */
export async function networkFixture(
  settings: Partial<NetworkConfig> = {},
  pluginFolder?: string,
): Promise<NetworkFixture> {
  const execRoot = mkdtempSync(join(tmpdir(), `networks-${process.pid}-`));
  const config: NetworkConfig = {
    execRoot,
    bridgeName: 'gtest0',
    engineId: 'test',
    addressPools: [{ base: '10.219.0.0/16', size: 24 }],
    ...settings,
  };
  const records = memoryRecords<NetworkRecord>();
  const leases = memoryRecords<Lease>();
  const remoteEndpoints = memoryRecords<RemoteEndpointRecord>();
  const logged: string[] = [];
  const emitted: string[] = [];
  const events: EventSink = { emit: (_type, action, id) => void emitted.push(`${action} ${id}`) };
  const keep = (_fields: object, message: string): void => void logged.push(message);
  const logger: Logger = { debug() {}, info() {}, warn: keep, error: keep };
  const nameServer = fakeNameServer();
  const plugins = createPluginHost({ folders: pluginFolder === undefined ? [] : [pluginFolder], logger });
  const deps = {
    config,
    records,
    leases,
    remoteEndpoints,
    logger,
    events,
    nameServer: Promise.resolve(nameServer),
    plugins,
  };
  let networks = await createNetworks(deps).catch((error: unknown) => {
    // Throws when something was left in the folder.
    rmdirSync(execRoot);
    throw error;
  });
  return {
    get networks() {
      return networks;
    },
    config,
    records,
    leases,
    remoteEndpoints,
    logged,
    emitted,
    nameServer,
    async restart() {
      await networks.close();
      networks = await createNetworks(deps);
      return networks;
    },
    async [Symbol.asyncDispose]() {
      await networks.tearDown();
      rmdirSync(execRoot);
    },
  };
}

export function sandboxRequest(containerId: string, change: Partial<SandboxRequest> = {}): SandboxRequest {
  return {
    containerId,
    containerName: `name-${containerId}`,
    mode: 'bridge',
    endpoints: {},
    exposedPorts: [],
    portBindings: {},
    publishAll: false,
    sysctls: {},
    ...change,
  };
}

/**
 * Everything that networks may leave behind, as text to compare. The kernel deletes links a moment later: see {@link
 * waitForTraces}.
 */
export function traces(): string {
  const links = execFileSync('ip', ['-o', 'link', 'show'], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\d+: ([^:@]+)/.exec(line)?.[1] ?? '')
    .join(' ');
  const rules = execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' });
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(`${tmpdir()}/networks-${process.pid}-`));
  const descriptors = readdirSync('/proc/self/fd').filter((fd) => !isTransient(fd)).length;
  return [links, rules, ...mounts, `${descriptors} descriptors`].join('\n');
}

/** Waits until {@link traces} equal `expected`, at most 5 s, and returns the last ones. */
export async function waitForTraces(expected: string): Promise<string> {
  for (let attempt = 0; attempt < 250; attempt++) {
    if (traces() === expected) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return traces();
}

/** Descriptors that Node opens and closes by itself. */
function isTransient(fd: string): boolean {
  try {
    return !/^(socket:|net:|\/proc\/|mnt:)/.test(readlinkSync(`/proc/self/fd/${fd}`));
  } catch {
    return true;
  }
}
