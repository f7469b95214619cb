import type { NetworkDrivers } from '../drivers/drivers.ts';
import type { HostPlan } from '../kernel/protocol.ts';
import type { NetworkTable } from '../model/network-table.ts';

/** What all networks need on the host. A network whose driver is missing needs nothing. */
export function hostPlans({
  table,
  drivers,
}: {
  readonly table: NetworkTable;
  readonly drivers: NetworkDrivers;
}): readonly HostPlan[] {
  return table.all().flatMap((record) => drivers.find(record.driver)?.hostPlan(record) ?? []);
}
