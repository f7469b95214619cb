import type { EndpointSettings } from '../../spec/index.ts';
import type { Sandbox } from '../networks.ts';
import type { NetworkRecord } from './network-record.ts';
import type { NetworkTable } from './network-table.ts';

/** An endpoint of a sandbox. */
export interface SandboxEndpoint {
  readonly record: NetworkRecord;
  readonly settings: EndpointSettings;
}

/** The endpoints of a sandbox, with their networks. Networks that were removed are omitted. */
export function endpointsOf(table: NetworkTable, { endpoints }: Sandbox): readonly SandboxEndpoint[] {
  return Object.entries(endpoints).flatMap(([name, settings]) => {
    const record = table.byId(settings.NetworkID ?? '') ?? table.find(name);
    return record === undefined ? [] : [{ record, settings }];
  });
}
