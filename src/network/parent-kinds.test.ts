import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import type { CreateNetwork } from './networks.ts';
import { networkFixture, sandboxRequest, traces, waitForTraces } from './testing/network-fixture.ts';
import { OUTSIDE_ADDRESS, privateHost } from './testing/private-host.ts';
import { askFrom, serveIn } from './testing/sandbox-traffic.ts';

/**
 * VLAN devices, dummy links and ipvlan links. Kernels without the module refuse them, in Docker's words; `npm run
 * test:kernels` runs this file with kernels that have them.
 */

const outside = privateHost();
after(() => outside[Symbol.dispose]());
const signal = new AbortController().signal;
const inside = (netnsPath: string, command: string): string =>
  execFileSync('nsenter', [`--net=${netnsPath}`, ...command.split(' ')], { encoding: 'utf8' });
const ip = (command: string): string => execFileSync('ip', command.split(' '), { encoding: 'utf8' });

/** Whether the kernel makes such links. */
function has(link: string): boolean {
  try {
    execFileSync('ip', `link add probe0 ${link}`.split(' '), { stdio: 'pipe' });
  } catch {
    return false;
  }
  ip('link delete probe0');
  return true;
}

function network(driver: string, options: Record<string, string>, change: Partial<CreateNetwork> = {}): CreateNetwork {
  const lan = { subnet: '192.0.2.0/24', ipRange: '192.0.2.128/25', gateway: OUTSIDE_ADDRESS, auxAddresses: {} };
  return { name: 'net', driver, options, ipam: { driver: 'default', options: {}, pools: [lan] }, ...change };
}

test('a missing VLAN device is made with its network, made again at a start, and removed with the network', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const before = traces();
  const request = network('macvlan', { parent: 'lan0.10' });
  if (!has('link lan0 type vlan id 11')) {
    await assert.rejects(networks.create(request), {
      message: 'failed to create lan0.10 vlan link: operation not supported',
    });
    assert.equal(traces(), before);
    return;
  }
  await networks.create(request);
  assert.match(ip('-d link show lan0.10'), /vlan protocol 802.1Q id 10/);
  ip('link delete lan0.10');
  const restarted = await fixture.restart();
  await restarted.restore([]);
  assert.match(ip('-o link show lan0.10'), /UP/);
  ip('link delete lan0.10');
  const web = await restarted.attach(sandboxRequest('web', { mode: 'net' }), signal);
  assert.match(inside(web.netnsPath, 'ip -o -d link show eth0'), /macvlan mode bridge/);
  await restarted.detach('web');
  await restarted.remove('net');
  assert.equal(await waitForTraces(before), before);
});

test('a network without a parent has a dummy link of its own', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const before = traces();
  const request = network('macvlan', {});
  if (!has('type dummy')) {
    await assert.rejects(networks.create(request), { message: 'operation not supported' });
    assert.equal(traces(), before);
    return;
  }
  const { id } = await networks.create(request);
  assert.match(ip(`-d link show dm-${id.slice(0, 12)}`), /dummy/);
  const [one, two] = await Promise.all(
    ['one', 'two'].map((name) => networks.attach(sandboxRequest(name, { mode: 'net' }), signal)),
  );
  {
    await using _server = await serveIn(one?.netnsPath ?? '', 'one', ['tcp:80']);
    const { IPAddress = '' } = one?.endpoints['net'] ?? {};
    assert.equal(await askFrom(two?.netnsPath ?? '', IPAddress, 80), `one ${two?.endpoints['net']?.IPAddress} hello`);
  }
  await networks.detach('one');
  await networks.detach('two');
  await networks.remove('net');
  assert.equal(await waitForTraces(before), before);
});

for (const mode of ['l2', 'l3', 'l3s'] as const) {
  test(`ipvlan in mode ${mode}`, async () => {
    await using fixture = await networkFixture();
    const { networks } = fixture;
    await networks.create(network('ipvlan', { parent: 'lan0', ipvlan_mode: mode }));
    const attached = networks.attach(sandboxRequest('web', { mode: 'net' }), signal);
    if (!has('link lan0 type ipvlan')) {
      await assert.rejects(attached, {
        message: 'failed to set up container networking: failed to create the ipvlan port: operation not supported',
      });
      return;
    }
    const web = await attached;
    const near = await networks.attach(sandboxRequest('near', { mode: 'net' }), signal);
    const { IPAddress = '', Gateway, MacAddress } = web.endpoints['net'] ?? {};
    assert.deepEqual([IPAddress, Gateway, MacAddress], ['192.0.2.128', mode === 'l2' ? OUTSIDE_ADDRESS : '', '']);
    assert.match(inside(web.netnsPath, 'ip -o -d link show eth0'), new RegExp(`ipvlan +mode ${mode} bridge`));
    const route = mode === 'l2' ? /^default via 192\.0\.2\.9 dev eth0/ : /^default dev eth0/;
    assert.match(inside(web.netnsPath, 'ip route show default'), route);
    await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
    assert.equal(await askFrom(near.netnsPath, IPAddress, 80), `web ${near.endpoints['net']?.IPAddress} hello`);
    if (mode === 'l2') assert.equal(await askFrom(outside.netnsPath, IPAddress, 80), `web ${OUTSIDE_ADDRESS} hello`);
    await networks.detach('web');
    await networks.detach('near');
    await networks.remove('net');
  });
}

test('requests for ipvlan networks that cannot be met', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const refusals: readonly (readonly [Record<string, string>, string])[] = [
    [{ parent: 'lo' }, 'loopback interface is not a valid ipvlan parent link'],
    [
      { parent: 'lan0', ipvlan_mode: 'foo' },
      "requested ipvlan mode 'foo' is not valid, 'l2' mode is the ipvlan driver default",
    ],
    [
      { parent: 'lan0', ipvlan_flag: 'foo' },
      "requested ipvlan flag 'foo' is not valid, 'bridge' is the ipvlan driver default",
    ],
  ];
  for (const [options, message] of refusals)
    await assert.rejects(networks.create(network('ipvlan', options)), { message });
});
