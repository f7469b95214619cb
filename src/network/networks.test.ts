import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { PortBinding } from '../spec/index.ts';
import type { Sandbox } from './networks.ts';
import { networkFixture, sandboxRequest, traces, waitForTraces } from './testing/network-fixture.ts';
import { HOST_ADDRESS, OUTSIDE_ADDRESS, privateHost } from './testing/private-host.ts';
import { askFrom, askTcp, askUdp, serveIn } from './testing/sandbox-traffic.ts';

const outside = privateHost();
after(() => outside[Symbol.dispose]());
const signal = new AbortController().signal;

const addressOf = (sandbox: Sandbox): string => sandbox.endpoints['bridge']?.IPAddress ?? '';
const hostPort = (sandbox: Sandbox, port: string): number => Number(sandbox.ports[port]?.[0]?.HostPort);
const publish = (...bindings: readonly PortBinding[]) => ({ portBindings: { '80/tcp': bindings } });

test('a sandbox has the address, route, name and settings that Docker gives, and nothing of it stays', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const before = traces();
  const sandbox = await networks.attach(sandboxRequest('a', { sysctls: { 'net.ipv4.ip_forward': '0' } }), signal);
  const bridge = networks.inspect('bridge');
  const { EndpointID, MacAddress, ...settings } = sandbox.endpoints['bridge'] ?? {};
  assert.deepEqual(settings, {
    IPAMConfig: null,
    Links: null,
    Aliases: null,
    DriverOpts: null,
    GwPriority: 0,
    NetworkID: bridge.Id,
    Gateway: '10.219.0.1',
    IPAddress: '10.219.0.2',
    IPPrefixLen: 24,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
  });
  assert.match(EndpointID ?? '', /^[0-9a-f]{64}$/);
  assert.deepEqual(bridge.Containers, {
    a: { Name: 'name-a', EndpointID, MacAddress, IPv4Address: '10.219.0.2/24', IPv6Address: '' },
  });
  await networks.rename('a', 'renamed');
  assert.equal(networks.inspect('bridge').Containers['a']?.Name, 'renamed');

  const inside = execFileSync('nsenter', [`--net=${sandbox.netnsPath}`, 'sh', '-c', INSPECT], { encoding: 'utf8' });
  assert.match(inside, new RegExp(`link/ether ${MacAddress}`));
  assert.match(inside, /inet 10\.219\.0\.2\/24 brd 10\.219\.0\.255 scope global eth0/);
  assert.match(inside, /default via 10\.219\.0\.1 dev eth0/);
  assert.match(inside, /inet 127\.0\.0\.1\/8/);
  assert.doesNotMatch(inside, /inet6 fe80/);
  assert.match(inside, /^sysctls 0 0 0\t2147483647$/m);

  await networks.detach('a');
  await networks.detach('a');
  assert.equal(existsSync(sandbox.netnsPath), false);
  assert.equal(await waitForTraces(before), before);
});

const INSPECT = `ip addr; ip route; echo sysctls $(cat /proc/sys/net/ipv4/ip_forward) $(cat /proc/sys/net/ipv4/ip_unprivileged_port_start) "$(cat /proc/sys/net/ipv4/ping_group_range)"`;

test('the mode none gives a loopback and nothing else', async () => {
  await using fixture = await networkFixture();
  const sandbox = await fixture.networks.attach(
    sandboxRequest('n', { mode: 'none', ...publish({ HostPort: '80' }) }),
    signal,
  );
  const links = execFileSync('nsenter', [`--net=${sandbox.netnsPath}`, 'ip', '-o', 'addr'], { encoding: 'utf8' });
  assert.match(links, /127\.0\.0\.1/);
  assert.doesNotMatch(links, /eth0/);
  assert.equal(sandbox.endpoints['none']?.IPAddress, '');
  assert.deepEqual(sandbox.ports, {}, 'as dockerd 28.5');
});

