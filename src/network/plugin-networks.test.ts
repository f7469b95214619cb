import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { networkPlugin, removePluginLinks } from '../../test/support/network-plugin.ts';
import type { CreateNetwork, Sandbox } from './networks.ts';
import { networkFixture, sandboxRequest, traces, waitForTraces } from './testing/network-fixture.ts';
import { privateHost } from './testing/private-host.ts';
import { askFrom, serveIn } from './testing/sandbox-traffic.ts';

/** Networks of plugins: see drivers/remote-driver.ts. */

const outside = privateHost();
const folder = mkdtempSync(join(tmpdir(), 'network-plugins-'));
after(() => {
  outside[Symbol.dispose]();
  rmdirSync(folder);
});
const signal = new AbortController().signal;
const inside = (netnsPath: string, command: string): string =>
  execFileSync('nsenter', [`--net=${netnsPath}`, ...command.split(' ')], { encoding: 'utf8' });
const request: CreateNetwork = {
  name: 'other',
  driver: 'sample',
  options: { colour: 'blue' },
  ipam: { pools: [{ subnet: '10.81.0.0/24', ipRange: '', gateway: '', auxAddresses: {} }] },
};

test('a plugin makes a network and its interfaces, and gets everything back', async () => {
  await using plugin = await networkPlugin(folder, 'sample');
  await using fixture = await networkFixture({}, folder);
  const { networks } = fixture;
  const before = traces();
  const { id } = await networks.create(request);
  const { body } = plugin.server.requests.find(({ method }) => method.endsWith('CreateNetwork')) ?? {};
  assert.deepEqual(body, {
    NetworkID: id,
    Options: {
      'com.docker.network.enable_ipv4': true,
      'com.docker.network.enable_ipv6': false,
      'com.docker.network.generic': { colour: 'blue' },
    },
    IPv4Data: [{ AddressSpace: 'LocalDefault', Pool: '10.81.0.0/24', Gateway: '10.81.0.1/24', AuxAddresses: {} }],
    IPv6Data: [],
  });
  assert.equal(networks.inspect('other').Driver, 'sample');

  const web = await networks.attach(sandboxRequest('web', { mode: 'other' }), signal);
  const client = await networks.attach(sandboxRequest('client'), signal);
  assert.equal(web.endpoints['other']?.IPAddress, '10.81.0.2');
  assert.equal(web.endpoints['other']?.Gateway, '10.81.0.1');
  const mac = web.endpoints['other']?.MacAddress ?? '';
  assert.match(inside(web.netnsPath, 'ip -o link show plug0'), new RegExp(`UP.*${mac}`));
  const routes = inside(web.netnsPath, 'ip route show');
  for (const route of [
    'default via 10.81.0.1 dev plug0',
    '198.51.100.0/24 dev plug0',
    '203.0.113.0/24 via 10.81.0.9',
  ]) {
    assert.ok(routes.includes(route), `${route} in ${routes}`);
  }
  await using server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
  await assert.rejects(networks.remove('other'), { kind: 'forbidden', message: /has active endpoints/ });
  const joined = await networks.connect(sandboxRequest('client', { endpoints: { other: {} } }), 'other');
  assert.match(await askFrom(client.netnsPath, '10.81.0.2', 80), /^web 10\.81\.0\.3 hello$/);
  assert.equal(joined.interfaces?.['other'], 'plug1');
  plugin.answers.set('Leave', { Err: 'not connected' });
  await networks.disconnect(sandboxRequest('client'), 'other');
  assert.deepEqual(fixture.logged, ['a network plugin did not take an endpoint back']);
  plugin.answers.clear();
  assert.deepEqual(Object.keys(networks.inspect('other').Containers), ['web']);
  assert.doesNotMatch(inside(client.netnsPath, 'ip -o link show'), /plug1/);
  await server[Symbol.asyncDispose]();
  await networks.detach('web');
  await networks.detach('client');
  assert.equal(
    networks.inspect('other').Status?.IPAM?.Subnets?.['10.81.0.0/24']?.IPsInUse,
    3,
    "only the network's own",
  );
  await networks.remove('other');
  assert.equal(await waitForTraces(before), before);
});

test('a refusal of the plugin is the error of the client, and leaves nothing', async () => {
  await using plugin = await networkPlugin(folder, 'sample');
  await using fixture = await networkFixture({}, folder);
  const { networks } = fixture;
  const before = traces();
  plugin.answers.set('CreateNetwork', { Err: 'no more networks' });
  await assert.rejects(networks.create(request), { message: /no more networks/ });
  assert.throws(() => networks.inspect('other'), { kind: 'notFound' });
  plugin.answers.clear();
  await networks.create(request);
  const made = traces();

  const answers: readonly (readonly [verb: string, answer: object, error: RegExp])[] = [
    ['CreateEndpoint', { Err: 'no more endpoints' }, /no more endpoints/],
    ['CreateEndpoint', { Interface: { Address: '10.9.9.9/8' } }, /driver modified interface address/],
    ['CreateEndpoint', { Interface: { MacAddress: '02:00:00:00:00:99' } }, /driver modified interface MAC address/],
    ['CreateEndpoint', { Interface: 7 }, /./],
    ['Join', { Err: 'no joining' }, /no joining/],
    ['Join', { InterfaceName: { SrcName: 'nothing', DstPrefix: 'eth' } }, /could not find an interface "nothing"/],
    ['Join', { InterfaceName: { SrcName: 'lo', DstPrefix: 'a b' } }, /names an interface "a b"/],
    ['Join', { InterfaceName: { SrcName: 'lo', DstPrefix: 'eth' }, Gateway: 'x' }, /./],
    [
      'Join',
      { InterfaceName: { SrcName: 'lo' }, StaticRoutes: [{ Destination: '1.2.3.4/99', RouteType: 1 }] },
      /plugin answers with/,
    ],
  ];
  for (const [verb, answer, message] of answers) {
    plugin.answers.set(verb, answer);
    const endpoints = { other: { MacAddress: '02:00:00:00:00:01' } };
    const attached = networks.attach(sandboxRequest('web', { mode: 'other', endpoints }), signal);
    await assert.rejects(attached, { message }, JSON.stringify(answer));
    plugin.answers.clear();
    assert.equal(await waitForTraces(made), made, JSON.stringify(answer));
  }
  plugin.answers.set('DeleteNetwork', { Err: 'not now' });
  await networks.remove('other');
  assert.throws(() => networks.inspect('other'), { kind: 'notFound' });
  assert.deepEqual(fixture.logged.at(-1), 'a network plugin did not remove a network');
  plugin.answers.clear();
  removePluginLinks();
  await assert.rejects(networks.create({ ...request, driver: 'missing' }), {
    kind: 'notFound',
    message: /plugin "missing" not found/,
  });
  assert.equal(await waitForTraces(before), before);
});

