import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import { readSysctl, writeSysctl } from '../linux/index.ts';
import type { CreateNetwork } from './networks.ts';
import { networkFixture, sandboxRequest, traces, waitForTraces } from './testing/network-fixture.ts';
import {
  HOST_ADDRESS,
  HOST_ADDRESS_6,
  OUTSIDE_ADDRESS,
  OUTSIDE_ADDRESS_6,
  privateHost,
} from './testing/private-host.ts';
import { askFrom, askTcp, askUdp, serveIn } from './testing/sandbox-traffic.ts';

const outside = privateHost();
after(() => outside[Symbol.dispose]());
const signal = new AbortController().signal;
const pool = (subnet: string, gateway = ''): NonNullable<CreateNetwork['ipam']>['pools'][number] => ({
  ...{ subnet, ipRange: '', gateway, auxAddresses: {} },
});
const inside = (netnsPath: string, command: string): string =>
  execFileSync('nsenter', [`--net=${netnsPath}`, ...command.split(' ')], { encoding: 'utf8' });
const publish = (hostIp?: string) => ({
  portBindings: {
    '80/tcp': [{ HostPort: '18080', ...(hostIp && { HostIp: hostIp }) }],
    '80/udp': [{ HostPort: '18080' }],
  },
});

test('a network of both families has subnets, gateways, routes and names of both', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  // The first network of IPv6 brings the table, which stays until the engine ends or begins.
  await networks.create({ name: 'first', enableIpv6: true });
  await networks.remove('first');
  const before = traces();
  await networks.create({ name: 'dual', enableIpv6: true });
  const [ipv4, ipv6] = networks.inspect('dual').IPAM.Config ?? [];
  assert.deepEqual(ipv4, { Subnet: '10.219.1.0/24', Gateway: '10.219.1.1' });
  assert.match(ipv6?.Subnet ?? '', /^fd[0-9a-f]{2}:[0-9a-f]{1,4}:[0-9a-f]{1,4}::\/64$/);
  const prefix = ipv6?.Subnet?.replace('/64', '') ?? '';
  assert.equal(ipv6?.Gateway, `${prefix}1`);
  const web = await networks.attach(sandboxRequest('web', { mode: 'dual' }), signal);
  const near = await networks.attach(sandboxRequest('near', { mode: 'dual' }), signal);
  const settings = web.endpoints['dual'];
  assert.equal(settings?.GlobalIPv6Address, `${prefix}2`);
  assert.equal(settings.GlobalIPv6PrefixLen, 64);
  assert.equal(settings.IPv6Gateway, `${prefix}1`);
  assert.match(inside(web.netnsPath, 'ip -6 route show default'), new RegExp(`^default via ${prefix}1 dev eth0 `));
  assert.equal(inside(web.netnsPath, 'ip -6 addr show dev eth0').includes('tentative dadfailed'), false);
  assert.deepEqual(fixture.nameServer.sandboxes.get(web.sandboxId)?.endpoints[0]?.addresses, [
    '10.219.1.2',
    `${prefix}2`,
  ]);
  assert.equal(networks.inspect('dual').Containers['web']?.IPv6Address, `${prefix}2/64`);
  {
    await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
    assert.equal(await askFrom(near.netnsPath, `${prefix}2`, 80), `web ${prefix}3 hello`);
    // Masqueraded: the other machine knows no way to the private network.
    await using _far = await serveIn(outside.netnsPath, 'far', ['tcp:81']);
    assert.equal(await askFrom(web.netnsPath, OUTSIDE_ADDRESS_6, 81), `far ${HOST_ADDRESS_6} hello`);
  }
  for (const id of ['web', 'near']) await networks.detach(id);
  await networks.remove('dual');
  assert.equal(await waitForTraces(before), before);
  await fixture.restart();
  assert.doesNotMatch(traces(), /table ip6/);
});

