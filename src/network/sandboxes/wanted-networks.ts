import { invalid } from '../../base/errors.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import type { NetworkRecord } from '../model/network-record.ts';
import type { NetworkTable } from '../model/network-table.ts';
import type { SandboxRequest } from '../networks.ts';

/** A network that a container joins, and the client's settings of its endpoint. */
export interface WantedNetwork {
  readonly record: NetworkRecord;
  readonly asked: EndpointSettings;
}

/** The network of the mode first if there is one, then the others that endpoints name. @throws EngineError notFound, invalid */
export function wantedNetworks(
  table: NetworkTable,
  { mode, endpoints }: Pick<SandboxRequest, 'mode' | 'endpoints'>,
): readonly WantedNetwork[] {
  const first = mode === undefined ? undefined : table.require(mode);
  const wanted = new Map<string, WantedNetwork>();
  if (first !== undefined) wanted.set(first.id, { record: first, asked: {} });
  for (const [name, asked] of Object.entries(endpoints)) {
    const record = table.require(name);
    wanted.set(record.id, { record, asked });
  }
  checkTogether([...wanted.values()].map(({ record }) => record.driver));
  return [...wanted.values()];
}

/** Refuses the host's network, and `none` beside others. @throws EngineError invalid, in Docker's words */
function checkTogether(drivers: readonly string[]): void {
  if (drivers.includes('host')) {
    throw invalid('cannot connect container to host network - container must be created in host network mode');
  }
  if (drivers.includes('null') && drivers.length > 1) {
    throw invalid('container cannot be connected to multiple networks with one of the networks in private (none) mode');
  }
}
