import assert from 'node:assert/strict';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type IpamPlugin, ipamStore, startIpamPlugin } from '../../test/support/ipam-plugin.ts';
import { networkPlugin } from '../../test/support/network-plugin.ts';
import type { CreateNetwork, RequestedPool } from './networks.ts';
import { networkFixture, sandboxRequest, traces, waitForTraces } from './testing/network-fixture.ts';
import { privateHost } from './testing/private-host.ts';

/** Pools and addresses of IPAM plugins: see leases/leases.ts. The requests are those that dockerd 28.5 sends. */

const outside = privateHost();
const folder = mkdtempSync(join(tmpdir(), 'ipam-plugins-'));
const socket = join(folder, 'lender.sock');
after(() => {
  outside[Symbol.dispose]();
  rmdirSync(folder);
});
const signal = new AbortController().signal;
const MAC = '02:00:00:00:00:05';
const GATEWAY = '{"RequestAddressType":"com.docker.network.gateway"}';
const FOR_MAC = `{"com.docker.network.endpoint.macaddress":"${MAC}"}`;

function pool(subnet: string, more: Partial<RequestedPool> = {}): RequestedPool {
  return { subnet, ipRange: '', gateway: '', auxAddresses: {}, ...more };
}

function network(name: string, pools: readonly RequestedPool[] = [], more: Partial<CreateNetwork> = {}): CreateNetwork {
  return { name, ipam: { driver: 'lender', pools }, ...more };
}

/** A container's request with a known hardware address. */
function container(id: string, name: string, IPv4Address = '') {
  const IPAMConfig = IPv4Address === '' ? null : { IPv4Address };
  return sandboxRequest(id, { mode: name, endpoints: { [name]: { MacAddress: MAC, IPAMConfig } } });
}

/** The requests since the last call, without those that ask what the plugin is. */
function calls(plugin: IpamPlugin): readonly string[] {
  const all = plugin.calls().filter((call) => !call.startsWith('Get'));
  plugin.server.requests.length = 0;
  return all;
}

test('a plugin lends the pool of a network and the addresses of its containers, and gets all back', async () => {
  const store = ipamStore();
  await using plugin = await startIpamPlugin(socket, store);
  await using fixture = await networkFixture({}, folder);
  const { networks } = fixture;
  // The table of IPv6 stays after the first network that needs it.
  await networks.create({ name: 'first', enableIpv6: true });
  await networks.remove('first');
  const before = traces();
  await networks.create(network('lent'));
  assert.deepEqual(plugin.server.methods(), [
    'Plugin.Activate',
    'IpamDriver.GetCapabilities',
    'IpamDriver.GetDefaultAddressSpaces',
    'IpamDriver.RequestPool',
    'IpamDriver.RequestAddress',
  ]);
  assert.deepEqual(calls(plugin), [
    'RequestPool samplelocal   {} false',
    `RequestAddress pool-10.90.0.0/24  ${GATEWAY}`,
  ]);
  assert.deepEqual(networks.inspect('lent').IPAM, {
    Driver: 'lender',
    Options: null,
    Config: [{ Subnet: '10.90.0.0/24', Gateway: '10.90.0.1' }],
  });

  const web = await networks.attach(container('web', 'lent'), signal);
  const { IPAddress, IPPrefixLen, Gateway, MacAddress } = web.endpoints['lent'] ?? {};
  assert.deepEqual([IPAddress, IPPrefixLen, Gateway, MacAddress], ['10.90.0.2', 24, '10.90.0.1', MAC]);
  assert.deepEqual(calls(plugin), [`RequestAddress pool-10.90.0.0/24  ${FOR_MAC}`]);

  const both = [
    pool('10.91.0.0/24', { ipRange: '10.91.0.64/26', gateway: '10.91.0.9', auxAddresses: { a: '10.91.0.5' } }),
    pool('fd00:91::/64'),
  ];
  await networks.create({
    ...network('both', both, { enableIpv6: true }),
    ipam: { driver: 'lender', options: { k: 'v' }, pools: both },
  });
  assert.deepEqual(calls(plugin), [
    'RequestPool samplelocal 10.91.0.0/24 10.91.0.64/26 {"k":"v"} false',
    `RequestAddress pool-10.91.0.0/24 10.91.0.9 ${GATEWAY}`,
    'RequestAddress pool-10.91.0.0/24 10.91.0.5 null',
    'RequestPool samplelocal fd00:91::/64  {"k":"v"} true',
    `RequestAddress pool-fd00:91::/64  ${GATEWAY}`,
  ]);
  assert.deepEqual(networks.inspect('both').IPAM.Config, [
    {
      Subnet: '10.91.0.0/24',
      IPRange: '10.91.0.64/26',
      Gateway: '10.91.0.9',
      AuxiliaryAddresses: { a: '10.91.0.5' },
    },
    { Subnet: 'fd00:91::/64' },
  ]);
  await networks.connect(container('web', 'both', '10.91.0.70'), 'both');
  assert.deepEqual(calls(plugin), [
    `RequestAddress pool-10.91.0.0/24 10.91.0.70 ${FOR_MAC}`,
    `RequestAddress pool-fd00:91::/64  ${FOR_MAC}`,
  ]);
  await networks.disconnect(sandboxRequest('web'), 'both');
  assert.deepEqual(calls(plugin), [
    'ReleaseAddress pool-10.91.0.0/24 10.91.0.70',
    'ReleaseAddress pool-fd00:91::/64 fd00:91::2',
  ]);
  await networks.detach('web');
  assert.deepEqual(calls(plugin), ['ReleaseAddress pool-10.90.0.0/24 10.90.0.2']);
  await networks.remove('lent');
  assert.deepEqual(calls(plugin), ['ReleaseAddress pool-10.90.0.0/24 10.90.0.1', 'ReleasePool pool-10.90.0.0/24']);
  await networks.remove('both');
  assert.equal(store.pools.size, 0);
  assert.deepEqual(fixture.leases.all(), []);
  assert.equal(await waitForTraces(before), before);
});

