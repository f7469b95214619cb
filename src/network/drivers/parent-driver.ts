import { failed } from '../../base/errors.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import type { Family } from '../ipam/address.ts';
import type { IpvlanPlan, LinkPlan, MacvlanPlan, ParentPlan, PresentLink } from '../kernel/protocol.ts';
import { formatHardwareAddress, newHardwareAddress } from '../model/hardware-address.ts';
import type { NetworkRecord } from '../model/network-record.ts';
import {
  AddressedDriver,
  addressPlan,
  addressSettings,
  type EndpointAddresses,
  innerLink,
} from './addressed-driver.ts';
import type { Endpoint, LinkNames, NetworkDriver, PresentNames } from './driver.ts';
import { askedHardwareAddress, endpointSettings } from './endpoint-settings.ts';
import { ipvlanFlag, ipvlanMode, macvlanMode, parentOf } from './parent-options.ts';
import { refuseLimits } from './traffic-limits.ts';

interface NewLink {
  readonly name: string;
  readonly allocated: EndpointAddresses;
}

/**
 * Networks whose containers are on the network of an interface of the host: each has a link above that interface. What
 * macvlan and ipvlan have in common. No ports are published: other machines reach the containers by their own addresses.
 */
abstract class ParentDriver extends AddressedDriver implements NetworkDriver {
  /** @throws EngineError failed, in Docker's words */
  abstract checkNetwork(record: NetworkRecord, others: readonly NetworkRecord[]): void;
  abstract needsGateway(network: Pick<NetworkRecord, 'internal' | 'options'>, family: Family): boolean;
  protected abstract link(
    record: NetworkRecord,
    asked: EndpointSettings,
    at: NewLink,
  ): { readonly link: LinkPlan; readonly settings: Partial<EndpointSettings> };

  publishing(): undefined {
    return undefined;
  }

  /** A limit inside the sandbox would be the container's to remove. */
  override checkEndpoint(record: NetworkRecord, asked: EndpointSettings): void {
    super.checkEndpoint(record, asked);
    refuseLimits(record, asked);
  }

  hostPlan(record: NetworkRecord): ParentPlan {
    return { kind: 'parent', ...parentOf(record) };
  }

  connect(record: NetworkRecord, asked: EndpointSettings, { name, lent }: LinkNames): Endpoint {
    const allocated = this.allocate(record, asked, lent);
    const { link, settings } = this.link(record, asked, { name, allocated });
    return { settings: endpointSettings(asked, { ...addressSettings(allocated), ...settings }), link };
  }

  presentLink(_record: NetworkRecord, settings: EndpointSettings, names: PresentNames): PresentLink | undefined {
    return innerLink(settings, names);
  }
}

/** Links with hardware addresses of their own. */
export class MacvlanDriver extends ParentDriver {
  /** A parent in the mode passthru has one network, and one container. */
  checkNetwork(record: NetworkRecord, others: readonly NetworkRecord[]): void {
    const mode = macvlanMode(record.options);
    const { parent } = checkedParent(record, 'macvlan');
    for (const other of others) {
      if (other.driver !== record.driver || parentOf(other).parent !== parent) continue;
      const use = `macvlan network ${other.id} is already using parent interface ${parent}`;
      if (mode === 'passthru') throw failed(`cannot use mode passthru, ${use}`);
      if (macvlanMode(other.options) === 'passthru') throw failed(`${use} in mode passthru`);
    }
  }

  needsGateway({ internal }: Pick<NetworkRecord, 'internal'>): boolean {
    return !internal;
  }

  protected link(
    record: NetworkRecord,
    asked: EndpointSettings,
    { name, allocated }: NewLink,
  ): { readonly link: MacvlanPlan; readonly settings: Partial<EndpointSettings> } {
    const hardwareAddress = askedHardwareAddress(asked) ?? newHardwareAddress();
    return {
      settings: { MacAddress: formatHardwareAddress(hardwareAddress) },
      link: {
        kind: 'macvlan',
        name,
        parent: this.hostPlan(record),
        mode: macvlanMode(record.options),
        hasRouters: !record.internal,
        hardwareAddress: hardwareAddress.toString('hex'),
        ...addressPlan(allocated),
      },
    };
  }
}

/** Links that share the hardware address of their parent. In the modes l3 and l3s the host routes, and there is no gateway. */
export class IpvlanDriver extends ParentDriver {
  checkNetwork(record: NetworkRecord): void {
    ipvlanMode(record.options);
    ipvlanFlag(record.options);
    checkedParent(record, 'ipvlan');
  }

  needsGateway({ internal, options }: Pick<NetworkRecord, 'internal' | 'options'>): boolean {
    return !internal && ipvlanMode(options) === 'l2';
  }

  protected link(
    record: NetworkRecord,
    _asked: EndpointSettings,
    { name, allocated }: NewLink,
  ): { readonly link: IpvlanPlan; readonly settings: Partial<EndpointSettings> } {
    const mode = ipvlanMode(record.options);
    const { addresses, gateways } = addressPlan(allocated);
    const isRouted = mode !== 'l2';
    const families = ([4, 6] as const).filter(
      (family) => (family === 4 ? allocated.ipv4 : allocated.ipv6) !== undefined,
    );
    return {
      settings: { MacAddress: '', ...(isRouted && { Gateway: '', IPv6Gateway: '' }) },
      link: {
        kind: 'ipvlan',
        name,
        parent: this.hostPlan(record),
        mode,
        flag: ipvlanFlag(record.options),
        hasRouters: !record.internal && !isRouted,
        addresses,
        gateways: isRouted ? [] : gateways,
        direct: isRouted && !record.internal ? families : [],
      },
    };
  }
}

/** @throws EngineError failed, in Docker's words */
function checkedParent(record: NetworkRecord, driver: string): { readonly parent: string; readonly isDummy: boolean } {
  const parent = parentOf(record);
  if (parent.parent === 'lo') throw failed(`loopback interface is not a valid ${driver} parent link`);
  return parent;
}
