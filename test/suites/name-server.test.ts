import assert from 'node:assert/strict';
import { closeSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { bindHostPort } from '../../src/linux/index.ts';
import { fakeNameServer } from '../../src/network/testing/fake-name-server.ts';
import type { SandboxNames } from '../../src/spec/index.ts';
import { eventually } from '../support/fixture.ts';
import { nameServerPid } from '../support/resources.ts';
import { TaskHost } from '../support/task-host.ts';
import { CalledMethods } from './called-methods.ts';
import { nameServerSuite } from './name-server.suite.ts';

let host: TaskHost;
before(async () => {
  host = await TaskHost.open();
});
after(async () => {
  await host[Symbol.asyncDispose]();
});

nameServerSuite('name server of the supervisor', () => ({
  server: host.runtime.nameServer,
  replace: async () => void process.kill(host.supervisorPid, 'SIGKILL'),
}));
const fake = fakeNameServer();
const called = new CalledMethods();
nameServerSuite('fake name server', () => ({
  server: called.watch(fake, ['sandboxes', 'replace']),
  replace: async () => fake.replace(),
}));
test('fake name server: its suite uses each of its members', () => called.assertAll());

test('names that the server refuses leave the former ones, and no other sandbox without a server', async () => {
  const { nameServer } = host.runtime;
  await put('good');
  await put('other');
  const bad = { ...sandbox('good'), endpoints: [{ networkId: '', network: '', names: [''], addresses: ['x'] }] };
  await assert.rejects(nameServer.put(bad), { kind: 'failed', message: /^name server: / });
  await killNameServer();
  await nameServer.put(sandbox('other'));
  await nameServer.put(sandbox('good'));
  await assert.rejects(put('third', { ...bad, sandboxId: 'third' }), { kind: 'failed' });
  assert.deepEqual([...(await nameServer.served())].sort(), ['good', 'other']);
  await nameServer.drop(['good', 'other']);
});

test('a server that dies while its successor is being filled is followed by one more, and no connection replaces another for ever', async () => {
  const { nameServer } = host.runtime;
  for (let index = 0; index < 20; index++) await put(`s${index}`);
  for (let round = 0; round < 3; round++) {
    const connections = connected();
    await killNameServer();
    for (let turn = 0; connected() === connections && turn < 2000; turn++) await delay(1);
    await killNameServer();
  }
  await nameServer.put(sandbox('s0'));
  const settled = connected();
  await delay(1000);
  assert.equal(connected(), settled);
  await nameServer.drop((await nameServer.served()).slice());
});

test('a server that is stuck is replaced, and the request that waited for it succeeds', async () => {
  const { nameServer } = host.runtime;
  await put('one');
  const stuck = nameServerPid(host);
  process.kill(stuck, 'SIGSTOP');
  await nameServer.put(sandbox('one'));
  assert.notEqual(nameServerPid(host), stuck);
  await nameServer.drop(['one']);
});

function sandbox(sandboxId: string): SandboxNames {
  return { sandboxId, netnsPath: '/proc/self/ns/net', endpoints: [], forward: { enabled: false, servers: [] } };
}

async function put(sandboxId: string, names = sandbox(sandboxId)): Promise<void> {
  const open = (protocol: 'udp' | 'tcp'): number => bindHostPort({ protocol, address: '127.0.0.11', port: 0 });
  const sockets = { udp: open('udp'), tcp: open('tcp') };
  try {
    await host.runtime.nameServer.put(names, sockets);
  } finally {
    closeSync(sockets.udp);
    closeSync(sockets.tcp);
  }
}

async function killNameServer(): Promise<void> {
  await eventually(async () => void process.kill(nameServerPid(host), 'SIGKILL'));
}

/** How often the name server has greeted the supervisor. */
function connected(): number {
  return readFileSync(`${host.execRoot}/supervisor/supervisor.log`, 'utf8').split('client connected').length;
}
