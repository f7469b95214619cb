import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import { networkFixture, sandboxRequest, traces, waitForTraces } from './testing/network-fixture.ts';
import { HOST_ADDRESS, HOST_ADDRESS_6, OUTSIDE_ADDRESS, privateHost } from './testing/private-host.ts';
import { askFrom, askTcp, askUdp, serveIn } from './testing/sandbox-traffic.ts';

/** The host's own rules: the chain `gantry-user`, and published ports that obey the rules for input. */

const outside = privateHost();
after(() => outside[Symbol.dispose]());
const signal = new AbortController().signal;
const nft = (input: string): string => execFileSync('nft', ['-f', '-'], { encoding: 'utf8', input });
const listed = (): string => nft('list table inet gantry-gtest0');
const rule = (text: string): void => void nft(`add rule inet gantry-gtest0 gantry-user ${text}`);
const publish = { portBindings: { '80/tcp': [{ HostPort: '18080' }], '80/udp': [{ HostPort: '18080' }] } };

/** The answer of a server that must answer. A machine under load may need more time than one question has. */
async function answer(ask: () => Promise<string>): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const text = await ask();
    if (text !== 'timeout' || attempt === 4) return text;
  }
}

test('rules in gantry-user precede those of the engine, which keeps them through restarts, repairs and its end', async () => {
  const before = traces();
  {
    await using fixture = await networkFixture();
    let { networks } = fixture;
    await networks.create({ name: 'dual', enableIpv6: true });
    const web = await networks.attach(sandboxRequest('web', { mode: 'dual', ...publish }), signal);
    await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80', 'udp:80']);
    await using _far = await serveIn(outside.netnsPath, 'far', ['tcp:80']);
    assert.equal(await answer(() => askFrom(outside.netnsPath, HOST_ADDRESS, 18080)), `web ${OUTSIDE_ADDRESS} hello`);
    assert.match(await answer(() => askFrom(web.netnsPath, OUTSIDE_ADDRESS, 80)), /^far /);

    rule('iifname lan0 meta l4proto tcp ct original proto-dst 18080 counter drop comment "mine"');
    rule(`iifname != lan0 ip daddr ${OUTSIDE_ADDRESS} reject with tcp reset`);
    assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS_6, 18080), 'timeout', 'the drop');
    const areObeyed = async (when: string): Promise<void> => {
      assert.match(listed(), /comment "mine"/, when);
      assert.equal(await askFrom(outside.netnsPath, HOST_ADDRESS, 18080), 'timeout', when);
      assert.equal(await answer(() => askFrom(web.netnsPath, OUTSIDE_ADDRESS, 80)), 'ECONNREFUSED', when);
      assert.match(await answer(() => askTcp('127.0.0.1', 18080)), /^web /, when);
    };
    await areObeyed('at once');
    networks = await fixture.restart();
    await networks.restore([{ ...web, containerId: 'web' }]);
    await areObeyed('after a restart of the daemon');
    nft('delete table ip gantry-gtest0');
    const repaired = await networks.attach(sandboxRequest('b', { portBindings: { '80/tcp': [{}] } }), signal);
    assert.ok(repaired);
    await areObeyed('after a repair of the other tables');
    // An older layout makes the engine replace its table.
    nft('delete table ip gantry-gtest0\nadd table ip gantry-gtest0\n');
    nft('add map ip gantry-gtest0 ports { type inet_service : ipv4_addr; }');
    networks = await fixture.restart();
    await networks.restore([
      { ...web, containerId: 'web' },
      { ...repaired, containerId: 'b' },
    ]);
    await areObeyed('after an upgrade');
    await networks.detach('web');
    await networks.detach('b');
    await networks.remove('dual');
  }
  assert.match(listed(), /comment "mine"/, "after the engine's end");
  nft('delete table inet gantry-gtest0');
  assert.equal(await waitForTraces(before), before);
});

test('the chain is made again, empty, when somebody flushes the firewall, and a policy there is kept', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  rule('counter comment "mine"');
  nft('chain inet gantry-gtest0 gantry-user { policy drop; }');
  const restarted = await fixture.restart();
  await restarted.restore([]);
  assert.match(listed(), /policy drop;\s+counter packets \d+ bytes \d+ comment "mine"/);
  nft('flush ruleset');
  await restarted.attach(sandboxRequest('web', publish), signal);
  assert.match(
    listed(),
    /chain gantry-user \{\s+type filter hook forward priority (-10|filter - 10); policy accept;\s+\}/,
  );
  assert.match(fixture.logged.join('\n'), /your own rules, in the chain gantry-user too, are not/);
  await restarted.detach('web');
  assert.ok(networks);
});

test('with publish-through-input the rules for input decide about published ports', async () => {
  const before = traces();
  nft(`add table inet guard
add chain inet guard input { type filter hook input priority 0; }
add rule inet guard input iifname lan0 tcp dport 18080 drop
add rule inet guard input iifname lan0 ip6 nexthdr tcp tcp dport 18080 drop`);
  try {
    await using fixture = await networkFixture();
    const { config } = fixture;
    await fixture.networks.create({ name: 'dual', enableIpv6: true });
    const wanted = { '80/tcp': [{ HostPort: '18080' }, { HostPort: '18081' }], '80/udp': [{ HostPort: '18080' }] };
    const request = sandboxRequest('web', { mode: 'dual', portBindings: wanted });
    const web = await fixture.networks.attach(request, signal);
    await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80', 'udp:80']);
    assert.match(await answer(() => askFrom(outside.netnsPath, HOST_ADDRESS, 18080)), /^web /, 'without the option');

    Object.assign(config, { publishThroughInput: true });
    const networks = await fixture.restart();
    await networks.restore([{ ...web, containerId: 'web' }]);
    const { Gateway, IPv6Gateway } = web.endpoints['dual'] ?? {};
    for (const host of [HOST_ADDRESS, HOST_ADDRESS_6]) {
      assert.equal(await askFrom(outside.netnsPath, host, 18080), 'timeout', `${host} is closed`);
    }
    assert.equal(await answer(() => askFrom(outside.netnsPath, HOST_ADDRESS, 18081)), `web ${Gateway} hello`);
    assert.equal(await answer(() => askFrom(outside.netnsPath, HOST_ADDRESS_6, 18081)), `web ${IPv6Gateway} hello`);
    assert.equal(await answer(() => askTcp('127.0.0.1', 18080)), `web ${Gateway} hello`);
    assert.match(await answer(() => askUdp(HOST_ADDRESS, 18080)), /^web /);
    assert.doesNotMatch(nft('list map ip gantry-gtest0 ports'), /1808/);
    const other = await networks.attach(sandboxRequest('other'), signal);
    assert.equal(
      await answer(() => askFrom(other.netnsPath, HOST_ADDRESS, 18080)),
      `web ${Gateway} hello`,
      'by another container',
    );

    await assert.rejects(
      networks.attach(sandboxRequest('s', { portBindings: { '80/sctp': [{ HostPort: '18082' }] } }), signal),
      /port 80\/sctp cannot be relayed: the engine runs with publish-through-input$/,
    );
    await networks.detach('web');
    await networks.detach('other');
    await networks.remove('dual');
  } finally {
    nft('delete table inet guard');
  }
  assert.equal(await waitForTraces(before), before);
});
