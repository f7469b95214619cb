import type { EndpointNames, NameLink, SandboxNames } from '../../spec/index.ts';
import { defaultGateway } from '../model/default-gateway.ts';
import type { NetworkRecord } from '../model/network-record.ts';
import type { NetworkTable } from '../model/network-table.ts';
import { endpointsOf, type SandboxEndpoint } from '../model/sandbox-endpoints.ts';
import type { Sandbox } from '../networks.ts';

/** Whether containers on a network find each other by name. Those that every engine has have no names. */
export function networkHasNames({ builtIn }: NetworkRecord): boolean {
  return !builtIn;
}

/** What the name server must know of a sandbox. Undefined when it has no names. */
export function sandboxNames(table: NetworkTable, sandbox: Sandbox): SandboxNames | undefined {
  const { sandboxId, netnsPath, names } = sandbox;
  if (names === undefined) return undefined;
  const endpoints = endpointsOf(table, sandbox);
  return {
    sandboxId,
    netnsPath,
    endpoints: endpoints.filter(({ record }) => networkHasNames(record)).map(endpointNames),
    // A container whose networks are all internal reaches no server.
    forward: { enabled: hasGateway(endpoints), servers: names.servers },
  };
}

function hasGateway(endpoints: readonly SandboxEndpoint[]): boolean {
  return (defaultGateway(endpoints, 4) ?? defaultGateway(endpoints, 6)) !== undefined;
}

function endpointNames({ record, settings }: SandboxEndpoint): EndpointNames {
  const { IPAddress = '', GlobalIPv6Address = '', DNSNames, Links } = settings;
  return {
    networkId: record.id,
    network: record.name,
    names: (DNSNames ?? []).filter((name) => name !== ''),
    addresses: [IPAddress, GlobalIPv6Address].filter((address) => address !== ''),
    ...(Links != null && { links: Links.map(parseLink).filter(({ name }) => name !== '') }),
  };
}

/** Parses `--link` on a network of a user: `name:alias`, or a name that is its own alias. */
function parseLink(link: string): NameLink {
  const [name = '', alias = name] = link.split(':').map((part) => part.replace(/^\//, ''));
  return { name, alias: alias === '' ? name : alias };
}
