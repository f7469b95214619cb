import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '../../base/logger.ts';
import { bindHostPort } from '../../linux/index.ts';
import { CONNECT_MS, relayPort } from './port-relay.ts';
import { RelayBudget, relayBudget } from './relay-budget.ts';

const HOST = '127.0.0.1';

/** A server that sends back what it receives, in the place of a container. */
async function echo(t: TestContext): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, HOST);
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Relays a free port of the host and returns it. */
async function relay(t: TestContext, budget: RelayBudget, to: { readonly protocol: 'tcp' | 'udp'; port: number }) {
  const hostPort = await freePort(to.protocol);
  const fd = bindHostPort({ protocol: to.protocol, address: HOST, port: hostPort });
  const deps = { logger: silentLogger, budget };
  const relayed = relayPort({ ...to, hostAddress: HOST, hostPort, fd }, () => HOST, deps);
  t.after(() => relayed[Symbol.dispose]());
  return hostPort;
}

async function freePort(protocol: 'tcp' | 'udp'): Promise<number> {
  const holder = protocol === 'tcp' ? createServer().listen(0, HOST) : createSocket('udp4').bind(0, HOST);
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  holder.close();
  await once(holder, 'close');
  return port;
}

/** Connects, and returns the connection when it carries bytes. Undefined when it was closed. */
async function client(port: number): Promise<Socket | undefined> {
  const socket = connect({ host: HOST, port });
  socket.on('error', () => {});
  socket.write('x');
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once('data', () => resolve(true)).once('close', () => resolve(false));
  return (await promise) ? socket : undefined;
}

test('relayed connections end at the budget, of a port and of all, and free it when they close', async (t) => {
  const budget = new RelayBudget(16);
  const container = { protocol: 'tcp', port: await echo(t) } as const;
  const one = await relay(t, budget, container);
  const open = [await client(one), await client(one)];
  assert.ok(open.every((socket) => socket !== undefined));
  assert.equal(await client(one), undefined, 'a third of one port');
  const taken = 12;
  assert.equal(budget.left, taken);
  budget.take(taken - 1);
  const other = await relay(t, budget, container);
  assert.equal(await client(other), undefined, 'one descriptor is not enough');
  for (const socket of open) socket?.destroy();
  while (budget.left < 5) await new Promise((resolve) => setImmediate(resolve));
  const again = await client(other);
  assert.ok(again !== undefined);
  again.destroy();
});

test('a connection that the container never accepts ends', async (t) => {
  // It stops accepting, and its short queue is full.
  const script = `
    const server = require('net').createServer().listen({ port: 0, host: '${HOST}', backlog: 1 }, () => {
      require('fs').writeSync(1, String(server.address().port));
      process.kill(process.pid, 'SIGSTOP');
    });`;
  const stopped = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => stopped.kill('SIGKILL'));
  const [text] = await once(stopped.stdout, 'data');
  const port = Number(text);
  const queue = Array.from({ length: 8 }, () => connect({ host: HOST, port }).on('error', () => {}));
  t.after(() => queue.forEach((socket) => void socket.destroy()));
  await Promise.all(queue.slice(0, 2).map((socket) => once(socket, 'connect')));

  const budget = new RelayBudget(100);
  const hostPort = await relay(t, budget, { protocol: 'tcp', port });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const waiting = client(hostPort);
  while (budget.left === 100) await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(CONNECT_MS);
  assert.equal(await waiting, undefined);
  while (budget.left < 100) await new Promise((resolve) => setImmediate(resolve));
});

test('a UDP client beyond the budget takes the place of the oldest', async (t) => {
  const server = createSocket('udp4', (bytes, { port, address }) => server.send(bytes, port, address)).bind(0, HOST);
  await once(server, 'listening');
  t.after(() => server.close());
  const budget = new RelayBudget(8);
  const hostPort = await relay(t, budget, { protocol: 'udp', port: server.address().port });
  for (let i = 0; i < 5; i++) {
    const socket = createSocket('udp4');
    socket.send(String(i), hostPort, HOST);
    const [reply] = await once(socket, 'message');
    assert.equal(String(reply), String(i));
    socket.close();
  }
  assert.equal(budget.left, 6, 'two clients of the port are left');
});

test('the budget is a part of the limit of open files', () => {
  const row = (soft: string): string =>
    `Max open files            ${soft}               524288               files     \n`;
  assert.equal(relayBudget(row('4096')).left, 1024);
  assert.equal(relayBudget(row('1048576')).left, 32_768);
  assert.equal(relayBudget(row('unlimited')).perPort, 8192);
});