test('sandboxes reach each other, the host and the world, and the world does not reach what is unpublished', async () => {
  await using fixture = await networkFixture();
  const one = await fixture.networks.attach(sandboxRequest('one'), signal);
  const two = await fixture.networks.attach(sandboxRequest('two'), signal);
  await using _server = await serveIn(one.netnsPath, 'one', ['tcp:80']);
  await using _world = await serveIn(outside.netnsPath, 'world', ['tcp:80']);
  assert.equal(await askFrom(two.netnsPath, addressOf(one), 80), `one ${addressOf(two)} hello`);
  assert.equal(await askTcp(addressOf(one), 80), 'one 10.219.0.1 hello');
  assert.equal(
    await askFrom(two.netnsPath, OUTSIDE_ADDRESS, 80),
    `world ${HOST_ADDRESS} hello`,
    'with the address of the host',
  );
  assert.equal(await askFrom(outside.netnsPath, addressOf(one), 80), 'timeout');
});

test('a published port is reached from outside, from the host by every name of it, from others and from itself', async () => {
  await using fixture = await networkFixture();
  const web = await fixture.networks.attach(sandboxRequest('web', publish({ HostPort: '18080' })), signal);
  const other = await fixture.networks.attach(sandboxRequest('other'), signal);
  await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
  assert.deepEqual(web.ports, {
    '80/tcp': [
      { HostIp: '0.0.0.0', HostPort: '18080' },
      { HostIp: '::', HostPort: '18080' },
    ],
  });
  assert.equal(
    await askFrom(outside.netnsPath, HOST_ADDRESS, 18080),
    `web ${OUTSIDE_ADDRESS} hello`,
    'the source is kept',
  );
  assert.equal(await askTcp('127.0.0.1', 18080), 'web 10.219.0.1 hello');
  assert.equal(await askTcp('127.8.8.8', 18080), 'web 10.219.0.1 hello');
  assert.equal(await askTcp('::1', 18080), 'web 10.219.0.1 hello');
  assert.match(await askTcp(HOST_ADDRESS, 18080), /^web .* hello$/);
  assert.match(await askTcp('10.219.0.1', 18080), /^web .* hello$/);
  for (const client of [other, web]) {
    for (const host of [HOST_ADDRESS, '10.219.0.1']) {
      assert.match(await askFrom(client.netnsPath, host, 18080), /^web 10\.219\.0\.1 hello$/, host);
    }
  }
});

test('containers do not reach what listens on the loopback of the host', async () => {
  await using fixture = await networkFixture();
  const sandbox = await fixture.networks.attach(sandboxRequest('a'), signal);
  const secret = createServer((client) => client.end('secret')).listen(18099, '127.0.0.1');
  await once(secret, 'listening');
  try {
    // A container may set its own routes: here 127.0.0.1 by the gateway.
    execFileSync('nsenter', [`--net=${sandbox.netnsPath}`, 'sh', '-c', ROUTE_LOOPBACK]);
    assert.equal(await askFrom(sandbox.netnsPath, '127.0.0.1', 18099), 'timeout');
    assert.equal(await askTcp('127.0.0.1', 18099), 'secret');
  } finally {
    secret.close();
  }
});

const ROUTE_LOOPBACK = `echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet; ip addr del 127.0.0.1/8 dev lo
ip route flush table local; ip route add local 10.219.0.2 dev eth0 table local; ip route add 127.0.0.0/8 via 10.219.0.1 dev eth0 src 10.219.0.2`;

test('UDP ports work by IPv4 and IPv6, from the host and from containers', async () => {
  await using fixture = await networkFixture();
  const dns = await fixture.networks.attach(
    sandboxRequest('dns', { portBindings: { '53/udp': [{ HostPort: '15353' }] } }),
    signal,
  );
  await using _server = await serveIn(dns.netnsPath, 'dns', ['udp:53']);
  assert.equal(await askUdp('127.0.0.1', 15353), 'dns 10.219.0.1 hello');
  assert.equal(await askUdp('::1', 15353), 'dns 10.219.0.1 hello');
  assert.match(await askUdp(HOST_ADDRESS, 15353), /^dns .* hello$/);
});

test('a UDP client that goes on sending reaches the container that has the port now', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const udp = { portBindings: { '53/udp': [{ HostPort: '15353' }] } };
  const client = createSocket('udp4');
  const ask = async (): Promise<string> => {
    client.send('hello', 15353, '127.0.0.1');
    return String((await once(client, 'message', { signal: AbortSignal.timeout(1500) }))[0]);
  };
  try {
    const first = await networks.attach(sandboxRequest('first', udp), signal);
    {
      await using _server = await serveIn(first.netnsPath, 'first', ['udp:53']);
      assert.match(await ask(), /^first/);
    }
    await networks.detach('first');
    // The first container's address belongs to another one now.
    const squatter = await networks.attach(sandboxRequest('squatter'), signal);
    assert.equal(addressOf(squatter), addressOf(first));
    const second = await networks.attach(sandboxRequest('second', udp), signal);
    await using _server = await serveIn(second.netnsPath, 'second', ['udp:53']);
    assert.match(await ask(), /^second/);
  } finally {
    client.close();
  }
});

