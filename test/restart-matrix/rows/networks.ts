import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import type { Row } from '../row.ts';

interface Network {
  readonly IPAM: object;
  readonly Containers: Readonly<
    Record<string, { readonly Name: string; readonly IPv4Address: string; readonly IPv6Address: string }>
  >;
}

const hasIpv6 = existsSync('/proc/net/if_inet6');

/** A network of a user, of both families, which the container joined while it ran: its interface, addresses and routes. */
export const networks: Row = {
  name: 'networks',
  command: ['sleep', '1000'],
  async before({ get, id, name, post, shell }) {
    const network = `net-${name}`;
    await post('/networks/create', { Name: network, EnableIPv6: hasIpv6 });
    await post(`/networks/${network}/connect`, { Container: id });
    const show = async () => ({
      links: await shell('ip -o addr; ip route; ip -6 route'),
      network: await get<Network>(`/networks/${network}`),
    });
    const before = await show();
    const { Name, IPv6Address } = before.network.Containers[id] ?? assert.fail(network);
    assert.deepEqual([Name, IPv6Address !== ''], [name, hasIpv6]);
    return async ({ containersLive }) => {
      const now = await show();
      assert.deepEqual(now.network.IPAM, before.network.IPAM);
      if (containersLive) assert.deepEqual(now, before);
      assert.equal(now.links.split('\n').length, before.links.split('\n').length);
      await post(`/networks/${network}/disconnect`, { Container: id });
      assert.doesNotMatch(await shell('ip -o link'), /eth1/);
      assert.match(await shell('ip route'), /^default via .* dev eth0/);
      assert.doesNotMatch(await shell('ip -6 route'), /^default/m);
      await post('/networks/prune');
    };
  },
};
