import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, test } from 'node:test';
import { networkFixture, sandboxRequest, traces, waitForTraces } from './testing/network-fixture.ts';
import { HOST_ADDRESS, OUTSIDE_ADDRESS, privateHost } from './testing/private-host.ts';
import { askFrom, askTcp, serveIn } from './testing/sandbox-traffic.ts';

const outside = privateHost();
after(() => outside[Symbol.dispose]());
const signal = new AbortController().signal;
const publish = (port: string) => ({ portBindings: { '80/tcp': [{ HostPort: port }] } });
const nft = (...args: readonly string[]): string => execFileSync('nft', args, { encoding: 'utf8' });

test('containers stay reachable while no daemon runs, and the next one takes them over', async () => {
  await using fixture = await networkFixture();
  const before = traces();
  const web = await fixture.networks.attach(sandboxRequest('web', publish('18080')), signal);
  const stale = await fixture.networks.attach(sandboxRequest('stale', publish('18081')), signal);
  const server = await serveIn(web.netnsPath, 'web', ['tcp:80']);

  await fixture.networks.close();
  assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS, 18080), `web ${OUTSIDE_ADDRESS} hello`);
  const networks = await fixture.restart();
  assert.equal(await askTcp('127.0.0.1', 18080), 'web 10.219.0.1 hello');

  await networks.restore([{ ...web, containerId: 'web', containerName: 'name-web' }]);
  assert.equal(await askTcp('127.0.0.1', 18080), 'web 10.219.0.1 hello');
  assert.equal(await askTcp('::1', 18080), 'web 10.219.0.1 hello');
  assert.equal(networks.inspect('bridge').Containers['web']?.IPv4Address, '10.219.0.2/24');
  assert.equal(existsSync(stale.netnsPath), false, 'what no container has is gone');
  assert.doesNotMatch(nft('list', 'ruleset'), /18081/);
  await assert.rejects(networks.attach(sandboxRequest('x', publish('18080')), signal), /port is already allocated/);
  const next = await networks.attach(sandboxRequest('next', publish('18081')), signal);
  assert.equal(next.endpoints['bridge']?.IPAddress, '10.219.0.3', 'the address of web is known to be taken');

  await server[Symbol.asyncDispose]();
  for (const id of ['web', 'next']) await networks.detach(id);
  assert.equal(await waitForTraces(before), before);
});

test('what a killed daemon left half done is gone after the next start', async () => {
  await using fixture = await networkFixture();
  const before = traces();
  const request = sandboxRequest('a', publish('18080'));
  const sandbox = await fixture.networks.attach(request, signal);
  // Elements, a namespace and a link without a record. A process holds the namespace for a moment.
  const holder = await serveIn(sandbox.netnsPath, 'holder', ['tcp:80']);
  nft('add', 'element', 'ip', 'gantry-gtest0', 'ports', '{ tcp . 4242 : 10.219.0.77 . 80 }');
  nft('add', 'element', 'ip', 'gantry-gtest0', 'address_ports', '{ 127.0.0.1 . udp . 4243 : 10.219.0.77 . 80 }');
  const networks = await fixture.restart();
  await networks.restore([]);
  const links = execFileSync('ip', ['-o', 'link', 'show', 'master', 'gtest0'], { encoding: 'utf8' });
  assert.equal(links, '');
  await holder[Symbol.asyncDispose]();
  assert.equal(await waitForTraces(before), before);
  assert.deepEqual(networks.inspect('bridge').Containers, {});
});

test('a flushed firewall, a deleted bridge and a missing folder are made again by the next start', async () => {
  await using fixture = await networkFixture();
  const web = await fixture.networks.attach(sandboxRequest('web', publish('18080')), signal);
  await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
  nft('flush', 'ruleset');
  let networks = await fixture.restart();
  await networks.restore([{ ...web, containerId: 'web' }]);
  assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS, 18080), `web ${OUTSIDE_ADDRESS} hello`);
  await networks.detach('web');
  execFileSync('ip', ['link', 'delete', 'gtest0']);
  networks = await fixture.restart();
  await networks.restore([]);
  assert.equal(networks.inspect('bridge').IPAM.Config?.[0]?.Gateway, '10.219.0.1');
  await networks.attach(sandboxRequest('again'), signal);
});