test('a port of one address is reached by that address only', async () => {
  await using fixture = await networkFixture();
  const web = await fixture.networks.attach(
    sandboxRequest('web', publish({ HostIp: '127.0.0.1', HostPort: '18081' }, { HostIp: '::1', HostPort: '18082' })),
    signal,
  );
  await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
  assert.match(await askTcp('127.0.0.1', 18081), /^web .* hello$/);
  assert.match(await askTcp('::1', 18082), /^web .* hello$/);
  assert.equal(await askTcp('127.0.0.1', 18082), 'ECONNREFUSED');
  assert.equal(await askTcp('::1', 18081), 'ECONNREFUSED');
  assert.equal(await askTcp(HOST_ADDRESS, 18081), 'ECONNREFUSED');
  assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS, 18081), 'ECONNREFUSED');
});

test('with --ip ports that name no address are published on that one', async () => {
  await using fixture = await networkFixture({ ip: '127.0.0.1' });
  const bindings = publish({ HostPort: '18081' }, { HostIp: HOST_ADDRESS, HostPort: '18082' });
  const sandbox = await fixture.networks.attach(sandboxRequest('a', bindings), signal);
  assert.deepEqual(sandbox.ports['80/tcp'], [
    { HostIp: '127.0.0.1', HostPort: '18081' },
    { HostIp: HOST_ADDRESS, HostPort: '18082' },
  ]);
  assert.equal(fixture.networks.inspect('bridge').Options['com.docker.network.bridge.host_binding_ipv4'], '127.0.0.1');
});

test('a flushed firewall is set up again at once, with the published ports', async () => {
  await using fixture = await networkFixture();
  await fixture.networks.restore([]);
  const web = await fixture.networks.attach(sandboxRequest('web', publish({ HostPort: '18080' })), signal);
  await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
  const routesLoopback = '/proc/sys/net/ipv4/conf/gtest0/route_localnet';
  writeFileSync(routesLoopback, '0');
  execFileSync('nft', ['flush', 'ruleset']);
  const repaired = async (): Promise<string> =>
    `${await askFrom(outside.netnsPath, HOST_ADDRESS, 18080)}; ${readFileSync(routesLoopback, 'utf8').trim()}`;
  const expected = `web ${OUTSIDE_ADDRESS} hello; 1`;
  for (let left = 20; left > 0 && (await repaired()) !== expected; left--) await setTimeout(250);
  assert.equal(await repaired(), expected, 'translated, also for the host’s loopback');
  assert.equal(await askTcp('127.0.0.1', 18080), 'web 10.219.0.1 hello');
  execFileSync('nft', ['flush', 'ruleset']);
  await fixture.networks.detach('web');
  assert.equal(await askTcp('127.0.0.1', 18080), 'ECONNREFUSED');
  assert.match(fixture.logged.join(), /flushed the firewall/);
});

test('a taken port is an error that names it, and the container keeps nothing', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  await networks.attach(sandboxRequest('web', publish({ HostPort: '18080' })), signal);
  const before = traces();
  const foreign = createServer().listen(18085, '127.0.0.1');
  await once(foreign, 'listening');
  const head =
    'failed to set up container networking: driver failed programming external connectivity on endpoint name-x \\([0-9a-f]{64}\\): ';
  try {
    await assert.rejects(networks.attach(sandboxRequest('x', publish({ HostPort: '18080' })), signal), {
      message: new RegExp(`^${head}Bind for 0\\.0\\.0\\.0:18080 failed: port is already allocated$`),
    });
    await assert.rejects(networks.attach(sandboxRequest('x', publish({ HostPort: '18085' })), signal), {
      message: new RegExp(
        `^${head}failed to bind host port for 0\\.0\\.0\\.0:18085:10\\.219\\.0\\.3:80/tcp: address already in use$`,
      ),
    });
    await assert.rejects(networks.attach(sandboxRequest('x', publish({ HostIp: '9.9.9.9', HostPort: '1' })), signal), {
      message: /cannot assign requested address$/,
    });
  } finally {
    foreign.close();
  }
  assert.equal(await waitForTraces(before), before);
  const next = await networks.attach(sandboxRequest('y'), signal);
  assert.equal(addressOf(next), '10.219.0.3', 'the address was given back');
});

