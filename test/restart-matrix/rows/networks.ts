import assert from 'node:assert/strict';
import type { Row } from '../row.ts';

interface Network {
  readonly IPAM: object;
  readonly Containers: Readonly<Record<string, { readonly Name: string; readonly IPv4Address: string }>>;
}

/** A network of a user, which the container joined while it ran: its interface, addresses and routes. */
export const networks: Row = {
  name: 'networks',
  command: ['sleep', '1000'],
  async before({ get, id, name, post, shell }) {
    const network = `net-${name}`;
    await post('/networks/create', { Name: network });
    await post(`/networks/${network}/connect`, { Container: id });
    const show = async () => ({
      links: await shell('ip -o -4 addr; ip route'),
      network: await get<Network>(`/networks/${network}`),
    });
    const before = await show();
    assert.equal(before.network.Containers[id]?.Name, name);
    return async ({ containersLive }) => {
      const now = await show();
      assert.deepEqual(now.network.IPAM, before.network.IPAM);
      if (containersLive) assert.deepEqual(now, before);
      assert.equal(now.links.split('\n').length, before.links.split('\n').length);
      await post(`/networks/${network}/disconnect`, { Container: id });
      assert.doesNotMatch(await shell('ip -o link'), /eth1/);
      assert.match(await shell('ip route'), /^default via .* dev eth0/);
      await post('/networks/prune');
    };
  },
};
