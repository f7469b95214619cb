import type { NetworkDrivers } from '../drivers/drivers.ts';
import type { Leases } from '../leases/leases.ts';
import { isOwnIpam } from '../model/network-record.ts';
import type { SandboxEndpoint } from '../model/sandbox-endpoints.ts';

/** Releases the addresses of a removed endpoint, and returns those of an IPAM plugin. Never rejects. */
export async function releaseAddresses(
  { drivers, leases }: { readonly drivers: NetworkDrivers; readonly leases: Leases },
  { record, settings }: SandboxEndpoint,
): Promise<void> {
  drivers.find(record.driver)?.disconnect(record, settings);
  if (!isOwnIpam(record.ipam.driver)) await leases.releaseEndpoint(settings.EndpointID ?? '');
}
