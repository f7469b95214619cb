import { after } from 'node:test';
import { FakeHost } from '../../src/containers/testing/fake-host.ts';
import { networkFixture } from '../../src/network/testing/network-fixture.ts';
import { privateHost } from '../../src/network/testing/private-host.ts';
import { type NetworksFixture, networksSuite } from './networks.suite.ts';

const outside = privateHost();
after(() => outside[Symbol.dispose]());

networksSuite('networks', async (): Promise<NetworksFixture> => networkFixture());

networksSuite('fake networks', async (): Promise<NetworksFixture> => {
  const host = new FakeHost();
  return {
    networks: host.daemon().networks,
    restart: async () => host.daemon().networks,
    async [Symbol.asyncDispose]() {},
  };
});