test('a link of a container that somebody removed is made again as it was, at once and by the next start', async () => {
  await using fixture = await networkFixture();
  let { networks } = fixture;
  await networks.create({ name: 'inner', internal: true, enableIpv6: true });
  const before = traces();
  const driverOpts = { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.log_martians=1' };
  const web = await networks.attach(
    sandboxRequest('web', { ...publish('18080'), endpoints: { bridge: { DriverOpts: driverOpts } } }),
    signal,
  );
  const joined = await networks.connect(sandboxRequest('web', { endpoints: { inner: {} } }), 'inner');
  const inside = (...args: string[]): string =>
    execFileSync('nsenter', [`--net=${web.netnsPath}`, ...args], { encoding: 'utf8' });
  const shape = (): string =>
    ['ip -br addr', 'ip route', 'ip -6 route', 'cat /proc/sys/net/ipv4/conf/eth0/log_martians']
      .flatMap((command) =>
        inside(...command.split(' '))
          .split('\n')
          .sort(),
      )
      .map((line) => line.replace(/@\S+|fe80\S+| pref medium| proto \S+| metric \d+/g, '').replace(/ +/g, ' '))
      .join('\n');
  const whole = shape();
  const hostEnd = (network: string): string => `veth${joined.endpoints[network]?.EndpointID?.slice(0, 11)}`;
  const isWhole = async (): Promise<void> => {
    await eventually(async () => assert.equal(shape(), whole));
    await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
    await eventually(async () => assert.equal(await askTcp('127.0.0.1', 18080), 'web 10.219.0.1 hello'));
  };
  await isWhole();
  for (const network of ['bridge', 'inner']) {
    execFileSync('ip', ['link', 'delete', hostEnd(network)]);
    await isWhole();
    assert.match(
      fixture.logged.at(-1) ?? '',
      new RegExp(`link ${hostEnd(network)} of a container was removed: repaired`),
    );
  }
  inside('ip', 'link', 'delete', 'eth0');
  await isWhole();
  await networks.close();
  execFileSync('ip', ['link', 'delete', hostEnd('bridge')]);
  networks = await fixture.restart();
  await networks.restore([{ ...joined, containerId: 'web', containerName: 'name-web' }]);
  await isWhole();

  const logged = fixture.logged.length;
  await networks.disconnect(sandboxRequest('web'), 'inner');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.doesNotMatch(inside('ip', '-br', 'link'), /eth1/, 'a disconnected network stays away');
  await networks.detach('web');
  assert.equal(await waitForTraces(before), before);
  await networks.remove('inner');
  assert.equal(fixture.logged.length, logged, 'what the engine removes is no damage');
});

test('a link whose name the container has taken is made again once the name is free', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const { netnsPath } = await networks.attach(sandboxRequest('web'), signal);
  const inside = (command: string): string =>
    execFileSync('nsenter', [`--net=${netnsPath}`, ...command.split(' ')], { encoding: 'utf8' });
  inside('ip link set eth0 name eth9');
  inside('ip link add eth0 type bridge');
  inside('ip link delete eth9');
  await eventually(async () => assert.match(networks.warnings().join(), /renaming interface to "eth0": file exists/));
  inside('ip link delete eth0');
  await eventually(async () => assert.match(inside('ip -br addr show eth0'), /10\.219\.0\.2\/24/), 100);
  await eventually(async () => assert.deepEqual(networks.warnings(), []));
  await networks.detach('web');
});