test("containers of a plugin's network live on without plugin and daemon", async () => {
  const first = await networkPlugin(folder, 'sample');
  await using fixture = await networkFixture({}, folder);
  const before = traces();
  await fixture.networks.create(request);
  const web = await fixture.networks.attach(sandboxRequest('web', { mode: 'other' }), signal);
  const peer = await fixture.networks.attach(sandboxRequest('peer', { mode: 'other' }), signal);
  await using server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
  await first[Symbol.asyncDispose]();
  const networks = await fixture.restart();
  await networks.restore([
    { ...web, containerId: 'web' },
    { ...peer, containerId: 'peer' },
  ]);
  assert.match(await askFrom(peer.netnsPath, '10.81.0.2', 80), /^web /);
  assert.equal(networks.inspect('other').Containers['web']?.IPv4Address, '10.81.0.2/24');

  await using _second = await networkPlugin(folder, 'sample');
  const third = await networks.attach(sandboxRequest('third', { mode: 'other' }), signal);
  assert.equal(third.endpoints['other']?.IPAddress, '10.81.0.4', 'addresses in use are known');
  await server[Symbol.asyncDispose]();
  for (const id of ['web', 'peer', 'third']) await networks.detach(id);
  await networks.remove('other');
  assert.equal(await waitForTraces(before), before);
});

test('a start removes the endpoint of a plugin whose sandbox was never stored', async () => {
  await using plugin = await networkPlugin(folder, 'sample');
  await using fixture = await networkFixture({}, folder);
  const before = traces();
  await fixture.networks.create(request);
  const made = traces();
  const web = await fixture.networks.attach(sandboxRequest('web', { mode: 'other' }), signal);
  await fixture.networks.attach(sandboxRequest('killed', { mode: 'other' }), signal);
  const networks = await fixture.restart();
  await networks.restore([{ ...web, containerId: 'web' }]);
  // The start itself does not wait for plugins.
  await until(() => fixture.remoteEndpoints.all().length === 1);
  assert.equal(fixture.remoteEndpoints.all().length, 1, 'that of the running container');
  await networks.detach('web');
  assert.deepEqual(fixture.remoteEndpoints.all(), []);
  const deleted = plugin.server.methods().filter((method) => method.endsWith('DeleteEndpoint'));
  assert.equal(deleted.length, 2);
  assert.equal(await waitForTraces(made), made);
  // A request whose answer got lost: the plugin may have made the endpoint.
  plugin.server.fault = 'cut';
  await assert.rejects(networks.attach(sandboxRequest('cut', { mode: 'other' }), signal));
  assert.equal(fixture.remoteEndpoints.all().length, 1);
  plugin.server.fault = 'none';
  await (await fixture.restart()).restore([]);
  await until(() => fixture.remoteEndpoints.all().length === 0);
  assert.deepEqual(fixture.remoteEndpoints.all(), []);
  await fixture.networks.remove('other');
  assert.equal(await waitForTraces(before), before);
});

test("a plugin's interface returns to the host, whatever the container has named it", async () => {
  await using plugin = await networkPlugin(folder, 'sample');
  await using fixture = await networkFixture({}, folder);
  const { networks } = fixture;
  const before = traces();
  await networks.create(request);
  // The plugin keeps its interfaces, as one does that lends hardware.
  plugin.answers.set('DeleteEndpoint', {});
  const kept = (sandbox: Sandbox): string => `pc${sandbox.endpoints['other']?.EndpointID?.slice(0, 10)}`;
  const returned = (name: string): void => {
    assert.match(execFileSync('ip', ['-o', 'link', 'show', name], { encoding: 'utf8' }), /macvlan|state DOWN/);
    execFileSync('ip', ['link', 'delete', name]);
  };
  const client = await networks.attach(sandboxRequest('client'), signal);
  const joined = await networks.connect(sandboxRequest('client', { endpoints: { other: {} } }), 'other');
  inside(client.netnsPath, 'ip link set plug1 down');
  inside(client.netnsPath, 'ip link set plug1 name mine');
  await networks.disconnect(sandboxRequest('client'), 'other');
  assert.doesNotMatch(inside(client.netnsPath, 'ip -o link show'), /mine/);
  returned(kept(joined));
  const web = await networks.attach(sandboxRequest('web', { mode: 'other' }), signal);
  await networks.detach('web');
  returned(kept(web));
  await networks.detach('client');
  await networks.remove('other');
  assert.equal(await waitForTraces(before), before);
});

async function until(isDone: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 250 && !isDone(); attempt++) await new Promise((resolve) => setTimeout(resolve, 20));
}
