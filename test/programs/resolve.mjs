// resolve HOW KIND NAME: asks Node, and prints one line (see README.md). HOW: `lookup` is the C library's getaddrinfo from a
// thread, `resolve` is Node's own resolver, which knows neither /etc/hosts nor the search list.
// Kinds: any (both families at once), v4, v6, ptr (NAME is an address), aaaa, srv.
import { promises as dns } from 'node:dns';
import { isIP } from 'node:net';

const NONE = { lookup: ['ENOTFOUND'], resolve: ['ENOTFOUND', 'ENODATA'] };
const [how, kind, name] = process.argv.slice(2);

const viaLookup = async (family) => (await dns.lookup(name, { all: true, family })).map(({ address }) => address);
const ways = {
  lookup: {
    any: () => viaLookup(0),
    v4: () => viaLookup(4),
    v6: () => viaLookup(6),
    ptr: async () => (isIP(name) === 0 ? [] : [(await dns.lookupService(name, 80)).hostname]),
  },
  resolve: {
    any: async () => {
      const both = await Promise.allSettled([dns.resolve4(name), dns.resolve6(name)]);
      const found = both.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
      if (found.length === 0) throw both[0].reason;
      return found;
    },
    v4: () => dns.resolve4(name),
    v6: () => dns.resolve6(name),
    aaaa: () => dns.resolve6(name),
    ptr: () => dns.reverse(name),
    srv: async () => (await dns.resolveSrv(name)).map((service) => `${service.name}:${service.port}`),
  },
};

try {
  console.log((await ways[how][kind]()).sort().join(' '));
} catch ({ code, message }) {
  const isOneQuery = kind === 'aaaa' || kind === 'srv';
  if (isOneQuery && code === 'ENODATA') console.log('no-data');
  else if (isOneQuery && code === 'ENOTFOUND') console.log('not-found');
  else if (NONE[how].includes(code)) console.log('none');
  else if (code === 'EAI_AGAIN' || code === 'ESERVFAIL') console.log('again');
  else console.log(message);
}