/** Tries for 100 ms each. */
test('all links of a container that somebody removed at once are made again, in any order', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  await networks.create({ name: 'inner', internal: true });
  const endpoints = { inner: {}, bridge: {} };
  const web = await networks.attach(sandboxRequest('web', { ...publish('18080'), mode: undefined, endpoints }), signal);
  const links = execFileSync('ip', ['-o', 'link', 'show', 'type', 'veth'], { encoding: 'utf8' });
  const group = /veth[0-9a-f]{11}@.* group (\d+)/.exec(links)?.[1] ?? 'none';
  execFileSync('ip', ['link', 'delete', 'group', group]);
  await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
  await eventually(async () => assert.equal(await askTcp('127.0.0.1', 18080), 'web 10.219.0.1 hello'));
  await eventually(async () => assert.equal(fixture.logged.length, 2));
  for (const message of fixture.logged) assert.match(message, /was removed: repaired$/);
  await networks.detach('web');
  await networks.remove('inner');
});

async function eventually(check: () => Promise<void>, tries = 40): Promise<void> {
  for (let left = tries; ; left--) {
    try {
      return await check();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

test('a table of another layout is replaced', async () => {
  await using fixture = await networkFixture();
  nft('delete', 'table', 'ip', 'gantry-gtest0');
  nft('add', 'table', 'ip', 'gantry-gtest0');
  nft('add', 'map', 'ip', 'gantry-gtest0', 'ports', '{ type inet_service : ipv4_addr; }');
  const networks = await fixture.restart();
  await networks.restore([]);
  await networks.attach(sandboxRequest('web', publish('18080')), signal);
  assert.match(nft('list', 'map', 'ip', 'gantry-gtest0', 'ports'), /18080/);
});

test('stored states that make no sense do not stop a restore', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const state = { netnsPath: '/nonexistent/x', sandboxId: 'x' };
  await networks.restore([
    { ...state, containerId: 'a', endpoints: { gone: { IPAddress: '1.2.3.4' } }, ports: {} },
    { ...state, containerId: 'b', endpoints: { bridge: { IPAddress: 'junk' } }, ports: {} },
    {
      ...state,
      containerId: 'c',
      endpoints: { bridge: { IPAddress: '10.219.0.2' } },
      ports: { '80/tcp': [{ HostIp: 'x', HostPort: '1' }] },
    },
  ]);
  const sandbox = await networks.attach(sandboxRequest('d'), signal);
  assert.equal(sandbox.endpoints['bridge']?.IPAddress, '10.219.0.3');
});

test('two engines run beside each other, and the one that goes takes nothing of the other', async () => {
  await using one = await networkFixture();
  const web = await one.networks.attach(sandboxRequest('web', publish('18080')), signal);
  await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
  const before = traces();
  {
    await using two = await networkFixture({ bridgeName: 'gtest1' });
    assert.deepEqual(two.networks.hostGateways, ['10.219.1.1'], 'the subnet of the first is not taken again');
    await two.networks.restore([]);
    await assert.rejects(
      two.networks.attach(sandboxRequest('web', publish('18080')), signal),
      /address already in use/,
    );
    const other = await two.networks.attach(sandboxRequest('web', publish('18081')), signal);
    assert.match(await askFrom(other.netnsPath, HOST_ADDRESS, 18080), /^web .* hello$/);
  }
  assert.equal(await waitForTraces(before), before);
  assert.match(await askTcp('127.0.0.1', 18080), /^web .* hello$/);
});

test('a foreign chain that drops forwarded packets is passed through DOCKER-USER, once', async () => {
  execFileSync('nft', ['-f', '-'], { input: FOREIGN });
  try {
    const before = traces();
    {
      await using fixture = await networkFixture();
      assert.deepEqual(fixture.networks.warnings(), []);
      await fixture.restart();
      await fixture.networks.restore([]);
      const rules = nft('list', 'chain', 'ip', 'filter', 'DOCKER-USER').match(/"gtest0"/g);
      assert.equal(rules?.length, 2);
      const web = await fixture.networks.attach(sandboxRequest('web', publish('18080')), signal);
      await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
      assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS, 18080), `web ${OUTSIDE_ADDRESS} hello`);
    }
    assert.equal(await waitForTraces(before), before);
  } finally {
    nft('delete', 'table', 'ip', 'filter');
  }
});

