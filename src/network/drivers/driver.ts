import type { EndpointSettings } from '../../spec/index.ts';
import type { BridgePlan, LinkPlan } from '../kernel/protocol.ts';
import type { NetworkRecord } from '../network-record.ts';
import type { SubnetStatus } from '../networks.ts';

/**
 * The part of a sandbox that depends on the kind of network. A driver allocates the addresses of its networks and plans
 * links; the kernel thread makes them. All methods are synchronous, so that two starts never interleave.
 */
export interface NetworkDriver {
  /** The bridge that `record` needs on the host, if any. */
  hostPlan(record: NetworkRecord): BridgePlan | undefined;
  /**
   * Allocates an address and plans the link. `settings` is the client's request.
   * @throws EngineError as Docker words it; then nothing is allocated
   */
  connect(
    record: NetworkRecord,
    settings: EndpointSettings,
    link: { readonly hostName: string; readonly name: string },
  ): Endpoint;
  /**
   * Allocates the addresses of an existing endpoint. Never throws: two containers with one address are an error of the
   * past.
   */
  adopt(record: NetworkRecord, settings: EndpointSettings): void;
  /** Number of addresses. Undefined for networks without addresses. */
  status(record: NetworkRecord): SubnetStatus | undefined;
  /** Releases the addresses. May be repeated. */
  disconnect(record: NetworkRecord, settings: EndpointSettings): void;
}

export interface Endpoint {
  /** All fields filled in, except NetworkID and EndpointID. */
  readonly settings: EndpointSettings;
  readonly link: LinkPlan | undefined;
}