test('published ports reach a container by both families, also after a restart and a flush', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  await networks.create({ name: 'dual', enableIpv6: true, ipam: { pools: [pool('fd00:61::/64')] } });
  const web = await networks.attach(sandboxRequest('web', { mode: 'dual', ...publish() }), signal);
  const near = await networks.attach(sandboxRequest('near', { mode: 'dual' }), signal);
  await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80', 'udp:80']);
  const asked = async (): Promise<void> => {
    assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS_6, 18080), `web ${OUTSIDE_ADDRESS_6} hello`);
    assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS, 18080), `web ${OUTSIDE_ADDRESS} hello`);
    // By the engine's relay, and from the host itself by translation.
    assert.match(await askTcp('::1', 18080), /^web fd00:61::1 hello$/);
    assert.match(await askUdp('::1', 18080), /^web fd00:61::1 hello$/);
    assert.match(await askTcp(HOST_ADDRESS_6, 18080), /^web \S+ hello$/);
    // A container that asks for its own and its neighbour's port by the host's address.
    for (const { netnsPath } of [web, near]) assert.match(await askFrom(netnsPath, HOST_ADDRESS_6, 18080), /^web /);
  };
  await asked();
  assert.equal(await askFrom(outside.netnsPath, 'fd00:61::2', 80), 'timeout', 'what is not published is out of reach');
  const next = await fixture.restart();
  await next.restore([
    { ...web, containerId: 'web', containerName: 'name-web' },
    { ...near, containerId: 'near', containerName: 'name-near' },
  ]);
  await asked();
  execFileSync('nft', ['delete', 'table', 'ip6', 'gantry-gtest0']);
  const other = await next.attach(sandboxRequest('other', { mode: 'dual', portBindings: { '81/tcp': [{}] } }), signal);
  assert.equal(other.endpoints['dual']?.GlobalIPv6Address, 'fd00:61::4');
  await asked();
  for (const id of ['web', 'near', 'other']) await next.detach(id);
  await next.remove('dual');
});

test('a network of IPv6 alone has no other addresses; its ports are translated and relayed', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  await networks.create({ name: 'six', enableIpv4: false, enableIpv6: true, ipam: { pools: [pool('fd00:62::/64')] } });
  const web = await networks.attach(sandboxRequest('web', { mode: 'six', ...publish() }), signal);
  assert.equal(web.endpoints['six']?.IPAddress, '');
  assert.equal(inside(web.netnsPath, 'ip -4 addr show dev eth0'), '');
  await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
  assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS_6, 18080), `web ${OUTSIDE_ADDRESS_6} hello`);
  assert.match(await askFrom(outside.netnsPath, HOST_ADDRESS, 18080), /^web fd00:62::1 hello$/);
  await networks.detach('web');
  await networks.remove('six');
});

test('a running container joins and leaves networks of IPv6; each family follows its own default gateway', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  await networks.create({ name: 'a', enableIpv6: true, ipam: { pools: [pool('10.61.0.0/24'), pool('fd00:63::/64')] } });
  await networks.create({ name: 'b', enableIpv6: true, ipam: { pools: [pool('10.62.0.0/24'), pool('fd00:64::/64')] } });
  await networks.create({ name: 'inner', enableIpv6: true, internal: true });
  const request = sandboxRequest('web', { mode: 'bridge', ...publish() });
  const web = await networks.attach(request, signal);
  const routes = (): string[] =>
    ['-4', '-6'].map((family) =>
      inside(web.netnsPath, `ip ${family} route show default`).split(' ').slice(2, 5).join(' '),
    );
  assert.deepEqual(routes(), ['10.219.0.1 dev eth0', '']);
  await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
  const joined = await networks.connect(
    { ...request, endpoints: { b: { IPAMConfig: { IPv6Address: 'fd00:64::9' } } } },
    'b',
  );
  assert.equal(joined.endpoints['b']?.GlobalIPv6Address, 'fd00:64::9');
  assert.deepEqual(routes(), ['10.62.0.1 dev eth1', 'fd00:64::1 dev eth1']);
  assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS_6, 18080), `web ${OUTSIDE_ADDRESS_6} hello`);
  await networks.connect({ ...request, endpoints: { a: { GwPriority: 1 } } }, 'a');
  assert.deepEqual(routes(), ['10.61.0.1 dev eth2', 'fd00:63::1 dev eth2']);
  assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS_6, 18080), `web ${OUTSIDE_ADDRESS_6} hello`);
  await networks.disconnect(request, 'a');
  await networks.disconnect(request, 'b');
  assert.deepEqual(routes(), ['10.219.0.1 dev eth0', '']);
  assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS, 18080), `web ${OUTSIDE_ADDRESS} hello`);
  // The container has no address of this family any more: its port is relayed.
  assert.match(await askFrom(outside.netnsPath, HOST_ADDRESS_6, 18080), /^web 10\.219\.0\.1 hello$/);
  const internal = await networks.connect(request, 'inner');
  assert.match(internal.endpoints['inner']?.GlobalIPv6Address ?? '', /^fd/);
  assert.equal(internal.endpoints['inner']?.IPv6Gateway, '');
  assert.deepEqual(routes(), ['10.219.0.1 dev eth0', '']);
  await networks.detach('web');
  for (const name of ['a', 'b', 'inner']) await networks.remove(name);
});

