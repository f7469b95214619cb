import assert from 'node:assert/strict';
import { networkPlugin, removePluginLinks } from '../../support/network-plugin.ts';
import type { Row } from '../row.ts';

/** Also the name of the row's folder, in which the engine looks for its socket. */
const PLUGIN = 'plugin-network';
/** The engines of all ways run beside each other, and the plugin gives the host an address of the network. */
let networks = 0;

/** A network of a plugin, which the container joined while it ran. The plugin goes on beside the engine. */
export const pluginNetwork: Row = {
  name: PLUGIN,
  command: ['sleep', '1000'],
  async before({ get, folder, id, name, post, shell }) {
    const plugin = await networkPlugin(folder, PLUGIN);
    const network = `plug-${name}`;
    const base = `10.84.${networks++}`;
    const Config = [{ Subnet: `${base}.0/24`, Gateway: `${base}.1` }];
    await post('/networks/create', { ...{ Name: network, Driver: PLUGIN, IPAM: { Config } } });
    await post(`/networks/${network}/connect`, { Container: id });
    const show = async () => ({
      links: await shell('ip -o addr; ip route'),
      network: await get<object>(`/networks/${network}`),
    });
    const reach = () => shell(`ping -c 1 -W 5 ${base}.1 >/dev/null && echo reached`);
    const before = await show();
    assert.equal(await reach(), 'reached');
    return async ({ containersLive }) => {
      const now = await show();
      if (containersLive) assert.deepEqual(now, before);
      assert.equal(now.links.split('\n').length, before.links.split('\n').length);
      assert.equal(await reach(), 'reached');
      await post(`/networks/${network}/disconnect`, { Container: id });
      assert.doesNotMatch(await shell('ip -o link'), /plug1/);
      await post('/networks/prune');
      const methods = plugin.server.methods();
      const count = (verb: string): number => methods.filter((method) => method.endsWith(verb)).length;
      assert.equal(count('CreateEndpoint'), count('DeleteEndpoint'), 'the plugin has every endpoint back');
      assert.equal(count('DeleteNetwork'), 1);
      await plugin[Symbol.asyncDispose]();
      removePluginLinks();
    };
  },
};
