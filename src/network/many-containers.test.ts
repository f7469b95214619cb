import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import { linkIndex } from '../linux/index.ts';
import type { CreateNetwork, Networks } from './networks.ts';
import { networkFixture, sandboxRequest, traces, waitForTraces } from './testing/network-fixture.ts';
import { HOST_ADDRESS, OUTSIDE_ADDRESS, privateHost } from './testing/private-host.ts';
import { askFrom, serveIn } from './testing/sandbox-traffic.ts';

/** Networks with more containers than a bridge takes, here ten: see kernel/bridge-stars.ts. */

const outside = privateHost();
after(() => outside[Symbol.dispose]());
const signal = new AbortController().signal;
const COUNT = 25;

type Attached = Awaited<ReturnType<Networks['attach']>> & { readonly containerId: string };

async function attachMany(networks: Networks): Promise<readonly Attached[]> {
  const all: Attached[] = [];
  for (let at = 0; at < COUNT; at++) {
    const portBindings = { '80/tcp': [{ HostPort: String(18300 + at) }] };
    const containerId = `c${at}`;
    all.push({
      ...(await networks.attach(sandboxRequest(containerId, { mode: 'wide', portBindings }), signal)),
      containerId,
    });
  }
  return all;
}

const pathsOf = (all: readonly Attached[]): readonly string[] => all.map(({ netnsPath }) => netnsPath);

async function detachAll(networks: Networks): Promise<void> {
  await Promise.all(Array.from({ length: COUNT }, (_, at) => networks.detach(`c${at}`)));
}

const network = (change: Partial<CreateNetwork> = {}): CreateNetwork => ({
  name: 'wide',
  ipam: { pools: [{ subnet: '10.71.0.0/24', ipRange: '', gateway: '', auxAddresses: {} }] },
  ...change,
});
/** The address of the container with this number. */
const address = (at: number): string => `10.71.0.${at + 2}`;
const inside = (command: string, ...args: readonly string[]): string =>
  execFileSync(command, args, { encoding: 'utf8' });
const leaves = (): readonly string[] =>
  execFileSync('ip', ['-br', 'link', 'show', 'type', 'bridge'], { encoding: 'utf8' }).match(/gl\d+-\w+/g) ?? [];

test('a network with more containers than a bridge takes is one network', async () => {
  await using fixture = await networkFixture({ portsPerBridge: 10 });
  const { networks } = fixture;
  const before = traces();
  await networks.create(network());
  const paths = pathsOf(await attachMany(networks));
  assert.equal(leaves().length, 2);
  const [onHub = '', onFirst = '', onSecond = ''] = [paths[0], paths[12], paths[24]];
  for (const [at, path] of [onHub, onFirst, onSecond].entries()) {
    await using _server = await serveIn(path, `server ${at}`, ['tcp:80']);
    const own = address(at * 12);
    const reply = new RegExp(`^server ${at} `);
    for (const client of [0, 1, 11, 12, 13, 23, 24]) {
      if (client === at * 12) continue;
      assert.match(await askFrom(paths[client] ?? '', own, 80), reply, `from ${client} to ${own}`);
      assert.match(
        await askFrom(paths[client] ?? '', HOST_ADDRESS, 18300 + at * 12),
        reply,
        `from ${client} by the published port`,
      );
    }
    assert.match(await askFrom(outside.netnsPath, HOST_ADDRESS, 18300 + at * 12), reply);
    assert.match(await askFrom(path, HOST_ADDRESS, 18300 + at * 12), reply, 'by its own published port');
  }
  await detachAll(networks);
  await networks.remove('wide');
  assert.equal(await waitForTraces(before), before);
});

test('an internal wide network has no way out; one without talk between containers stays on one bridge', async () => {
  await using fixture = await networkFixture({ portsPerBridge: 10 });
  const { networks } = fixture;
  const before = traces();
  const options = { 'com.docker.network.bridge.enable_icc': 'false' };
  await networks.create(network({ options }));
  const paths = pathsOf(await attachMany(networks));
  assert.deepEqual(leaves(), []);
  {
    await using _server = await serveIn(paths[12] ?? '', 'web', ['tcp:80']);
    assert.doesNotMatch(await askFrom(paths[24] ?? '', address(12), 80), /web/);
    assert.match(await askFrom(paths[24] ?? '', HOST_ADDRESS, 18312), /web/);
  }
  await detachAll(networks);
  await networks.remove('wide');

  await networks.create(network({ internal: true }));
  const inner = pathsOf(await attachMany(networks));
  {
    await using _server = await serveIn(inner[24] ?? '', 'web', ['tcp:80']);
    assert.match(await askFrom(inner[0] ?? '', address(24), 80), /web/);
    assert.doesNotMatch(await askFrom(outside.netnsPath, address(24), 80), /web/);
  }
  {
    await using _far = await serveIn(outside.netnsPath, 'far', ['tcp:80']);
    const [leaf = ''] = leaves();
    const lladdr = /link\/ether ([0-9a-f:]+)/.exec(inside('ip', '-o', 'link', 'show', leaf))?.[1] ?? '';
    const path = inner[12] ?? '';
    inside('nsenter', `--net=${path}`, 'ip', 'route', 'add', 'default', 'via', '10.71.0.1', 'dev', 'eth0');
    inside('nsenter', `--net=${path}`, 'ip', 'neigh', 'replace', '10.71.0.1', 'lladdr', lladdr, 'dev', 'eth0');
    assert.doesNotMatch(await askFrom(path, OUTSIDE_ADDRESS, 80), /far/, 'a leaf does not route');
  }
  await detachAll(networks);
  await networks.remove('wide');
  assert.equal(await waitForTraces(before), before);
});

test('a wide network is kept by a restart, and repaired after others removed its parts', async () => {
  await using fixture = await networkFixture({ portsPerBridge: 10 });
  const before = traces();
  await fixture.networks.create(network());
  const all = await attachMany(fixture.networks);
  const paths = pathsOf(all);
  const [first = ''] = leaves();
  await using server = await serveIn(paths[12] ?? '', 'web', ['tcp:80']);
  const isWhole = async (after: string): Promise<void> => {
    for (const client of [0, 13, 24]) {
      assert.match(
        await retried(() => askFrom(paths[client] ?? '', address(12), 80)),
        /web/,
        `from ${client} after ${after}`,
      );
    }
    assert.match(await retried(() => askFrom(outside.netnsPath, HOST_ADDRESS, 18312)), /web/, after);
  };
  const networks = await fixture.restart();
  await networks.restore(all);
  assert.equal(leaves().length, 2);

  for (const change of [
    ['link', 'delete', first],
    ['link', 'set', first, 'down'],
    ['link', 'delete', first.replace('gl', 'gh')],
  ]) {
    execFileSync('ip', change);
    await isWhole(change.join(' '));
    assert.notEqual(linkIndex(first), undefined, change.join(' '));
  }
  await server[Symbol.asyncDispose]();
  await detachAll(networks);
  await networks.remove('wide');
  assert.equal(await waitForTraces(before), before);
});

/** The repair follows within a second. */
async function retried(ask: () => Promise<string>): Promise<string> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const reply = await ask();
    if (reply.includes('web')) return reply;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  return ask();
}
