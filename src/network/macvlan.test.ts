import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import type { CreateNetwork, Networks } from './networks.ts';
import { networkFixture, sandboxRequest, traces, waitForTraces } from './testing/network-fixture.ts';
import { OUTSIDE_ADDRESS, OUTSIDE_ADDRESS_6, privateHost } from './testing/private-host.ts';
import { askFrom, serveIn } from './testing/sandbox-traffic.ts';

/** Errors and states are those of dockerd 28.5, observed on the same commands. */

const outside = privateHost();
after(() => outside[Symbol.dispose]());
const signal = new AbortController().signal;
const pool = (subnet: string, rest: { readonly ipRange?: string; readonly gateway?: string } = {}) => ({
  ...{ subnet, ipRange: '', gateway: '', auxAddresses: {} },
  ...rest,
});
/** The network of the parent: the other machine has 192.0.2.9, the host 192.0.2.1. */
const LAN = pool('192.0.2.0/24', { ipRange: '192.0.2.128/25', gateway: OUTSIDE_ADDRESS });
const inside = (netnsPath: string, command: string): string =>
  execFileSync('nsenter', [`--net=${netnsPath}`, ...command.split(' ')], { encoding: 'utf8' });
const ip = (command: string): string => execFileSync('ip', command.split(' '), { encoding: 'utf8' });

/** A macvlan network above the link `lan0`. */
function macvlan(change: Partial<CreateNetwork> = {}): CreateNetwork {
  return {
    name: 'mac',
    driver: 'macvlan',
    options: { parent: 'lan0' },
    ipam: { driver: 'default', options: {}, pools: [LAN] },
    ...change,
  };
}

function attach(networks: Networks, id: string, mode = 'mac', change: object = {}) {
  return networks.attach(sandboxRequest(id, { mode, ...change }), signal);
}

test('other machines reach containers by their own addresses, and nothing is left', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const before = traces();
  const { id } = await networks.create(macvlan());
  assert.equal(traces(), before, 'the host gets nothing');
  const web = await attach(networks, 'web', 'mac', {
    exposedPorts: ['90/tcp'],
    portBindings: { '80/tcp': [{ HostPort: '18080' }] },
  });
  const near = await attach(networks, 'near');
  const settings = web.endpoints['mac'];
  assert.deepEqual(
    [settings?.IPAddress, settings?.IPPrefixLen, settings?.Gateway],
    ['192.0.2.128', 24, OUTSIDE_ADDRESS],
  );
  assert.match(inside(web.netnsPath, 'ip route show default'), /^default via 192\.0\.2\.9 dev eth0/);
  assert.match(inside(web.netnsPath, 'ip -o -d link show eth0'), /macvlan mode bridge/);
  assert.ok(inside(web.netnsPath, 'ip link show eth0').includes(settings?.MacAddress ?? 'none'));
  assert.deepEqual(web.ports, {}, 'no port is published');
  assert.equal(networks.inspect('mac').Containers['web']?.IPv4Address, '192.0.2.128/24');
  {
    await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
    assert.equal(await askFrom(outside.netnsPath, '192.0.2.128', 80), `web ${OUTSIDE_ADDRESS} hello`);
    assert.equal(await askFrom(near.netnsPath, '192.0.2.128', 80), 'web 192.0.2.129 hello');
  }
  await assert.rejects(networks.remove('mac'), {
    kind: 'forbidden',
    message: /^error while removing network: network mac has active endpoints/,
  });
  await networks.detach('web');
  await networks.detach('near');
  await networks.remove(id);
  assert.equal(await waitForTraces(before), before);
});

test('both families, several subnets, fixed addresses and hardware addresses', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const pools = [
    LAN,
    pool('10.77.2.0/24'),
    pool('2001:db8::/64', { ipRange: '2001:db8::100/120', gateway: OUTSIDE_ADDRESS_6 }),
  ];
  await networks.create(macvlan({ enableIpv6: true, ipam: { driver: 'default', options: {}, pools } }));
  const web = await attach(networks, 'web', 'mac', {
    endpoints: { mac: { IPAMConfig: { IPv4Address: '10.77.2.5' }, MacAddress: '02:11:22:33:44:55' } },
  });
  const { IPAddress, Gateway, GlobalIPv6Address = '', IPv6Gateway, MacAddress } = web.endpoints['mac'] ?? {};
  assert.deepEqual([IPAddress, Gateway, IPv6Gateway], ['10.77.2.5', '10.77.2.1', OUTSIDE_ADDRESS_6]);
  assert.equal(MacAddress, '02:11:22:33:44:55');
  assert.match(inside(web.netnsPath, 'ip link show eth0'), /02:11:22:33:44:55/);
  await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
  assert.equal(await askFrom(outside.netnsPath, GlobalIPv6Address, 80), `web ${OUTSIDE_ADDRESS_6} hello`);
  assert.deepEqual(networks.inspect('mac').IPAM.Config, [
    { Subnet: '192.0.2.0/24', IPRange: '192.0.2.128/25', Gateway: OUTSIDE_ADDRESS },
    { Subnet: '10.77.2.0/24' },
    { Subnet: '2001:db8::/64', IPRange: '2001:db8::100/120', Gateway: OUTSIDE_ADDRESS_6 },
  ]);
  await networks.detach('web');
});

