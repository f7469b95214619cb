import assert from 'node:assert/strict';
import { closeSync } from 'node:fs';
import { test } from 'node:test';
import { bindHostPort } from '../../src/linux/index.ts';
import type { NameServer } from '../../src/network/index.ts';
import type { SandboxNames } from '../../src/spec/index.ts';

export interface NameServerFixture {
  readonly server: NameServer;
  /** Makes another server take the place of this one, which has no sandbox. */
  replace(): Promise<void>;
}

/** Registers the tests that every implementation passes. `open` returns the same server each time. */
export function nameServerSuite(name: string, open: () => NameServerFixture): void {
  test(`${name}: a sandbox is served from its first put, which has sockets, until it is dropped`, async () => {
    const { server } = open();
    const one = sandbox('one');
    await assert.rejects(server.put(one), { kind: 'notFound', message: /no sockets of/ });
    await putWithSockets(server, one);
    await server.put({ ...one, endpoints: [] });
    await putWithSockets(server, sandbox('two'));
    assert.deepEqual([...(await server.served())].sort(), ['one', 'two']);
    await server.drop(['one', 'unknown']);
    assert.deepEqual(await server.served(), ['two']);
    await assert.rejects(server.put(one), { kind: 'notFound' });
    await putWithSockets(server, one);
    await server.drop(['one', 'two']);
    assert.deepEqual(await server.served(), []);
  });

  test(`${name}: a put with sockets of a sandbox that is served replaces them`, async () => {
    const { server } = open();
    await putWithSockets(server, sandbox('one'));
    await putWithSockets(server, sandbox('one'));
    assert.deepEqual(await server.served(), ['one']);
    await server.drop(['one']);
  });

  test(`${name}: its listener hears of another server, which serves what it is given`, async () => {
    const { server, replace } = open();
    const heard = Promise.withResolvers<void>();
    server.onReplaced(heard.resolve);
    await replace();
    await heard.promise;
    await putWithSockets(server, sandbox('one'));
    assert.deepEqual(await server.served(), ['one']);
    await server.drop(['one']);
  });
}

function sandbox(sandboxId: string): SandboxNames {
  return {
    sandboxId,
    netnsPath: '/proc/self/ns/net',
    endpoints: [{ networkId: 'n', network: 'net', names: [sandboxId], addresses: ['10.0.0.2'] }],
    forward: { enabled: false, servers: [] },
  };
}

/** Puts a sandbox with new sockets, as the networks do. */
async function putWithSockets(server: NameServer, names: SandboxNames): Promise<void> {
  const open = (protocol: 'udp' | 'tcp'): number => bindHostPort({ protocol, address: '127.0.0.11', port: 0 });
  const sockets = { udp: open('udp'), tcp: open('tcp') };
  try {
    await server.put(names, sockets);
  } finally {
    closeSync(sockets.udp);
    closeSync(sockets.tcp);
  }
}
