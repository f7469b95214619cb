import type { EndpointSettings } from '../../spec/index.ts';
import type { BridgePlan, LinkPlan } from '../kernel/protocol.ts';
import type { NetworkRecord } from '../network-record.ts';
import type { SubnetStatus } from '../networks.ts';

/**
 * What a kind of network adds to a sandbox. A driver keeps the addresses of its networks and plans; the kernel thread
 * does. All methods are synchronous, so two starts never meet.
 */
export interface NetworkDriver {
  /** The bridge that `record` needs on the host, if any. */
  hostPlan(record: NetworkRecord): BridgePlan | undefined;
  /**
   * Takes an address and plans the link. `settings` is what the client asked.
   * @throws EngineError as Docker words it; nothing is taken then
   */
  connect(
    record: NetworkRecord,
    settings: EndpointSettings,
    link: { readonly hostName: string; readonly name: string },
  ): Endpoint;
  /** Takes the addresses of an endpoint that exists already. Never throws: a clash is the past's mistake. */
  adopt(record: NetworkRecord, settings: EndpointSettings): void;
  /** How many addresses there are; undefined for networks without. */
  status(record: NetworkRecord): SubnetStatus | undefined;
  /** Gives the addresses back. May run again. */
  disconnect(record: NetworkRecord, settings: EndpointSettings): void;
}

export interface Endpoint {
  /** Filled in, without NetworkID and EndpointID. */
  readonly settings: EndpointSettings;
  readonly link: LinkPlan | undefined;
}