test('ranges, any port and -P find free ports', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const range = (id: string) => networks.attach(sandboxRequest(id, publish({ HostPort: '18090-18092' })), signal);
  const found = [await range('a'), await range('b'), await range('c')].map((sandbox) => hostPort(sandbox, '80/tcp'));
  assert.deepEqual(found, [18090, 18091, 18092]);
  await assert.rejects(range('d'), /all ports are allocated$/);
  const all = await networks.attach(
    sandboxRequest('e', { exposedPorts: ['80/tcp', '81/udp'], portBindings: { '82/tcp': [{}] }, publishAll: true }),
    signal,
  );
  const ports = ['80/tcp', '81/udp', '82/tcp'].map((port) => hostPort(all, port));
  assert.ok(
    ports.every((port) => port >= 32768 && port < 61000),
    String(ports),
  );
  const plain = await networks.attach(sandboxRequest('f', { exposedPorts: ['80/tcp'] }), signal);
  assert.deepEqual(plain.ports, { '80/tcp': null });
});

const HEAD = 'failed to set up container networking: ';

test('what cannot be is refused before anything is made', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const before = traces();
  const refused = async (change: Parameters<typeof sandboxRequest>[1], expected: object): Promise<void> => {
    await assert.rejects(networks.attach(sandboxRequest('bad', change), signal), expected);
  };
  await refused(publish({ HostPort: '99999' }), {
    kind: 'invalid',
    message: `${HEAD}invalid port specification: "99999"`,
  });
  await refused(publish({ HostIp: '1.2.3.4; flush ruleset', HostPort: '1' }), { kind: 'invalid' });
  await refused({ portBindings: { '80/tcp } ; flush ruleset': [{}] } }, { kind: 'invalid' });
  await refused({ mode: 'nosuch' }, { kind: 'notFound', message: `${HEAD}network nosuch not found` });
  await refused({ sysctls: { 'kernel.hostname': 'x' } }, { kind: 'invalid' });
  await refused(
    { sysctls: { 'net.foo.bar': '1' } },
    { message: /open \/proc\/sys\/net\/foo\/bar: no such file or directory$/ },
  );
  await refused(
    { sysctls: { 'net.ipv4.ip_forward': 'abc' } },
    { message: /write \/proc\/sys\/net\/ipv4\/ip_forward: invalid argument$/ },
  );
  await refused(
    { endpoints: { bridge: { MacAddress: 'zz' } } },
    {
      kind: 'invalid',
      message: `${HEAD}invalid config for network bridge: invalid MAC address zz`,
    },
  );
  const fixedAddress = { endpoints: { bridge: { IPAMConfig: { IPv4Address: '10.219.0.99' } } } };
  await refused(fixedAddress, {
    kind: 'invalid',
    message: `${HEAD}invalid config for network bridge: invalid endpoint settings:
user specified IP address is supported on user defined networks only`,
  });
  await refused(
    { endpoints: { bridge: { IPAMConfig: { IPv4Address: '1.2.3.4', IPv6Address: '::x' } } } },
    {
      kind: 'invalid',
      message: `${HEAD}invalid config for network bridge: invalid endpoint settings:
* user specified IP address is supported on user defined networks only
* invalid IPv6 address: ::x
* no configured subnet or ip-range contain the IP address 1.2.3.4
* user specified IP address is supported only when connecting to networks with user configured subnets`,
    },
  );
  assert.throws(() => networks.check({ mode: 'bridge', portBindings: {}, ...fixedAddress }), { kind: 'invalid' });
  await assert.rejects(networks.attach(sandboxRequest('bad'), AbortSignal.abort()), { kind: 'cancelled' });
  assert.equal(await waitForTraces(before), before);
});

