import { EngineError } from '../../base/errors.ts';
import type { NetworkInspect, SandboxState } from '../../network/index.ts';
import type { World } from '../world.ts';
import type { DaemonSteps } from './daemon-steps.ts';

const BRIDGE_ID = 'n1';
const PREFIX = '172.17.0.';
const GATEWAY = `${PREFIX}1`;

/** Sandboxes in the kernel, by container. They outlive a daemon. */
export type FakeSandboxes = Map<string, SandboxState>;

/** The networks of one daemon's life. There is one network, `bridge`. */
export function fakeNetworks(sandboxes: FakeSandboxes, steps: DaemonSteps): World['networks'] {
  const notFound = (ref: string): EngineError => new EngineError('notFound', `network ${ref} not found`);
  return {
    hostGateway: GATEWAY,
    check: () => undefined,
    checkEndpoint: () => undefined,
    inspect(ref) {
      if (ref !== 'bridge' && ref !== BRIDGE_ID) throw notFound(ref);
      return inspectBridge(sandboxes);
    },
    driverOf: (id) => (id === BRIDGE_ID ? 'bridge' : ''),
    async rename(containerId, containerName) {
      const before = sandboxes.get(containerId);
      if (before === undefined) return undefined;
      const sandbox = { ...before, containerName };
      sandboxes.set(containerId, sandbox);
      return sandbox;
    },
    connect: () => Promise.reject(notFound('other')),
    disconnect: () => Promise.reject(notFound('other')),
    attach: ({ containerId, containerName, mode = 'bridge' }) =>
      steps.run('network attach', () => {
        if (mode !== 'bridge') throw notFound(mode);
        const endpoint = { NetworkID: BRIDGE_ID, IPAddress: freeAddress(sandboxes), IPPrefixLen: 16 };
        const netnsPath = `/run/netns/${containerId}`;
        const own = { containerId, containerName, sandboxId: containerId };
        const sandbox: SandboxState = { ...own, netnsPath, endpoints: { bridge: endpoint }, ports: {} };
        sandboxes.set(containerId, sandbox);
        return sandbox;
      }),
    detach: (id) => steps.run('network detach', () => void sandboxes.delete(id)),
    restore: (running) =>
      steps.run('network restore', () => {
        const keep = new Set(running.map(({ containerId }) => containerId));
        for (const id of [...sandboxes.keys()]) if (!keep.has(id)) sandboxes.delete(id);
      }),
  };
}

function freeAddress(sandboxes: FakeSandboxes): string {
  const taken = new Set([...sandboxes.values()].map(({ endpoints }) => endpoints['bridge']?.IPAddress));
  for (let host = 2; ; host += 1) if (!taken.has(`${PREFIX}${host}`)) return `${PREFIX}${host}`;
}

function inspectBridge(sandboxes: FakeSandboxes): NetworkInspect {
  const containers = [...sandboxes.values()].map(({ containerId, containerName = containerId, endpoints }) => [
    containerId,
    {
      Name: containerName,
      EndpointID: containerId,
      MacAddress: '',
      IPv4Address: `${endpoints['bridge']?.IPAddress}/16`,
      IPv6Address: '',
    },
  ]);
  return {
    Name: 'bridge',
    Id: BRIDGE_ID,
    Created: '',
    Scope: 'local',
    Driver: 'bridge',
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: 'default', Options: null, Config: [{ Subnet: `${PREFIX}0/16`, Gateway: GATEWAY }] },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: Object.fromEntries(containers),
    Options: {},
    Labels: {},
    Status: { IPAM: { Subnets: {} } },
  };
}
