import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import type { CreateNetwork } from './networks.ts';
import { networkFixture, sandboxRequest, traces, waitForTraces } from './testing/network-fixture.ts';
import { HOST_ADDRESS, OUTSIDE_ADDRESS, OUTSIDE_ADDRESS_6, privateHost } from './testing/private-host.ts';
import { askFrom, serveIn } from './testing/sandbox-traffic.ts';

/**
 * Networks whose containers are reached by their own addresses: the other machine has its default route by the host.
 * Port maps are those of dockerd 28.5.
 */

const outside = privateHost();
after(() => outside[Symbol.dispose]());
const signal = new AbortController().signal;
const option = (name: string, value: string) => ({ [`com.docker.network.bridge.${name}`]: value });
const publish = {
  exposedPorts: ['90/tcp'],
  portBindings: { '80/tcp': [{ HostPort: '18080' }], '82/tcp': [{ HostIp: '127.0.0.1', HostPort: '18082' }] },
};
/** Whether the other machine gets an answer to a ping. */
function ping(address: string): boolean {
  try {
    execFileSync('nsenter', [`--net=${outside.netnsPath}`, 'busybox', 'ping', '-c', '1', '-W', '2', address]);
    return true;
  } catch {
    return false;
  }
}

test('on a routed network published ports are open at the container, nothing is translated, the rest is closed', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const before = traces();
  await networks.create({ name: 'rt', options: option('gateway_mode_ipv4', 'routed') });
  const web = await networks.attach(sandboxRequest('web', { mode: 'rt', ...publish }), signal);
  const address = web.endpoints['rt']?.IPAddress ?? '';
  assert.deepEqual(web.ports, {
    '80/tcp': [
      { HostIp: '0.0.0.0', HostPort: '' },
      { HostIp: '::', HostPort: '18080' },
    ],
    '82/tcp': [{ HostIp: '0.0.0.0', HostPort: '' }],
    '90/tcp': null,
  });
  {
    await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80', 'tcp:82', 'tcp:90']);
    await using _world = await serveIn(outside.netnsPath, 'world', ['tcp:80']);
    assert.equal(await askFrom(outside.netnsPath, address, 80), `web ${OUTSIDE_ADDRESS} hello`);
    assert.equal(await askFrom(outside.netnsPath, address, 82), `web ${OUTSIDE_ADDRESS} hello`);
    assert.equal(await askFrom(outside.netnsPath, address, 90), 'timeout');
    assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS, 18080), 'ECONNREFUSED');
    assert.equal(await askFrom(web.netnsPath, OUTSIDE_ADDRESS, 80), `world ${address} hello`, 'not masqueraded');
    assert.ok(ping(address));
    // Containers of other networks are others too.
    const other = await networks.attach(sandboxRequest('other'), signal);
    assert.match(await askFrom(other.netnsPath, address, 80), /^web /);
    assert.equal(await askFrom(other.netnsPath, address, 90), 'timeout');
    const restarted = await fixture.restart();
    await restarted.restore([{ ...web, containerId: 'web' }]);
    assert.equal(await askFrom(outside.netnsPath, address, 80), `web ${OUTSIDE_ADDRESS} hello`);
    execFileSync('nft', ['flush', 'ruleset']);
    // A start that publishes a port meets the missing table, and has it repaired.
    const portBindings = { '80/tcp': [{ HostPort: '18090' }] };
    await restarted.attach(sandboxRequest('late', { portBindings }), signal);
    assert.equal(await askFrom(outside.netnsPath, address, 80), `web ${OUTSIDE_ADDRESS} hello`, 'after a repair');
    assert.equal(await askFrom(outside.netnsPath, address, 90), 'timeout');
  }
  for (const id of ['web', 'late']) await fixture.networks.detach(id);
  await fixture.networks.remove('rt');
  assert.equal(await waitForTraces(before), before);
});

test('a container is reached by address in one family, and by the host in the other', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  await networks.create({ name: 'rt', enableIpv6: true, options: option('gateway_mode_ipv6', 'routed') });
  const web = await networks.attach(sandboxRequest('web', { mode: 'rt', ...publish }), signal);
  assert.deepEqual(web.ports['80/tcp'], [
    { HostIp: '::', HostPort: '' },
    { HostIp: '0.0.0.0', HostPort: '18080' },
  ]);
  await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80', 'tcp:90']);
  const { IPAddress = '', GlobalIPv6Address = '' } = web.endpoints['rt'] ?? {};
  assert.equal(await askFrom(outside.netnsPath, GlobalIPv6Address, 80), `web ${OUTSIDE_ADDRESS_6} hello`);
  assert.equal(await askFrom(outside.netnsPath, GlobalIPv6Address, 90), 'timeout');
  assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS, 18080), `web ${OUTSIDE_ADDRESS} hello`);
  assert.equal(await askFrom(outside.netnsPath, IPAddress, 80), 'timeout');
  await networks.detach('web');
});

test("packets of a trusted interface reach published ports by the container's address", async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const requests: readonly CreateNetwork[] = [
    { name: 'trusting', options: option('trusted_host_interfaces', 'nosuch0:lan0') },
    { name: 'wary', options: option('trusted_host_interfaces', 'nosuch0') },
  ];
  for (const request of requests) await networks.create(request);
  const [web, shy] = await Promise.all(
    requests.map(({ name }, at) =>
      networks.attach(
        sandboxRequest(name, {
          mode: name,
          portBindings: { '80/tcp': [{ HostPort: `1808${at}` }, { HostPort: `1809${at}` }] },
        }),
        signal,
      ),
    ),
  );
  const address = web?.endpoints['trusting']?.IPAddress ?? '';
  await using _server = await serveIn(web?.netnsPath ?? '', 'web', ['tcp:80', 'tcp:90']);
  await using _shy = await serveIn(shy?.netnsPath ?? '', 'shy', ['tcp:80']);
  assert.equal(await askFrom(outside.netnsPath, address, 80), `web ${OUTSIDE_ADDRESS} hello`);
  assert.equal(await askFrom(outside.netnsPath, address, 90), 'timeout');
  assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS, 18080), `web ${OUTSIDE_ADDRESS} hello`);
  assert.equal(await askFrom(outside.netnsPath, shy?.endpoints['wary']?.IPAddress ?? '', 80), 'timeout');
  const elements = () =>
    execFileSync('nft', ['list', 'set', 'ip', 'gantry-gtest0', 'trusted_ports'], { encoding: 'utf8' });
  assert.ok(elements().includes(`${address} . tcp . `), elements());
  for (const { name } of requests) await networks.detach(name);
  assert.doesNotMatch(elements(), /elements/);
  assert.deepEqual(fixture.logged, []);
});
