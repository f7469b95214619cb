import assert from 'node:assert/strict';
import { parentLink } from '../../support/parent-link.ts';
import type { Row } from '../row.ts';

/** A macvlan network above an interface of the host, which the container joined while it ran. */
export const macvlan: Row = {
  name: 'macvlan',
  command: ['sleep', '1000'],
  async before({ get, id, name, post, shell }) {
    const parent = await parentLink();
    const network = `mac-${name}`;
    const Config = [{ Subnet: parent.subnet, Gateway: parent.address }];
    await post('/networks/create', {
      ...{ Name: network, Driver: 'macvlan', Options: { parent: parent.name }, IPAM: { Config } },
    });
    await post(`/networks/${network}/connect`, { Container: id });
    const show = async () => ({
      links: await shell('ip -o addr; ip route'),
      network: await get<object>(`/networks/${network}`),
    });
    const reach = () => shell(`ping -c 1 -W 5 ${parent.address} >/dev/null && echo reached`);
    const before = await show();
    assert.equal(await reach(), 'reached');
    return async ({ containersLive }) => {
      await using _parent = parent;
      const now = await show();
      if (containersLive) assert.deepEqual(now, before);
      assert.equal(now.links.split('\n').length, before.links.split('\n').length);
      assert.equal(await reach(), 'reached');
      await post(`/networks/${network}/disconnect`, { Container: id });
      assert.doesNotMatch(await shell('ip -o link'), /eth1/);
      await post('/networks/prune');
    };
  },
};
