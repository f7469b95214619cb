import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import type { CreateNetwork } from './networks.ts';
import { networkFixture, sandboxRequest } from './testing/network-fixture.ts';
import { OUTSIDE_ADDRESS, privateHost } from './testing/private-host.ts';
import { askFrom, serveIn } from './testing/sandbox-traffic.ts';

const outside = privateHost();
after(() => outside[Symbol.dispose]());
const signal = new AbortController().signal;
const inside = (netnsPath: string, command: string): string =>
  execFileSync('nsenter', [`--net=${netnsPath}`, ...command.split(' ')], { encoding: 'utf8' });
const option = (name: string, value: string) => ({ [`com.docker.network.bridge.${name}`]: value });
const pools = (subnet: string): Pick<CreateNetwork, 'ipam'> => ({
  ipam: { pools: [{ subnet, ipRange: '', gateway: '', auxAddresses: {} }] },
});
const IFNAME = 'com.docker.network.endpoint.ifname';

test('an isolated network has no gateway and does not reach the host', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const options = option('gateway_mode_ipv4', 'isolated');
  await assert.rejects(networks.create({ name: 'open', options }), {
    message: "gateway mode 'isolated' can only be used for an internal network",
  });
  const { id } = await networks.create({ name: 'alone', internal: true, options });
  assert.deepEqual(networks.inspect('alone').IPAM.Config, [{ Subnet: '10.219.1.0/24' }]);
  assert.doesNotMatch(execFileSync('ip', ['addr', 'show', `br-${id.slice(0, 12)}`], { encoding: 'utf8' }), /inet /);
  const one = await networks.attach(sandboxRequest('one', { mode: 'alone' }), signal);
  const two = await networks.attach(sandboxRequest('two', { mode: 'alone' }), signal);
  assert.equal(one.endpoints['alone']?.IPAddress, '10.219.1.1');
  assert.match(
    inside(one.netnsPath, 'ip route'),
    /^10\.219\.1\.0\/24 dev eth0 \S+ \S+ \S+ link src 10\.219\.1\.1 *\n$/,
  );
  await using _server = await serveIn(two.netnsPath, 'two', ['tcp:80']);
  assert.match(await askFrom(one.netnsPath, '10.219.1.2', 80), /^two /);
  for (const container of ['one', 'two']) await networks.detach(container);
  await networks.remove('alone');
});

test('ports of a network without protection are reached by its route, with the address of the sender', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  await networks.create({
    name: 'open',
    options: option('gateway_mode_ipv4', 'nat-unprotected'),
    ...pools('10.67.0.0/24'),
  });
  await networks.create({ name: 'closed', ...pools('10.68.0.0/24') });
  const open = await networks.attach(sandboxRequest('open', { mode: 'open' }), signal);
  const closed = await networks.attach(sandboxRequest('closed', { mode: 'closed' }), signal);
  await using _open = await serveIn(open.netnsPath, 'open', ['tcp:80']);
  await using _closed = await serveIn(closed.netnsPath, 'closed', ['tcp:80']);
  assert.equal(await askFrom(outside.netnsPath, '10.67.0.2', 80), `open ${OUTSIDE_ADDRESS} hello`);
  assert.equal(await askFrom(outside.netnsPath, '10.68.0.2', 80), 'timeout');
  for (const id of ['open', 'closed']) await networks.detach(id);
  for (const id of ['open', 'closed']) await networks.remove(id);
});

test('the gateway may be a router of the user, and a network may have its own host address for ports', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const options = { ...option('inhibit_ipv4', 'true'), ...option('host_binding_ipv4', '127.0.0.1') };
  const { id } = await networks.create({ name: 'routed', options });
  assert.doesNotMatch(execFileSync('ip', ['addr', 'show', `br-${id.slice(0, 12)}`], { encoding: 'utf8' }), /inet /);
  const portBindings = { '80/tcp': [{ HostPort: '18080' }] };
  const web = await networks.attach(sandboxRequest('web', { mode: 'routed', portBindings }), signal);
  assert.match(inside(web.netnsPath, 'ip route'), /^default via 10\.219\.1\.1 dev eth0/);
  assert.deepEqual(web.ports, { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '18080' }] });
  await networks.detach('web');
  await networks.remove('routed');
});

test('interfaces have the names that networks and endpoints ask for, as in dockerd 28.5', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const lan = { 'com.docker.network.container_iface_prefix': 'lan' };
  for (const name of ['a', 'c']) await networks.create({ name, options: lan });
  for (const name of ['b', 'd']) await networks.create({ name });
  const many = await networks.attach(
    sandboxRequest('many', { mode: undefined, endpoints: { a: {}, b: {}, c: {} } }),
    signal,
  );
  assert.deepEqual(many.interfaces, { a: 'lan0', b: 'eth0', c: 'lan1' });
  const joined = await networks.connect(sandboxRequest('many', { mode: undefined }), 'd');
  assert.equal(joined.interfaces?.['d'], 'eth1');
  await networks.detach('many');
  const attach = (a: string, b?: string) =>
    networks.attach(
      sandboxRequest('one', {
        mode: undefined,
        endpoints: { a: { DriverOpts: { [IFNAME]: a } }, b: b === undefined ? {} : { DriverOpts: { [IFNAME]: b } } },
      }),
      signal,
    );
  assert.deepEqual((await attach('foo0')).interfaces, { a: 'foo0', b: 'eth0' });
  assert.deepEqual((await attach('eth0')).interfaces, { a: 'eth0', b: 'eth1' });
  for (const [a, b, reason] of [
    ['foo0', 'foo0', /renaming interface to "foo0": file exists$/],
    ['lo', undefined, /file exists$/],
    ['a/b', undefined, /invalid argument$/],
    ['a'.repeat(25), undefined, /numerical result out of range$/],
  ] as const) {
    await assert.rejects(attach(a, b), reason);
  }
  await networks.detach('one');
  for (const name of ['a', 'b', 'c', 'd']) await networks.remove(name);
});