test("an internal network has no gateway, and the first address is a container's", async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  await networks.create(macvlan({ internal: true, ipam: { driver: 'default', options: {}, pools: [] } }));
  const [config] = networks.inspect('mac').IPAM.Config ?? [];
  assert.equal(config?.Gateway, undefined);
  const web = await attach(networks, 'web');
  assert.equal(web.endpoints['mac']?.IPAddress, config?.Subnet?.replace('.0/24', '.1'));
  assert.equal(inside(web.netnsPath, 'ip route show default'), '');
  await networks.detach('web');
});

test('containers follow routers that announce themselves, but not on an internal network', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const free = { enableIpv6: true, ipam: { driver: 'default', options: {}, pools: [] } };
  await networks.create(macvlan(free));
  await networks.create(macvlan({ ...free, name: 'inner', internal: true }));
  await networks.create({ name: 'bridged', enableIpv6: true });
  const accepts: string[] = [];
  for (const mode of ['mac', 'inner', 'bridged']) {
    const { netnsPath } = await attach(networks, mode, mode);
    accepts.push(inside(netnsPath, 'sysctl -n net.ipv6.conf.eth0.accept_ra').trim());
    await networks.detach(mode);
  }
  assert.deepEqual(accepts, ['1', '0', '0']);
});

test('in mode private containers do not reach each other, and other machines do', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  await networks.create(macvlan({ options: { parent: 'lan0', macvlan_mode: 'private' } }));
  const web = await attach(networks, 'web');
  const near = await attach(networks, 'near');
  assert.match(inside(web.netnsPath, 'ip -o -d link show eth0'), /macvlan mode private/);
  await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
  const address = web.endpoints['mac']?.IPAddress ?? '';
  assert.equal(await askFrom(outside.netnsPath, address, 80), `web ${OUTSIDE_ADDRESS} hello`);
  assert.notEqual(await askFrom(near.netnsPath, address, 80), `web ${near.endpoints['mac']?.IPAddress} hello`);
  await networks.detach('web');
  await networks.detach('near');
});

test('a parent in mode passthru has one network and one container, and is free again at once', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  ip('link add pass0 type veth peer name pass1');
  using _pair = { [Symbol.dispose]: () => void ip('link delete pass0') };
  ip('link set pass0 up');
  ip('link set pass1 up');
  const passthru = { parent: 'pass0', macvlan_mode: 'passthru' };
  const { id } = await networks.create(macvlan({ options: passthru }));
  const free = { ipam: { driver: 'default', options: {}, pools: [] } };
  await assert.rejects(networks.create(macvlan({ ...free, name: 'm2', options: passthru })), {
    message: `cannot use mode passthru, macvlan network ${id} is already using parent interface pass0`,
  });
  await assert.rejects(networks.create(macvlan({ ...free, name: 'm2', options: { parent: 'pass0' } })), {
    message: `macvlan network ${id} is already using parent interface pass0 in mode passthru`,
  });
  await attach(networks, 'one');
  await assert.rejects(attach(networks, 'two'), {
    message: 'failed to set up container networking: failed to create the macvlan port: invalid argument',
  });
  await networks.detach('one');
  await attach(networks, 'two');
  // As after a crash of the daemon: the container is gone, its sandbox is there.
  const restarted = await fixture.restart();
  await restarted.restore([]);
  await attach(restarted, 'three');
  await restarted.detach('three');
  await restarted.remove('mac');
});

test('connect, disconnect and a restart of the daemon', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  await networks.create(macvlan());
  await networks.create({ name: 'abr' });
  const request = sandboxRequest('web', { mode: 'abr', portBindings: { '80/tcp': [{ HostPort: '18080' }] } });
  const first = await networks.attach(request, signal);
  assert.deepEqual(first.ports, {
    '80/tcp': [
      { HostIp: '0.0.0.0', HostPort: '18080' },
      { HostIp: '::', HostPort: '18080' },
    ],
  });
  const both = await networks.connect(request, 'mac');
  assert.match(inside(both.netnsPath, 'ip route show default'), /dev eth0/);
  // The gateway of the network that is first by name stays.
  const alone = await networks.disconnect(request, 'abr');
  assert.match(inside(alone.netnsPath, 'ip route show default'), /^default via 192\.0\.2\.9 dev eth1/);
  assert.deepEqual(alone.ports, {});
  const restarted = await fixture.restart();
  await restarted.restore([{ ...alone, containerId: 'web' }]);
  assert.equal(restarted.inspect('mac').Containers['web']?.IPv4Address, '192.0.2.128/24');
  const other = await attach(restarted, 'other');
  assert.equal(other.endpoints['mac']?.IPAddress, '192.0.2.129');
  const back = await restarted.connect(request, 'abr');
  const out = await restarted.disconnect(request, 'mac');
  assert.match(inside(back.netnsPath, 'ip route show default'), /dev eth0/);
  assert.doesNotMatch(inside(out.netnsPath, 'ip -o link'), /eth1/);
  await restarted.detach('web');
  await restarted.detach('other');
});