test('a plugin that does not need hardware addresses does not get them, and may name the gateway', async () => {
  await using plugin = await startIpamPlugin(socket, ipamStore());
  await using fixture = await networkFixture({}, folder);
  const { networks } = fixture;
  plugin.answers.set('GetCapabilities', {});
  const data = { 'com.docker.network.gateway': '10.90.0.7/24' };
  plugin.answers.set('RequestPool', { PoolID: 'x', Pool: '10.90.0.0/24', Data: data });
  await networks.create(network('lent'));
  assert.equal(networks.inspect('lent').IPAM.Config?.[0]?.Gateway, '10.90.0.7');
  plugin.answers.set('RequestAddress', { Address: '10.90.0.8/24' });
  const web = await networks.attach(container('web', 'lent'), signal);
  assert.equal(web.endpoints['lent']?.IPAddress, '10.90.0.8');
  plugin.answers.set('ReleaseAddress', {}).set('ReleasePool', {});
  await networks.detach('web');
  await networks.remove('lent');
  assert.deepEqual(calls(plugin), [
    'RequestPool samplelocal   {} false',
    'RequestAddress x  null',
    'ReleaseAddress x 10.90.0.8',
    'ReleaseAddress x 10.90.0.7',
    'ReleasePool x',
  ]);
});

test('what a plugin refuses or answers wrongly is an error, and nothing stays lent', async () => {
  const store = ipamStore();
  await using plugin = await startIpamPlugin(socket, store);
  await using fixture = await networkFixture({}, folder);
  const { networks, leases } = fixture;
  const refused: readonly (readonly [verb: string, answer: object, error: RegExp])[] = [
    ['RequestPool', { Error: 'no\tpools' }, /^remote: no pools$/],
    ['RequestPool', { PoolID: 'x', Pool: 'bad' }, /not an IPv4 subnet: "bad"/],
    ['RequestPool', { PoolID: 'x', Pool: 'fd00::/64' }, /not an IPv4 subnet/],
    ['RequestPool', { PoolID: 7 }, /malformed/],
    ['RequestAddress', { Error: 'none left' }, /^failed to allocate gateway \(\): remote: none left$/],
    ['RequestAddress', { Address: '10.9.0.1' }, /^failed to allocate gateway \(\): invalid CIDR address: 10\.9\.0\.1$/],
    ['GetDefaultAddressSpaces', { Error: 'closed' }, /^failed to get default address space: remote: closed$/],
  ];
  for (const [verb, answer, message] of refused) {
    plugin.answers.set(verb, answer);
    await assert.rejects(networks.create(network('lent')), { kind: 'failed', message }, JSON.stringify(answer));
    plugin.answers.clear();
    assert.deepEqual([store.pools.size, leases.all()], [0, []], JSON.stringify(answer));
  }
  await networks.create({ name: 'other', ipam: { pools: [pool('10.90.0.0/25')] } });
  await assert.rejects(networks.create(network('lent')), {
    kind: 'forbidden',
    message: /conflicts with network .*: networks have overlapping IPv4$/,
  });
  assert.equal(store.pools.size, 0, 'the bridge driver refuses what the plugin lends');
  await networks.remove('other');

  await networks.create(network('lent', [pool('10.90.0.0/24')]));
  const lent = leases.all().length;
  for (const [answer, message] of [
    [{ Error: 'none left' }, /remote: none left/],
    [{ Address: 'x' }, /invalid CIDR address: x/],
    [{ Address: 'fd00::1/64' }, /lends fd00::1 for IPv4/],
  ] as const) {
    plugin.answers.set('RequestAddress', answer).set('ReleaseAddress', {});
    await assert.rejects(networks.attach(container('web', 'lent'), signal), { message });
    assert.equal(leases.all().length, lent);
    plugin.answers.clear();
  }
  const taken = sandboxRequest('web', { ...container('web', 'lent'), portBindings: { '80/nosuch': [{}] } });
  await assert.rejects(networks.attach(taken, signal));
  assert.deepEqual(
    [...(store.pools.get('pool-10.90.0.0/24') ?? [])],
    ['10.90.0.1'],
    'a failed start returns its address',
  );
  await networks.remove('lent');
  assert.deepEqual([store.pools.size, leases.all()], [0, []]);
  await assert.rejects(networks.create({ name: 'x', ipam: { driver: 'nosuch', pools: [] } }), {
    kind: 'notFound',
    message: 'plugin "nosuch" not found',
  });
});

