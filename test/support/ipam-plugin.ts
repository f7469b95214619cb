import { PluginServer } from './plugin-server.ts';

/** The state of an IPAM plugin of the tests. It outlives the plugin's program. */
export interface IpamStore {
  /** Addresses in use, with prefix length, by the pool's id. */
  readonly pools: Map<string, Set<string>>;
}

/** A program of an IPAM plugin, by libnetwork's remote IPAM protocol. Its pools have the prefix length 24 or 64. */
export interface IpamPlugin extends AsyncDisposable {
  readonly server: PluginServer;
  /** Answers that replace the plugin's own, by method without its `IpamDriver.`. */
  readonly answers: Map<string, object>;
  /** The requests in short, such as `RequestAddress pool-10.90.0.0/24 10.90.0.1 {"RequestAddressType":"com.docker.network.gateway"}`. */
  calls(): readonly string[];
}

type Body = Readonly<Record<string, unknown>>;

export function ipamStore(): IpamStore {
  return { pools: new Map() };
}

/** Starts the program on a socket. Its end removes the socket. */
export async function startIpamPlugin(
  socket: string,
  store: IpamStore,
  implemented: readonly string[] = ['IpamDriver'],
): Promise<IpamPlugin> {
  const answers = new Map<string, object>();
  const server = await PluginServer.listen(socket, {
    implements: implemented,
    handle({ method, body }) {
      const verb = method.replace('IpamDriver.', '');
      return answers.get(verb) ?? VERBS[verb]?.(store, body);
    },
  });
  return {
    server,
    answers,
    calls: () => server.requests.filter(({ method }) => method.startsWith('IpamDriver.')).map(inShort),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function inShort({ method, body }: { readonly method: string; readonly body: Body }): string {
  const values = Object.values(body).map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  return [method.replace('IpamDriver.', ''), ...values].join(' ').trimEnd();
}

const VERBS: Readonly<Record<string, (store: IpamStore, body: Body) => object>> = {
  GetCapabilities: () => ({ RequiresMACAddress: true }),
  GetDefaultAddressSpaces: () => ({
    LocalDefaultAddressSpace: 'samplelocal',
    GlobalDefaultAddressSpace: 'sampleglobal',
  }),
  RequestPool({ pools }, { Pool, V6 }) {
    const pool = String(Pool) || (V6 === true ? 'fd00:90::/64' : '10.90.0.0/24');
    const id = `pool-${pool}`;
    if (pools.has(id)) return { Error: `the pool ${pool} is in use` };
    pools.set(id, new Set());
    return { PoolID: id, Pool: pool, Data: {} };
  },
  ReleasePool({ pools }, { PoolID }) {
    return pools.delete(String(PoolID)) ? {} : { Error: `no pool ${PoolID}` };
  },
  RequestAddress({ pools }, { PoolID, Address }) {
    const used = pools.get(String(PoolID));
    if (used === undefined) return { Error: `no pool ${PoolID}` };
    const [, base = '', length = ''] = /^pool-(.*?)\d+\/(\d+)$/.exec(String(PoolID).replace('::/', '::0/')) ?? [];
    const free = Array.from({ length: 254 }, (_, at) => `${base}${at + 1}`).find((each) => !used.has(each));
    const address = String(Address) || free;
    if (address === undefined || used.has(address)) return { Error: `the address ${address} is in use` };
    used.add(address);
    return { Address: `${address}/${length}`, Data: {} };
  },
  ReleaseAddress({ pools }, { PoolID, Address }) {
    return pools.get(String(PoolID))?.delete(String(Address)) === true ? {} : { Error: `no address ${Address}` };
  },
};