const FOREIGN = `table ip filter {
  chain DOCKER-USER { counter return; }
  chain FORWARD { type filter hook forward priority 0; policy drop; jump DOCKER-USER; }
}
`;

const hasLegacyTables = spawnSync('iptables-legacy', ['-S']).status === 0;
const withoutLegacy = hasLegacyTables ? false : 'iptables-legacy, or the kernel tables that it needs, are missing';

test('a legacy FORWARD chain that drops is passed through DOCKER-USER, or by its last rules', {
  skip: withoutLegacy,
}, async () => {
  const iptables = (...args: readonly string[]): string => execFileSync('iptables-legacy', args, { encoding: 'utf8' });
  iptables('-P', 'FORWARD', 'DROP');
  try {
    const plain = iptables('-S');
    {
      await using fixture = await networkFixture();
      assert.deepEqual(fixture.networks.warnings(), []);
      assert.match(iptables('-S'), /-A FORWARD -i gtest0 -j ACCEPT\n-A FORWARD -o gtest0 -j ACCEPT\n$/);
    }
    assert.equal(iptables('-S'), plain);
    iptables('-N', 'DOCKER-USER');
    iptables('-A', 'FORWARD', '-j', 'DOCKER-USER');
    const before = iptables('-S');
    {
      await using fixture = await networkFixture();
      await fixture.restart();
      assert.deepEqual(fixture.networks.warnings(), []);
      assert.equal(iptables('-S').match(/gtest0/g)?.length, 2);
      const web = await fixture.networks.attach(sandboxRequest('web', publish('18080')), signal);
      await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
      await fixture.networks.restore([]);
      assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS, 18080), `web ${OUTSIDE_ADDRESS} hello`);
    }
    assert.equal(iptables('-S'), before);
  } finally {
    for (const args of [['-P', 'FORWARD', 'ACCEPT'], ['-F'], ['-X']]) iptables(...args);
  }
});

test('a foreign chain without a door is a warning that names it', async () => {
  execFileSync('nft', ['-f', '-'], {
    input: 'table inet strict { chain most { type filter hook forward priority 0; policy drop; }; }\n',
  });
  try {
    await using fixture = await networkFixture();
    assert.match(
      fixture.networks.warnings()[0] ?? '',
      /Chain most of the firewall's table inet strict drops .* accepts gtest0/,
    );
    assert.equal(fixture.logged.length, 1);
  } finally {
    nft('delete', 'table', 'inet', 'strict');
  }
});

test('a bridge of the user is used as it is and outlives the engine; a link of another kind is refused', async () => {
  execFileSync('sh', ['-c', 'ip link add user0 type bridge; ip addr add 10.77.0.9/24 dev user0; ip link set user0 up']);
  try {
    const before = traces();
    {
      await using fixture = await networkFixture({ bridge: 'user0' });
      const sandbox = await fixture.networks.attach(sandboxRequest('a'), signal);
      assert.equal(sandbox.endpoints['bridge']?.Gateway, '10.77.0.9');
      assert.equal(sandbox.endpoints['bridge']?.IPAddress, '10.77.0.1');
      const client = execFileSync('ip', ['-o', 'link', 'show', 'master', 'user0'], { encoding: 'utf8' });
      assert.match(client, /veth/);
    }
    assert.equal(await waitForTraces(before), before);
    await assert.rejects(networkFixture({ bridge: 'lo' }), /existing interface lo is not a bridge/);
    await assert.rejects(networkFixture({ bridge: 'missing0' }), /missing0 must be created manually/);
  } finally {
    execFileSync('ip', ['link', 'delete', 'user0']);
  }
});

test('without a default bridge only none is left', async () => {
  await using fixture = await networkFixture({ bridge: 'none' });
  assert.deepEqual(
    (await fixture.networks.list()).map(({ Name }) => Name),
    ['host', 'none'],
  );
  assert.deepEqual(fixture.networks.hostGateways, []);
  await fixture.networks.attach(sandboxRequest('n', { mode: 'none' }), signal);
  await assert.rejects(fixture.networks.attach(sandboxRequest('b'), signal), { kind: 'notFound' });
});
