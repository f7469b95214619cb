import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import { networkFixture, sandboxRequest, traces, waitForTraces } from '../../src/network/testing/network-fixture.ts';
import { privateHost } from '../../src/network/testing/private-host.ts';
import { askFrom, serveIn } from '../../src/network/testing/sandbox-traffic.ts';

/** More containers in one network than a kernel bridge has ports (1,023), at the engine's own limits. */
const COUNT = 1100;
const signal = new AbortController().signal;
const outside = privateHost();
after(() => outside[Symbol.dispose]());

test(`${COUNT} containers in one network reach each other`, async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const before = traces();
  const ipam = { pools: [{ subnet: '10.72.0.0/16', ipRange: '', gateway: '', auxAddresses: {} }] };
  await networks.create({ name: 'wide', ipam });
  const paths: string[] = [];
  const addresses: string[] = [];
  for (let at = 0; at < COUNT; at++) {
    const sandbox = await networks.attach(sandboxRequest(`c${at}`, { mode: 'wide' }), signal);
    paths.push(sandbox.netnsPath);
    addresses.push(sandbox.endpoints['wide']?.IPAddress ?? '');
  }
  assert.equal(new Set(addresses).size, COUNT);
  const ports = execFileSync('ip', ['-o', 'link', 'show', 'type', 'bridge_slave'], { encoding: 'utf8' });
  assert.ok(ports.split('\n').length > COUNT);
  const last = COUNT - 1;
  await using _first = await serveIn(paths[0] ?? '', 'first', ['tcp:80']);
  await using _last = await serveIn(paths[last] ?? '', 'last', ['tcp:80']);
  for (const client of [1, 499, 500, 700, 999, 1000, last - 1]) {
    assert.match(await askFrom(paths[client] ?? '', addresses[0] ?? '', 80), /^first /, `from ${client}`);
    assert.match(await askFrom(paths[client] ?? '', addresses[last] ?? '', 80), /^last /, `from ${client}`);
  }
  await _first[Symbol.asyncDispose]();
  await _last[Symbol.asyncDispose]();
  await Promise.all(paths.map((_, at) => networks.detach(`c${at}`)));
  await networks.remove('wide');
  assert.equal(await waitForTraces(before), before);
});

test('a network without talk between containers stays on one bridge, and says when that is full', async () => {
  await using fixture = await networkFixture();
  const { networks } = fixture;
  const before = traces();
  const options = { 'com.docker.network.bridge.enable_icc': 'false' };
  const ipam = { pools: [{ subnet: '10.73.0.0/16', ipRange: '', gateway: '', auxAddresses: {} }] };
  await networks.create({ name: 'quiet', options, ipam });
  const attach = (at: number) => networks.attach(sandboxRequest(`c${at}`, { mode: 'quiet' }), signal);
  for (let at = 0; at < 1023; at++) await attach(at);
  await assert.rejects(attach(1023), {
    message: /is full: a network with enable_icc=false takes at most 1,023 containers/,
  });
  await Promise.all(Array.from({ length: 1023 }, (_, at) => networks.detach(`c${at}`)));
  await networks.remove('quiet');
  assert.equal(await waitForTraces(before), before);
});