test('a parent that is missing is told at the start, and used when it is back', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  ip('link add late0 type veth peer name late1');
  await networks.create(macvlan({ options: { parent: 'late0' } }));
  ip('link delete late0');
  const missing =
    'failed to set up container networking: the requested parent interface late0 was not found on the Docker host';
  await assert.rejects(attach(networks, 'web'), { message: missing });
  const restarted = await fixture.restart();
  assert.deepEqual(fixture.logged, [
    'a network has no parent interface: the requested parent interface late0 was not found on the Docker host',
  ]);
  await restarted.restore([]);
  await assert.rejects(attach(restarted, 'web'), { message: missing });
  ip('link add late0 type veth peer name late1');
  using _pair = { [Symbol.dispose]: () => void ip('link delete late0') };
  const web = await attach(restarted, 'web');
  assert.equal(web.endpoints['mac']?.IPAddress, '192.0.2.128');
  await restarted.detach('web');
});

test('requests that cannot be met are refused, and leave nothing', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const before = traces();
  const refusals: readonly (readonly [Record<string, string>, string])[] = [
    [{ parent: 'lo' }, 'loopback interface is not a valid macvlan parent link'],
    [{ parent: 'nosuch0' }, 'invalid subinterface vlan name nosuch0, example formatting is eth0.10'],
    [{ parent: 'lan0.x' }, 'unable to parse a valid vlan id from: x (ex. eth0.10 for vlan 10)'],
    [{ parent: 'lan0.5000' }, 'vlan id must be between 1-4094, received: 5000'],
    [{ parent: 'lan0.-1' }, 'vlan id must be between 1-4094, received: -1'],
    [
      { parent: 'a.b.c' },
      'required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10, instead received a.b.c',
    ],
    [{ parent: 'nosuch0.10' }, '-o parent interface was not found on the host: nosuch0'],
    [
      { parent: 'lan0', macvlan_mode: 'foo' },
      "requested macvlan mode 'foo' is not valid, 'bridge' mode is the macvlan driver default",
    ],
  ];
  for (const [options, message] of refusals) await assert.rejects(networks.create(macvlan({ options })), { message });
  assert.deepEqual(
    (await networks.list()).map(({ Name }) => Name),
    ['bridge', 'host', 'none'],
  );
  assert.equal(traces(), before);
  // Unknown and empty options are kept, as in Docker.
  const options = { parent: 'lan0', macvlan_mode: '', foo: 'bar' };
  await networks.create(macvlan({ options }));
  assert.deepEqual(networks.inspect('mac').Options, options);
});

test("a connect that finds its name taken leaves the container's own link alone", async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  await networks.create(macvlan());
  await networks.create({ name: 'veth' });
  const web = await attach(networks, 'web', 'bridge');
  inside(web.netnsPath, 'ip link add eth1 type bridge');
  for (const network of ['mac', 'veth']) {
    await assert.rejects(networks.connect(sandboxRequest('web', { endpoints: { [network]: {} } }), network), {
      kind: 'failed',
      message: 'error renaming interface to "eth1": file exists',
    });
    assert.match(inside(web.netnsPath, 'ip -o -d link show eth1'), /bridge/);
  }
  inside(web.netnsPath, 'ip link delete eth1');
  for (const network of ['mac', 'veth'])
    await networks.connect(sandboxRequest('web', { endpoints: { [network]: {} } }), network);
  await networks.detach('web');
  for (const network of ['mac', 'veth']) await networks.remove(network);
});

test('disconnect removes the right link, whatever the container has named it', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const before = traces();
  await networks.create(macvlan());
  await networks.create(
    macvlan({ name: 'second', options: { parent: 'lan0' }, ipam: { pools: [pool('10.77.9.0/24')] } }),
  );
  const { netnsPath } = await attach(networks, 'web');
  await networks.connect(sandboxRequest('web', { endpoints: { second: {} } }), 'second');
  for (const [from, to] of [
    ['eth1', 'swap'],
    ['eth0', 'eth1'],
    ['swap', 'eth0'],
  ] as const) {
    inside(netnsPath, `ip link set ${from} down`);
    inside(netnsPath, `ip link set ${from} name ${to}`);
  }
  await networks.disconnect(sandboxRequest('web'), 'second');
  const left = inside(netnsPath, 'ip -o addr show');
  assert.match(left, /eth1 +inet 192\.0\.2\.128/);
  assert.doesNotMatch(left, /10\.77\.9\./);
  assert.doesNotMatch(inside(netnsPath, 'ip -o link show'), /eth0|swap/);
  await networks.detach('web');
  await networks.remove('second');
  await networks.remove('mac');
  assert.equal(await waitForTraces(before), before);
});
