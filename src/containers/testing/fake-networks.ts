import { EngineError, failed, invalid, messageOf } from '../../base/errors.ts';
import { ownValue } from '../../base/own-value.ts';
import type { Sandbox, SandboxRequest, SandboxState } from '../../network/index.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import type { World } from '../world.ts';
import type { DaemonSteps } from './daemon-steps.ts';
import {
  checkConfig,
  checkEndpoint,
  gatewayOf,
  inspectNetwork,
  type NetworkOnHost,
  NetworksOnHost,
} from './networks-on-host.ts';

/** What the kernel and the database hold of networks. It outlives a daemon. */
export interface FakeNetworkState {
  /** Sandboxes by container. */
  readonly sandboxes: Map<string, SandboxState>;
  /** Names of the networks that users made. The engine's own are there always. */
  readonly userNetworks: readonly string[];
}

/** The networks of one daemon's life. */
export function fakeNetworks(state: FakeNetworkState, steps: DaemonSteps): World['networks'] {
  const { sandboxes } = state;
  const table = new NetworksOnHost(state.userNetworks);
  const attached = (containerId: string): SandboxState => {
    const sandbox = sandboxes.get(containerId);
    if (sandbox === undefined) throw failed(`container ${containerId} has no network sandbox`);
    return sandbox;
  };
  const put = (sandbox: SandboxState): Sandbox => {
    sandboxes.set(sandbox.containerId, sandbox);
    return sandbox;
  };
  return {
    hostGateways: [gatewayOf(table.require('bridge'))],
    check: (request) => checkRequest(table, request),
    checkEndpoint: (ref, asked) => checkEndpoint(table.require(ref), asked),
    inspect: (ref) => inspectNetwork(table.require(ref), [...sandboxes.values()]),
    driverOf: (id) => table.all().find((network) => network.id === id)?.driver ?? '',
    async rename(containerId, containerName) {
      const before = sandboxes.get(containerId);
      if (before === undefined) return undefined;
      const sandbox = put(renamed(before, containerName));
      return sandbox.names === undefined ? undefined : sandbox;
    },
    connect: (request, ref) =>
      steps.run('network connect', () => {
        const network = table.require(ref);
        const sandbox = attached(request.containerId);
        if (sandbox.endpoints[network.name] !== undefined) {
          const text = `endpoint with name ${request.containerName} already exists in network ${network.name}`;
          throw new EngineError('forbidden', text);
        }
        return put(withEndpoint(state, sandbox, network, request));
      }),
    disconnect: ({ containerId }, ref) =>
      steps.run('network disconnect', () => {
        const sandbox = attached(containerId);
        const { name } = table.require(ref);
        const { [name]: left, ...endpoints } = sandbox.endpoints;
        if (left === undefined) throw failed(`container ${containerId} is not connected to network ${name}`);
        return put({ ...sandbox, endpoints });
      }),
    attach: (request, signal) =>
      steps.run('network attach', () => {
        if (signal.aborted) throw new EngineError('cancelled', 'cancelled while networks were set up');
        sandboxes.delete(request.containerId);
        return put(newSandbox(state, wantedNetworks(table, request), request));
      }),
    detach: (id) => steps.run('network detach', () => void sandboxes.delete(id)),
    restore: (running) =>
      steps.run('network restore', () => {
        const keep = new Set(running.map(({ containerId }) => containerId));
        for (const id of [...sandboxes.keys()]) if (!keep.has(id)) sandboxes.delete(id);
      }),
  };
}

/** @throws EngineError invalid for a port, and the errors of `checkConfig` */
function checkRequest(
  table: NetworksOnHost,
  { endpoints, portBindings }: Parameters<World['networks']['check']>[0],
): void {
  for (const port of Object.keys(portBindings)) {
    if (!/^\d+(\/(tcp|udp|sctp))?$/.test(port)) throw invalid(`invalid port specification: "${port}"`);
  }
  for (const [name, asked] of Object.entries(endpoints)) checkConfig(table.find(name), asked);
}

/** @throws EngineError notFound, with the words of a start */
function wantedNetworks(table: NetworksOnHost, { mode, endpoints }: SandboxRequest): readonly NetworkOnHost[] {
  try {
    const names = [...(mode === undefined ? [] : [mode]), ...Object.keys(endpoints)];
    return [...new Map(names.map((ref) => table.require(ref)).map((network) => [network.id, network])).values()];
  } catch (error) {
    throw new EngineError('notFound', `failed to set up container networking: ${messageOf(error)}`, { cause: error });
  }
}

function newSandbox(
  state: FakeNetworkState,
  networks: readonly NetworkOnHost[],
  request: SandboxRequest,
): SandboxState {
  const { containerId, containerName } = request;
  const empty: SandboxState = {
    ...{ containerId, containerName, sandboxId: containerId },
    ...{ netnsPath: `/run/netns/${containerId}`, endpoints: {}, ports: {} },
  };
  return networks.reduce((sandbox, network) => withEndpoint(state, sandbox, network, request), empty);
}

function withEndpoint(
  state: FakeNetworkState,
  sandbox: SandboxState,
  network: NetworkOnHost,
  request: SandboxRequest,
): SandboxState {
  const { containerId, containerName, hostname = '' } = request;
  const asked = ownValue(request.endpoints, network.name) ?? {};
  const names = [containerName, ...(asked.Aliases ?? []), containerId.slice(0, 12), hostname];
  const settings: EndpointSettings = {
    ...asked,
    NetworkID: network.id,
    ...(network.driver === 'bridge' && {
      IPAddress: asked.IPAMConfig?.IPv4Address ?? freeAddress(state, network),
      IPPrefixLen: 16,
      Gateway: gatewayOf(network),
    }),
    DNSNames: network.isBuiltIn ? null : [...new Set(names)].filter((name) => name !== ''),
  };
  return {
    ...sandbox,
    endpoints: { ...sandbox.endpoints, [network.name]: settings },
    ...(!network.isBuiltIn && { names: sandbox.names ?? { servers: request.dns ?? [] } }),
  };
}

function renamed(before: SandboxState, containerName: string): SandboxState {
  const endpoints = Object.entries(before.endpoints).map(([network, settings]) => {
    const DNSNames = settings.DNSNames == null ? null : [containerName, ...settings.DNSNames.slice(1)];
    return [network, { ...settings, DNSNames }] as const;
  });
  return { ...before, containerName, endpoints: Object.fromEntries(endpoints) };
}

function freeAddress({ sandboxes }: FakeNetworkState, { name, prefix }: NetworkOnHost): string {
  const taken = new Set([...sandboxes.values()].map(({ endpoints }) => endpoints[name]?.IPAddress));
  for (let host = 2; ; host += 1) if (!taken.has(`${prefix}${host}`)) return `${prefix}${host}`;
}