test('a requested hardware address is the one of the link', async () => {
  await using fixture = await networkFixture();
  const asked = sandboxRequest('m', { endpoints: { bridge: { MacAddress: '02:42:AC:11:00:99' } } });
  const sandbox = await fixture.networks.attach(asked, signal);
  assert.equal(sandbox.endpoints['bridge']?.MacAddress, '02:42:ac:11:00:99');
  const link = execFileSync('nsenter', [`--net=${sandbox.netnsPath}`, 'ip', 'link', 'show', 'eth0'], {
    encoding: 'utf8',
  });
  assert.match(link, /02:42:ac:11:00:99/);
});

test('an address that comes back with another hardware address is reached at once', async () => {
  await using fixture = await networkFixture();
  const client = await fixture.networks.attach(sandboxRequest('client'), signal);
  for (const name of ['first', 'second', 'third']) {
    const sandbox = await fixture.networks.attach(sandboxRequest(name), signal);
    assert.equal(addressOf(sandbox), '10.219.0.3');
    await using _server = await serveIn(sandbox.netnsPath, name, ['tcp:80']);
    assert.equal(await askTcp('10.219.0.3', 80), `${name} 10.219.0.1 hello`);
    assert.equal(await askFrom(client.netnsPath, '10.219.0.3', 80), `${name} ${addressOf(client)} hello`);
    await fixture.networks.detach(name);
  }
});

test('a container with a hundred published ports has them all', async () => {
  await using fixture = await networkFixture();
  const before = traces();
  const numbers = Array.from({ length: 100 }, (_, at) => 20000 + at);
  const portBindings = Object.fromEntries(numbers.map((port) => [`${port}/tcp`, [{ HostPort: String(port) }]]));
  const sandbox = await fixture.networks.attach(sandboxRequest('many', { portBindings }), signal);
  {
    await using _server = await serveIn(sandbox.netnsPath, 'many', ['tcp:20000', 'tcp:20050', 'tcp:20099']);
    for (const port of [20000, 20050, 20099]) {
      assert.equal(await askTcp('127.0.0.1', port), 'many 10.219.0.1 hello');
      assert.equal(await askTcp('::1', port), 'many 10.219.0.1 hello');
    }
  }
  await fixture.networks.detach('many');
  assert.equal(await waitForTraces(before), before);
});

test('fifty containers attached at once have an address and a port each, and all go without a trace', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const before = traces();
  const ids = Array.from({ length: 50 }, (_, at) => `c${at}`);
  const sandboxes = await Promise.all(ids.map((id) => networks.attach(sandboxRequest(id, publish({})), signal)));
  assert.equal(new Set(sandboxes.map(addressOf)).size, 50);
  assert.equal(new Set(sandboxes.map((sandbox) => hostPort(sandbox, '80/tcp'))).size, 50);
  assert.equal(Object.keys(networks.inspect('bridge').Containers).length, 50);
  // One of them is impossible. The others in the same transaction must succeed.
  const [refusedOne, fine] = await Promise.allSettled([
    networks.attach(sandboxRequest('bad', { sysctls: { 'net.no': '1' } }), signal),
    networks.attach(sandboxRequest('fine'), signal),
  ]);
  assert.deepEqual([refusedOne.status, fine.status], ['rejected', 'fulfilled']);
  await Promise.all([...ids, 'fine'].map((id) => networks.detach(id)));
  assert.equal(await waitForTraces(before), before);
});

test('a process that holds the namespace does not keep the link', async () => {
  await using fixture = await networkFixture();
  const links = (): string => execFileSync('ip', ['-o', 'link', 'show', 'master', 'gtest0'], { encoding: 'utf8' });
  const sandbox = await fixture.networks.attach(sandboxRequest('held'), signal);
  await using _holder = await serveIn(sandbox.netnsPath, 'holder', ['tcp:80']);
  assert.match(links(), /veth/);
  await fixture.networks.detach('held');
  assert.notEqual(await askTcp('10.219.0.2', 80), 'holder 10.219.0.1 hello', 'its address is free at once');
  for (let attempt = 0; attempt < 250 && links() !== ''; attempt++) await setTimeout(20);
  assert.equal(links(), '');
});

test('a cancelled attach leaves nothing', async () => {
  await using fixture = await networkFixture();
  const before = traces();
  const abort = new AbortController();
  const attaching = fixture.networks.attach(sandboxRequest('c', publish({ HostPort: '18080' })), abort.signal);
  abort.abort();
  await assert.rejects(attaching, { kind: 'cancelled' });
  assert.equal(await waitForTraces(before), before);
});
