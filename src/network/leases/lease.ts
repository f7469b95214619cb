/**
 * What an IPAM plugin has lent to the engine: a pool, or an address of one. It is stored until the plugin has it back, so
 * that a start can return what a crash has left.
 */
export interface Lease {
  readonly id: string;
  /** Name of the plugin. */
  readonly driver: string;
  readonly networkId: string;
  /** The endpoint that has the address. '' for pools, gateways and auxiliary addresses, which belong to the network. */
  readonly endpointId: string;
  readonly poolId: string;
  /** '' for the pool itself. */
  readonly address: string;
}