test('a start returns what a crash has left, and keeps what containers have', async () => {
  const store = ipamStore();
  await using plugin = await startIpamPlugin(socket, store);
  await using fixture = await networkFixture({}, folder);
  await fixture.networks.create(network('lent'));
  const { id } = await fixture.networks.create(network('crashed', [pool('10.91.0.0/24')]));
  const web = await fixture.networks.attach(container('web', 'lent'), signal);
  await fixture.networks.attach(container('lost', 'lent'), signal);
  // As if the daemon had died after the plugin's answers, before it stored the network and the sandbox.
  fixture.records.delete(id);
  calls(plugin);
  const networks = await fixture.restart();
  await networks.restore([{ ...web, containerId: 'web' }], []);
  await until(() => !store.pools.has('pool-10.91.0.0/24') && store.pools.get('pool-10.90.0.0/24')?.size === 2);
  assert.deepEqual([...(store.pools.get('pool-10.90.0.0/24') ?? [])], ['10.90.0.1', '10.90.0.2']);
  assert.deepEqual(calls(plugin).toSorted(), [
    'ReleaseAddress pool-10.90.0.0/24 10.90.0.3',
    'ReleaseAddress pool-10.91.0.0/24 10.91.0.1',
    'ReleasePool pool-10.91.0.0/24',
  ]);
  await networks.detach('web');
  await networks.remove('lent');
  assert.equal(store.pools.size, 0);
});

test('a container that starts while plugins are told what a crash has left keeps its endpoint and its address', async () => {
  const store = ipamStore();
  await using _lender = await startIpamPlugin(socket, store);
  await using plugin = await networkPlugin(folder, 'sample');
  await using fixture = await networkFixture({}, folder);
  await fixture.networks.create(network('lent', [], { driver: 'sample' }));
  const lost = await fixture.networks.attach(container('web', 'lent'), signal);
  const networks = await fixture.restart();
  const { promise: isStarted, resolve: start } = Promise.withResolvers<void>();
  plugin.server.waitsFor = (method) => (method.endsWith('Leave') ? isStarted : undefined);
  await networks.restore([], [{ ...lost, containerId: 'web' }]);
  const web = await networks.attach(container('web', 'lent'), signal);
  start();
  await until(() => fixture.remoteEndpoints.all().length === 1 && fixture.leases.all().length === 3);
  // A second removal would come after the first one.
  await new Promise((resolve) => setTimeout(resolve, 200));
  const { EndpointID, IPAddress } = web.endpoints['lent'] ?? {};
  const deleted = plugin.server.requests.filter(({ method }) => method.endsWith('DeleteEndpoint'));
  assert.deepEqual(
    deleted.map(({ body }) => body['EndpointID']),
    [lost.endpoints['lent']?.EndpointID],
  );
  assert.deepEqual(
    fixture.remoteEndpoints.all().map(({ endpointId }) => endpointId),
    [EndpointID],
  );
  assert.ok(store.pools.get('pool-10.90.0.0/24')?.has(IPAddress ?? ''), 'the plugin has lent the address');
  await networks.detach('web');
  await networks.remove('lent');
  assert.equal(store.pools.size, 0);
});

test('a plugin that is down gets its loans back when it is there again', async () => {
  const store = ipamStore();
  await using fixture = await networkFixture({}, folder);
  const { networks } = fixture;
  {
    await using _plugin = await startIpamPlugin(socket, store);
    await networks.create(network('lent'));
    await networks.attach(container('web', 'lent'), signal);
  }
  await networks.detach('web');
  assert.equal(store.pools.get('pool-10.90.0.0/24')?.size, 2, 'a stop does not wait for the plugin');
  assert.deepEqual(fixture.logged, ['an IPAM plugin did not take a loan back']);
  await using plugin = await startIpamPlugin(socket, store);
  const started = await Promise.all(
    ['web', 'two', 'three'].map((id) => networks.attach(container(id, 'lent'), signal)),
  );
  const addresses = started.map(({ endpoints }) => endpoints['lent']?.IPAddress);
  assert.equal(new Set(addresses).size, 3);
  const returned = calls(plugin).filter((call) => call.startsWith('Release'));
  assert.deepEqual(returned, ['ReleaseAddress pool-10.90.0.0/24 10.90.0.2'], 'once, however many ask');
  assert.equal(store.pools.get('pool-10.90.0.0/24')?.size, 4);
  for (const id of ['web', 'two', 'three']) await networks.detach(id);
  await networks.remove('lent');
  assert.equal(store.pools.size, 0);
});

async function until(isDone: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 250 && !isDone(); attempt++) await new Promise((resolve) => setTimeout(resolve, 20));
}
