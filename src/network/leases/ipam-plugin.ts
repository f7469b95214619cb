import type { ZodMiniType } from 'zod/mini';
import { EngineError, failed } from '../../base/errors.ts';
import type { Plugin, PluginHost } from '../../plugins/index.ts';
import { formatAddress, parseAddress } from '../ipam/address.ts';
import { parseCidr } from '../ipam/subnet.ts';
import * as messages from './ipam-messages.ts';

const KIND = 'IpamDriver';
const GATEWAY = 'com.docker.network.gateway';

export interface PoolWish {
  readonly isGlobal: boolean;
  /** '' for any. */
  readonly subnet: string;
  /** The part to allocate from. '' for all. */
  readonly range: string;
  readonly options: Readonly<Record<string, string>>;
  readonly isIpv6: boolean;
}

export interface LentPool {
  readonly poolId: string;
  readonly subnet: string;
  /** An address that the plugin names with the pool. '' for none. */
  readonly gateway: string;
}

/** An address with the length of its subnet. */
export interface LentAddress {
  readonly address: string;
  readonly prefixLength: number;
}

/** A plugin that lends pools and addresses, by libnetwork's remote IPAM protocol. */
export class IpamPlugin {
  readonly #plugins: PluginHost;
  readonly #name: string;

  constructor(plugins: PluginHost, name: string) {
    this.#plugins = plugins;
    this.#name = name;
  }

  /** Whether it wants to know the hardware address of an endpoint. @throws EngineError as `PluginHost.get`, failed */
  async needsHardwareAddress(): Promise<boolean> {
    const { RequiresMACAddress } = await this.#call('GetCapabilities', {}, messages.capabilities);
    return RequiresMACAddress;
  }

  /** @throws EngineError as `PluginHost.get`, failed with the plugin's words or for a pool that is none */
  async requestPool({ isGlobal, subnet, range, options, isIpv6 }: PoolWish): Promise<LentPool> {
    const request = { AddressSpace: await this.#space(isGlobal), Pool: subnet, SubPool: range, Options: options };
    const lent = await this.#call('RequestPool', { ...request, V6: isIpv6 }, messages.pool);
    return { poolId: lent.PoolID, subnet: lent.Pool, gateway: lent.Data?.[GATEWAY] ?? '' };
  }

  /** `wanted` is '' for any. @throws EngineError as {@link requestPool} */
  async requestAddress(
    poolId: string,
    wanted: string,
    options: Readonly<Record<string, string>> | null,
  ): Promise<LentAddress> {
    const request = { PoolID: poolId, Address: wanted, Options: options };
    const { Address } = await this.#call('RequestAddress', request, messages.address);
    return lentAddress(Address);
  }

  /** Takes a pool back, or an address of it. Tries once. @throws EngineError as `Plugin.callOnce` */
  async release(poolId: string, address: string): Promise<void> {
    const plugin = await this.#plugins.getOnce(this.#name, KIND);
    const method = address === '' ? 'ReleasePool' : 'ReleaseAddress';
    const request = address === '' ? { PoolID: poolId } : { PoolID: poolId, Address: address };
    checked(await plugin.callOnce(`${KIND}.${method}`, request, messages.nothing));
  }

  async #space(isGlobal: boolean): Promise<string> {
    try {
      const spaces = await this.#call('GetDefaultAddressSpaces', {}, messages.addressSpaces);
      return isGlobal ? spaces.GlobalDefaultAddressSpace : spaces.LocalDefaultAddressSpace;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      throw new EngineError(error.kind, `failed to get default address space: ${error.message}`, { cause: error });
    }
  }

  async #call<T extends { readonly Error: string }>(method: string, body: object, schema: ZodMiniType<T>): Promise<T> {
    const plugin: Plugin = await this.#plugins.get(this.#name, KIND);
    return checked(await plugin.call(`${KIND}.${method}`, body, schema));
  }
}

/** What an address of the network itself is for, as the plugin reads it. */
export const GATEWAY_REQUEST = { RequestAddressType: GATEWAY } as const;

/** @throws EngineError failed in Docker's words */
export function lentAddress(text: string): LentAddress {
  try {
    const { address, subnet } = parseCidr(text);
    return { address: formatAddress(parseAddress(address)), prefixLength: subnet.prefixLength };
  } catch (error) {
    throw failed(`invalid CIDR address: ${text}`, error);
  }
}

/** @throws EngineError failed with the plugin's words */
function checked<T extends { readonly Error: string }>(answer: T): T {
  if (answer.Error === '') return answer;
  throw failed(`remote: ${answer.Error.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim()}`);
}
