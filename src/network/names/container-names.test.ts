import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { networkFixture, sandboxRequest, traces, waitForTraces } from '../testing/network-fixture.ts';
import { privateHost } from '../testing/private-host.ts';

const outside = privateHost();
after(() => outside[Symbol.dispose]());
const signal = new AbortController().signal;
const ID = 'c'.repeat(64);

test('the name server knows a container from its attach on, follows each change, and forgets it', async () => {
  await using fixture = await networkFixture();
  const { networks, nameServer } = fixture;
  const one = await networks.create({ name: 'one' });
  await networks.create({ name: 'two', internal: true });
  const before = traces();
  const endpoints = { one: { Aliases: ['db'] } };
  const request = sandboxRequest(ID, { mode: 'one', endpoints, hostname: 'host', dns: ['10.1.2.3'] });
  const sandbox = await networks.attach(request, signal);
  const known = () => nameServer.sandboxes.get(sandbox.sandboxId);
  assert.deepEqual(known(), {
    sandboxId: sandbox.sandboxId,
    netnsPath: sandbox.netnsPath,
    endpoints: [
      {
        ...{ networkId: one.id, network: 'one', addresses: [sandbox.endpoints['one']?.IPAddress] },
        names: [`name-${ID}`, 'db', ID.slice(0, 12), 'host'],
      },
    ],
    forward: { enabled: true, servers: ['10.1.2.3'] },
  });

  await networks.connect({ ...request, endpoints: {} }, 'two');
  assert.deepEqual(
    known()?.endpoints.map(({ network }) => network),
    ['one', 'two'],
  );
  const renamed = await networks.rename(ID, 'new');
  assert.deepEqual(renamed?.endpoints['one']?.DNSNames, ['new', 'db', ID.slice(0, 12), 'host']);
  assert.deepEqual(known()?.endpoints[0]?.names, ['new', 'db', ID.slice(0, 12), 'host']);
  await networks.disconnect(request, 'one');
  assert.deepEqual(
    known()?.endpoints.map(({ network }) => network),
    ['two'],
  );
  assert.equal(known()?.forward.enabled, false, 'an internal network leads nowhere');
  await networks.detach(ID);
  assert.equal(nameServer.sandboxes.size, 0);
  assert.equal(await waitForTraces(before), before);
});

test('a container has no names until it joins a network of a user', async () => {
  await using fixture = await networkFixture();
  const { networks, nameServer } = fixture;
  await networks.create({ name: 'one' });
  const request = sandboxRequest(ID);
  assert.equal((await networks.attach(request, signal)).names, undefined);
  assert.equal(nameServer.sandboxes.size, 0);
  assert.deepEqual((await networks.connect(request, 'one')).names, { servers: [] });
  assert.equal(nameServer.sandboxes.size, 1);
  assert.deepEqual((await networks.disconnect(request, 'one')).names, { servers: [] }, 'its resolv.conf names it');
  await networks.detach(ID);
});

test('a new daemon and a new server know the containers that run, and no others', async () => {
  await using fixture = await networkFixture();
  const { networks, nameServer } = fixture;
  await networks.create({ name: 'one' });
  const sandbox = await networks.attach(sandboxRequest(ID, { mode: 'one' }), signal);
  const gone = await networks.attach(sandboxRequest('d'.repeat(64), { mode: 'one' }), signal);
  const next = await fixture.restart();
  await next.restore([{ ...sandbox, containerId: ID, containerName: 'web' }]);
  assert.deepEqual([...nameServer.sandboxes.keys()], [sandbox.sandboxId]);
  assert.ok(!nameServer.sandboxes.has(gone.sandboxId));

  nameServer.replace();
  for (let turn = 0; nameServer.sandboxes.size === 0 && turn < 500; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.deepEqual([...nameServer.sandboxes.keys()], [sandbox.sandboxId], 'with sockets that were opened anew');
  await next.detach(ID);
});

test('a start whose names cannot be served leaves nothing', async () => {
  await using fixture = await networkFixture();
  const { networks, nameServer } = fixture;
  await networks.create({ name: 'one' });
  const before = traces();
  const { put } = nameServer;
  Object.assign(nameServer, { put: () => Promise.reject(new Error('no server')) });
  await assert.rejects(networks.attach(sandboxRequest(ID, { mode: 'one' }), signal), /no server/);
  assert.equal(await waitForTraces(before), before);
  Object.assign(nameServer, { put });
  const { endpoints } = await networks.attach(sandboxRequest(ID, { mode: 'one' }), signal);
  assert.match(endpoints['one']?.IPAddress ?? '', /\.2$/, 'the address was released');
  await networks.detach(ID);
});
