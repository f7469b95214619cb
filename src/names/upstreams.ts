import { type Forwarding, NAME_SERVER_ADDRESS } from '../spec/index.ts';
import { isAddress } from './addresses.ts';

const SERVERS_MAX = 3;
const LATE_MILLISECONDS = 10_000;

/** A name server that knows other names. */
export interface Upstream {
  readonly address: string;
  /** The host's own servers are asked as the host asks them, since a container may not reach them. */
  readonly isAskedFromHost: boolean;
}

/** The servers that a sandbox may ask. Addresses that cannot be asked, and this server itself, are left out. */
export function upstreams(
  { enabled, servers }: Forwarding,
  resolver: { servers(): readonly string[] },
): readonly Upstream[] {
  if (!enabled) return [];
  const found =
    servers.length > 0
      ? servers
          .filter((address) => isAddress(address) && address !== NAME_SERVER_ADDRESS)
          .map((address) => ({ address, isAskedFromHost: false }))
      : resolver.servers().map((address) => ({ address, isAskedFromHost: true }));
  return found.slice(0, SERVERS_MAX);
}

/** The servers that have not answered in time. For a while they are asked last, so that others cost no waiting. */
export class LateServers {
  readonly #until = new Map<string, number>();
  readonly #now: () => number;

  /** `now` counts milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  add({ address }: Upstream): void {
    this.#until.set(address, this.#now() + LATE_MILLISECONDS);
  }

  /** It has answered. */
  remove({ address }: Upstream): void {
    this.#until.delete(address);
  }

  /** Returns the servers with the late ones last, otherwise in their order. */
  last(servers: readonly Upstream[]): readonly Upstream[] {
    if (this.#until.size === 0) return servers;
    const now = this.#now();
    for (const [address, until] of this.#until) if (until <= now) this.#until.delete(address);
    const isLate = ({ address }: Upstream): boolean => this.#until.has(address);
    return [...servers.filter((server) => !isLate(server)), ...servers.filter(isLate)];
  }
}
