import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import { readSysctl } from '../linux/index.ts';
import { networkFixture, sandboxRequest } from './testing/network-fixture.ts';
import { HOST_ADDRESS, HOST_ADDRESS_6, privateHost } from './testing/private-host.ts';
import { askFrom, askTcp, askUdp, serveIn } from './testing/sandbox-traffic.ts';

/** `--iptables=false` and `--ip6tables=false`. */

const outside = privateHost();
after(() => outside[Symbol.dispose]());
const signal = new AbortController().signal;
const tables = (): readonly string[] =>
  execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('gantry'))
    .sort();
const publish = {
  portBindings: { '80/tcp': [{ HostPort: '18080' }], '80/udp': [{ HostPort: '18080' }] },
};

test('without a firewall no table is made, and published ports are relayed', async () => {
  await using fixture = await networkFixture({ iptables: false, ip6tables: false });
  const { networks } = fixture;
  await networks.create({ name: 'dual', enableIpv6: true });
  assert.deepEqual(tables(), []);
  assert.equal(readSysctl('net/ipv4/conf/gtest0/route_localnet'), '0');
  const web = await networks.attach(sandboxRequest('web', { mode: 'dual', ...publish }), signal);
  const { Gateway, IPv6Gateway } = web.endpoints['dual'] ?? {};
  await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80', 'udp:80']);
  assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS, 18080), `web ${Gateway} hello`);
  assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS_6, 18080), `web ${IPv6Gateway} hello`);
  assert.equal(await askTcp('127.0.0.1', 18080), `web ${Gateway} hello`);
  assert.match(await askUdp('127.0.0.1', 18080), /^web /);
  const restarted = await fixture.restart();
  await restarted.restore([{ ...web, containerId: 'web' }]);
  assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS, 18080), `web ${Gateway} hello`);
  assert.deepEqual(tables(), []);
  assert.deepEqual([fixture.logged, restarted.warnings()], [[], []]);
  await restarted.detach('web');
  assert.equal(await askTcp('127.0.0.1', 18080), 'ECONNREFUSED');
  await restarted.remove('dual');
});

test('each family has a firewall or not, and a start removes the table of an earlier one', async () => {
  await using fixture = await networkFixture({ ip6tables: false });
  const { networks, config } = fixture;
  await networks.create({ name: 'dual', enableIpv6: true });
  assert.deepEqual(tables(), ['table inet gantry-gtest0', 'table ip gantry-gtest0']);
  const web = await networks.attach(sandboxRequest('web', { mode: 'dual', ...publish }), signal);
  await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
  assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS, 18080), 'web 192.0.2.9 hello');
  assert.equal(
    await askFrom(outside.netnsPath, HOST_ADDRESS_6, 18080),
    `web ${web.endpoints['dual']?.IPv6Gateway} hello`,
  );
  Object.assign(config, { iptables: false, ip6tables: true });
  assert.equal(readSysctl('net/ipv4/conf/gtest0/route_localnet'), '1');
  const restarted = await fixture.restart();
  await restarted.restore([{ ...web, containerId: 'web' }]);
  assert.deepEqual(tables(), ['table inet gantry-gtest0', 'table ip6 gantry-gtest0']);
  assert.equal(readSysctl('net/ipv4/conf/gtest0/route_localnet'), '0', 'the rule that protects it is gone');
  assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS, 18080), `web ${web.endpoints['dual']?.Gateway} hello`);
  assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS_6, 18080), 'web 2001:db8::9 hello');
  await restarted.detach('web');
  await restarted.remove('dual');
});
