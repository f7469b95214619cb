import assert from 'node:assert/strict';
import type { Buffer } from 'node:buffer';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { boundPort, openPidfd, takeDescriptor } from '../linux/index.ts';
import { JsonLines, type NamesHelloReply, type NamesResponse, nameServerSocket } from '../spec/index.ts';
import { decodeReply, namesOf, openSandbox, queryFor } from './names.fixture.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'names-'));
  writeFileSync(join(folder, 'resolv.conf'), '');
});
after(() => rmSync(folder, { recursive: true }));

/** A process gantry-names. It is killed when a test fails to end it. */
interface NameServer extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Resolves to all that it has logged. */
  readonly ended: Promise<string>;
}

async function start(execRoot: string): Promise<NameServer> {
  const args = [MAIN, '--exec-root', execRoot, '--resolv-conf', join(folder, 'resolv.conf')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const ended = once(child, 'close').then(() => log);
  for (let tries = 0; !log.includes('name server listens'); tries++) {
    assert.ok(child.exitCode === null && tries < 1000, log);
    await sleep(10);
  }
  return {
    child,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** The supervisor's side of the protocol. */
class Client implements Disposable {
  readonly socket: Socket;
  readonly #lines = new JsonLines(1 << 20);
  readonly #received: unknown[] = [];

  constructor(execRoot: string) {
    this.socket = connect(nameServerSocket(execRoot));
    this.socket.on('data', (chunk: Buffer) => this.#received.push(...this.#lines.push(chunk)));
    this.socket.on('error', () => {});
  }

  async next(): Promise<unknown> {
    for (let tries = 0; this.#received.length === 0; tries++) {
      assert.ok(tries < 1000 && !this.socket.destroyed, 'no line came');
      await sleep(5);
    }
    return this.#received.shift();
  }

  send(message: object): void {
    this.socket.write(`${JSON.stringify(message)}\n`);
  }

  async hello(): Promise<NamesHelloReply> {
    this.send({ version: 1, pid: process.pid });
    return (await this.next()) as NamesHelloReply;
  }

  async request(message: object): Promise<NamesResponse> {
    this.send(message);
    return (await this.next()) as NamesResponse;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

let roots = 0;
function newRoot(): string {
  const execRoot = join(folder, `root-${roots++}`);
  mkdirSync(execRoot);
  return execRoot;
}

const WEB = queryFor('web', 1);
const addressOf = (reply: Buffer | undefined): readonly string[] | undefined => reply && decodeReply(reply).answers;

test('what is asked between the death of a server and its successor is answered', async () => {
  const execRoot = newRoot();
  using sandbox = openSandbox();
  const names = namesOf('s', { netnsPath: sandbox.path });
  const put = { id: 1, op: 'put', names, sockets: sandbox.sockets };
  const datagrams = await sandbox.datagrams();
  const ids = new Set<number>();
  {
    await using server = await start(execRoot);
    using client = new Client(execRoot);
    assert.deepEqual(await client.hello(), { version: 1, pid: server.child.pid, sandboxes: [] });
    assert.deepEqual(await client.request(put), { id: 1, ok: true });
    assert.deepEqual(addressOf(await sandbox.askUdp(WEB)), ['10.0.0.2']);
    assert.deepEqual((await sandbox.askTcp(WEB, WEB)).map(addressOf), [['10.0.0.2'], ['10.0.0.2']]);
    const [unknown] = await sandbox.askTcp(queryFor('example.com', 1));
    assert.equal(unknown && decodeReply(unknown).rcode, 2);
    server.child.kill('SIGKILL');
    await server.ended;
  }
  datagrams.on('message', (reply: Buffer) => ids.add(decodeReply(reply).id));
  for (let id = 0; id < 100; id++) datagrams.send(queryFor('web', 1, { id }));
  const overTcp = sandbox.askTcp(WEB);
  {
    await using server = await start(execRoot);
    using client = new Client(execRoot);
    await client.hello();
    assert.deepEqual(await client.request(put), { id: 1, ok: true });
    assert.deepEqual((await overTcp).map(addressOf), [['10.0.0.2']]);
    for (let tries = 0; ids.size < 100 && tries < 200; tries++) await sleep(10);
    assert.equal(ids.size, 100);
    assert.deepEqual(await client.request({ id: 2, op: 'shutdown' }), { id: 2, ok: true });
    await server.ended;
    assert.equal(existsSync(nameServerSocket(execRoot)), false);
  }
});

test('a server without its client goes on, and gives the next one its sandboxes with their sockets', async () => {
  const execRoot = newRoot();
  await using server = await start(execRoot);
  using sandbox = openSandbox();
  const names = namesOf('s', { netnsPath: sandbox.path });
  {
    using first = new Client(execRoot);
    await first.hello();
    assert.deepEqual(await first.request({ id: 1, op: 'put', names, sockets: sandbox.sockets }), { id: 1, ok: true });
  }
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'] as const) server.child.kill(signal);
  await sleep(100);
  assert.deepEqual(addressOf(await sandbox.askUdp(WEB)), ['10.0.0.2']);
  const ports = [sandbox.sockets.udp, sandbox.sockets.tcp].map(boundPort);

  using second = new Client(execRoot);
  const reply = await second.hello();
  assert.deepEqual(
    reply.sandboxes.map((served) => served.names),
    [names],
  );
  const pidfd = openPidfd(reply.pid);
  const taken = reply.sandboxes.flatMap(({ sockets }) =>
    [sockets.udp, sockets.tcp].map((fd) => takeDescriptor(pidfd, fd)),
  );
  closeSync(pidfd);
  assert.deepEqual(taken.map(boundPort), ports);
  for (const fd of taken) closeSync(fd);

  // A client that comes while there is one replaces it.
  using third = new Client(execRoot);
  assert.equal((await third.hello()).sandboxes.length, 1);
  if (!second.socket.destroyed) await once(second.socket, 'close');
  const [endpoint] = names.endpoints;
  const renamed = { ...names, endpoints: [{ ...endpoint, addresses: ['10.0.0.3'] }] };
  assert.deepEqual(await third.request({ id: 5, op: 'put', names: renamed }), { id: 5, ok: true });
  assert.deepEqual(addressOf(await sandbox.askUdp(WEB)), ['10.0.0.3']);
  const again = { id: 6, op: 'put', names: renamed, sockets: sandbox.sockets };
  assert.deepEqual(await third.request(again), { id: 6, ok: true });
  assert.deepEqual((await sandbox.askTcp(WEB)).map(addressOf), [['10.0.0.3']]);
  assert.deepEqual(await third.request({ id: 7, op: 'drop', sandboxIds: ['s', 'unknown'] }), { id: 7, ok: true });
});

test('a bad request is refused and changes nothing', async () => {
  const execRoot = newRoot();
  await using server = await start(execRoot);
  assert.equal(statSync(nameServerSocket(execRoot)).mode & 0o777, 0o600);
  using sandbox = openSandbox();
  using client = new Client(execRoot);
  await client.hello();
  const names = namesOf('s', { netnsPath: sandbox.path });
  const put = { id: 1, op: 'put', names };
  assert.deepEqual(await client.request(put), { id: 1, ok: false, error: 'no sockets' });
  for (const sockets of [
    { udp: 9999, tcp: 9999 },
    { udp: 0, tcp: 0 },
    { udp: sandbox.sockets.tcp, tcp: sandbox.sockets.udp },
  ]) {
    assert.equal((await client.request({ ...put, sockets })).ok, false);
  }
  assert.deepEqual(await client.request(put), { id: 1, ok: false, error: 'no sockets' });
  for (const request of [{}, { id: 3 }, { ...put, names: { ...names, endpoints: 1 } }]) {
    assert.equal((await client.request(request)).ok, false);
  }
  assert.equal((await client.request({ ...put, sockets: sandbox.sockets })).ok, true);
  assert.equal((await client.request({ ...put, sockets: { udp: 0, tcp: 0 } })).ok, false);
  assert.deepEqual(addressOf(await sandbox.askUdp(WEB)), ['10.0.0.2']);

  using other = new Client(execRoot);
  assert.deepEqual(await other.request({ version: 99, pid: 1 }), {
    id: 0,
    ok: false,
    error: 'protocol 99 is not spoken',
  });
  using malformed = new Client(execRoot);
  malformed.socket.write('no json\n');
  await once(malformed.socket, 'close');
  // The requests of one client are answered in their order.
  for (let id = 10; id < 20; id++)
    client.send(id % 2 === 0 ? { ...put, id, sockets: sandbox.sockets } : { id, op: 'drop', sandboxIds: ['s'] });
  for (let id = 10; id < 20; id++) assert.deepEqual(await client.next(), { id, ok: true });
  assert.equal(server.child.exitCode, null);
});

test('a server ends without client and sandbox, or when its path leads to its successor or nowhere', async () => {
  const [idle, replaced, removed] = [newRoot(), newRoot(), newRoot()];
  await using alone = await start(idle);
  await using first = await start(replaced);
  await using second = await start(replaced);
  await using lost = await start(removed);
  using client = new Client(replaced);
  await client.hello();
  rmSync(removed, { recursive: true });
  for (const server of [first, lost]) assert.match(await server.ended, /its socket is gone/);
  assert.equal(existsSync(nameServerSocket(replaced)), true);
  assert.match(await alone.ended, /nothing to do/);
  assert.equal(existsSync(nameServerSocket(idle)), false);
  await sleep(1500);
  assert.equal(second.child.exitCode, null);
});