test('forwarding does not cost the host what it has from router advertisements', async () => {
  const forwarding = 'net/ipv6/conf/all/forwarding';
  const keys = ['net/ipv6/conf/lan0/accept_ra', 'net/ipv6/conf/lo/accept_ra'] as const;
  writeSysctl(forwarding, '0');
  writeSysctl(keys[0], '1');
  writeSysctl(keys[1], '0');
  await using fixture = await networkFixture();
  assert.equal(readSysctl(forwarding), '0', 'no network has IPv6');
  await fixture.networks.create({ name: 'dual', enableIpv6: true });
  assert.equal(readSysctl(forwarding), '1');
  assert.deepEqual(keys.map(readSysctl), ['2', '0']);
  await fixture.networks.remove('dual');
});

test('a container takes no routes and no addresses from neighbours that announce themselves', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  await networks.create({ name: 'dual', enableIpv6: true });
  const web = await networks.attach(sandboxRequest('web', { mode: 'dual' }), signal);
  assert.equal(inside(web.netnsPath, 'cat /proc/sys/net/ipv6/conf/eth0/accept_ra').trim(), '0');
  await networks.detach('web');
  await networks.remove('dual');
});

test('an address may be written in any form, also when the bridge is set up again', async () => {
  await using fixture = await networkFixture();
  const pools = [pool('fd00:70::/64', 'FD00:70:0:0::00FF')];
  await fixture.networks.create({ name: 'dual', enableIpv6: true, ipam: { pools } });
  const endpoints = { dual: { IPAMConfig: { IPv6Address: 'FD00:0070::0009' } } };
  const web = await fixture.networks.attach(sandboxRequest('web', { mode: 'dual', endpoints }), signal);
  assert.equal(web.endpoints['dual']?.GlobalIPv6Address, 'fd00:70::9');
  const networks = await fixture.restart();
  assert.deepEqual(fixture.logged, []);
  await networks.restore([{ ...web, containerId: 'web', containerName: 'name-web' }]);
  await networks.detach('web');
  await networks.remove('dual');
});

test('addresses that are taken or outside are refused, and none of the other family is left', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const pools = [pool('10.66.0.0/24'), pool('fd00:66::/64', 'fd00:66::ff')];
  await networks.create({ name: 'dual', enableIpv6: true, ipam: { pools } });
  const attach = (id: string, IPv6Address: string) =>
    networks.attach(sandboxRequest(id, { mode: 'dual', endpoints: { dual: { IPAMConfig: { IPv6Address } } } }), signal);
  const one = await attach('one', 'fd00:66::2');
  assert.equal(one.endpoints['dual']?.IPv6Gateway, 'fd00:66::ff');
  await assert.rejects(attach('two', 'fd00:66::2'), /Address already in use/);
  await assert.rejects(attach('two', 'fd00:66::ff'), /Address already in use/);
  await assert.rejects(
    attach('two', 'fd00:99::2'),
    /no configured subnet or ip-range contain the IP address fd00:99::2/,
  );
  assert.deepEqual(networks.inspect('dual').Status.IPAM.Subnets['10.66.0.0/24']?.IPsInUse, 4);
  await networks.detach('one');
  await networks.remove('dual');
  // As dockerd 28.5: a subnet of a family that is not enabled is kept and not used.
  await networks.create({ name: 'off', ipam: { pools: [pool('fd00:69::/64')] } });
  assert.deepEqual(networks.inspect('off').IPAM.Config, [
    { Subnet: 'fd00:69::/64' },
    { Subnet: '10.219.1.0/24', Gateway: '10.219.1.1' },
  ]);
  const off = await networks.attach(sandboxRequest('off', { mode: 'off' }), signal);
  assert.equal(off.endpoints['off']?.GlobalIPv6Address, '');
  await networks.detach('off');
  await networks.remove('off');
  const twice = { name: 'x', enableIpv6: true, ipam: { pools: [pool('fd00:67::/64'), pool('fd00:68::/64')] } };
  await assert.rejects(networks.create(twice), { message: "bridge driver doesn't support multiple subnets" });
});
