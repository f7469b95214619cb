import { after, test } from 'node:test';
import { FakeHost } from '../../src/containers/testing/fake-host.ts';
import { networkFixture } from '../../src/network/testing/network-fixture.ts';
import { privateHost } from '../../src/network/testing/private-host.ts';
import { CalledMethods } from './called-methods.ts';
import { type NetworksFixture, networksSuite } from './networks.suite.ts';

const outside = privateHost();
after(() => outside[Symbol.dispose]());

networksSuite('networks', async (): Promise<NetworksFixture> => {
  const fixture = await networkFixture();
  return {
    networks: fixture.networks,
    addNetwork: async (name) => void (await fixture.networks.create({ name })),
    restart: () => fixture.restart(),
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
});

const called = new CalledMethods();
networksSuite('fake networks', async (): Promise<NetworksFixture> => {
  const host = new FakeHost();
  return {
    networks: called.watch(host.daemon().networks),
    addNetwork: async (name) => void host.userNetworks.push(name),
    restart: async () => called.watch(host.daemon().networks),
    async [Symbol.asyncDispose]() {},
  };
});
test('fake networks: its suite uses each of its members', () => called.assertAll());
