import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { before, test } from 'node:test';
import { bindHostPort, HomeNamespace, isolateNetwork, NetlinkSocket, setLink } from '../linux/index.ts';
import { Forwarder, type ForwarderDeps } from './forwarder.ts';
import { FrameReader, frame } from './frames.ts';
import { decodeQuery } from './message.ts';
import { openSandbox, queryFor, type TestSandbox } from './names.fixture.ts';
import type { Transport } from './reply.ts';

before(() => {
  isolateNetwork();
  using socket = new NetlinkSocket();
  socket.execute(setLink({ name: 'lo' }, { up: true }));
});

/** What a server replies, none for silence. */
type Script = (query: Buffer) => readonly Buffer[];

interface ScriptedServer extends Disposable {
  readonly queries: readonly Buffer[];
}

/** A name server on port 53 of an address of this host, or of the sandbox. */
function serve(address: string, script: Script, sandbox?: TestSandbox): ScriptedServer {
  const queries: Buffer[] = [];
  const reply = (query: Buffer): readonly Buffer[] => {
    queries.push(Buffer.from(query));
    return script(query);
  };
  const open = (protocol: Transport): number => bindHostPort({ protocol, address, port: 53 });
  const [udp, tcp] = (['udp', 'tcp'] as const).map((protocol) =>
    sandbox === undefined ? open(protocol) : sandbox.enter(() => open(protocol)),
  ) as [number, number];
  const datagrams: Datagrams = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  datagrams.on('message', (query, client) => {
    for (const message of reply(query)) datagrams.send(message, client.port, client.address);
  });
  datagrams.bind({ fd: udp });
  const connections: Server = createServer((socket) => {
    const frames = new FrameReader();
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      frames.push(chunk);
      const query = frames.next();
      for (const message of query === undefined ? [] : reply(query)) socket.write(frame(message));
    });
  });
  connections.listen({ fd: tcp });
  return {
    queries,
    [Symbol.dispose]() {
      datagrams.close();
      connections.close();
    },
  };
}

/** The query as a response, with flags of one. */
function replyTo(query: Buffer, flags = 0x8180): Buffer {
  const reply = Buffer.from(query);
  reply.writeUInt16BE(flags, 2);
  return reply;
}

const answers: Script = (query) => [replyTo(query)];
const isSilent: Script = () => [];

interface Setting {
  /** `--dns`. */
  readonly servers?: readonly string[];
  readonly file?: readonly string[];
  readonly netnsPath: string;
  readonly outstanding?: { count: number };
  readonly timeoutMilliseconds?: number;
}

function openForwarder(setting: Setting): Forwarder {
  const { servers = [], file = [], netnsPath, outstanding = { count: 0 }, timeoutMilliseconds = 200 } = setting;
  let id = 1000;
  const deps: ForwarderDeps = {
    home: new HomeNamespace(),
    resolver: { servers: () => file },
    outstanding,
    randomId: () => id++,
    timeoutMilliseconds,
  };
  return new Forwarder(deps, { netnsPath, forward: { enabled: true, servers } });
}

function ask(forwarder: Forwarder, bytes: Buffer, transport: Transport = 'udp'): Promise<Buffer | undefined> {
  const query = decodeQuery(bytes);
  assert.ok(query !== undefined && 'name' in query);
  return forwarder.ask({ bytes, query, transport });
}

const QUERY = queryFor('Example.com', 1, { id: 7, edns: { sizeBytes: 1232 } });

for (const transport of ['udp', 'tcp'] as const) {
  test(`a reply by ${transport} comes from the sandbox's side, with the client's id`, async () => {
    using sandbox = openSandbox();
    using here = serve('127.0.0.7', isSilent);
    for (const address of ['127.0.0.7', '::1']) {
      using server = serve(address, answers, sandbox);
      using forwarder = openForwarder({ servers: [address], netnsPath: sandbox.path });
      assert.deepEqual(await ask(forwarder, QUERY, transport), replyTo(QUERY), address);
      const [asked] = server.queries;
      assert.equal(asked?.readUInt16BE(0), 1000);
      assert.deepEqual(asked?.subarray(2), QUERY.subarray(2));
    }
    assert.equal(here.queries.length, 0);
  });

  test(`servers of the host's file are asked by ${transport} from the host`, async () => {
    using sandbox = openSandbox();
    using here = serve('127.0.0.53', answers);
    using there = serve('127.0.0.53', answers, sandbox);
    using forwarder = openForwarder({ file: ['127.0.0.53'], netnsPath: sandbox.path });
    assert.deepEqual(await ask(forwarder, QUERY, transport), replyTo(QUERY));
    assert.deepEqual([here.queries.length, there.queries.length], [1, 0]);
  });

  test(`the next server is asked by ${transport} after a failure, at most three`, async () => {
    using sandbox = openSandbox();
    using failing = serve('127.0.0.1', (query) => [replyTo(query, 0x8182)], sandbox);
    using refusing = serve('127.0.0.2', (query) => [replyTo(query, 0x8185)], sandbox);
    using silent = serve('127.0.0.3', isSilent, sandbox);
    using good = serve('127.0.0.4', answers, sandbox);
    // Nobody listens on the first, and there is no route to the second.
    const lists = [
      ['127.0.0.9', '192.0.2.1', '127.0.0.4'],
      ['127.0.0.1', '127.0.0.2', '127.0.0.4'],
      ['127.0.0.3', '127.0.0.4'],
    ];
    for (const servers of lists) {
      using forwarder = openForwarder({ servers, netnsPath: sandbox.path });
      assert.deepEqual(await ask(forwarder, QUERY, transport), replyTo(QUERY), servers.join(' '));
    }
    using forwarder = openForwarder({
      servers: ['127.0.0.1', '127.0.0.2', '192.0.2.1', '127.0.0.4'],
      netnsPath: sandbox.path,
    });
    assert.equal(await ask(forwarder, QUERY, transport), undefined);
    const counts = [failing, refusing, silent, good].map(({ queries }) => queries.length);
    assert.deepEqual(counts, [2, 2, 1, 3]);
  });
}

test('a denial and a truncated reply are replies', async () => {
  using sandbox = openSandbox();
  for (const flags of [0x8183, 0x8380]) {
    using server = serve('127.0.0.1', (query) => [replyTo(query, flags)], sandbox);
    using forwarder = openForwarder({ servers: ['127.0.0.1'], netnsPath: sandbox.path });
    assert.deepEqual(await ask(forwarder, QUERY), replyTo(QUERY, flags));
    assert.equal(server.queries.length, 1);
  }
});

test('a datagram that answers another question is ignored', async () => {
  using sandbox = openSandbox();
  const script: Script = (query) => {
    const otherId = replyTo(query);
    otherId.writeUInt16BE(0, 0);
    const otherName = replyTo(query);
    otherName[13] = 0x7a;
    return [query, Buffer.alloc(3), otherId, otherName, replyTo(query)];
  };
  using server = serve('127.0.0.1', script, sandbox);
  using forwarder = openForwarder({ servers: ['127.0.0.1'], netnsPath: sandbox.path });
  assert.deepEqual(await ask(forwarder, QUERY), replyTo(QUERY));
  assert.equal(server.queries.length, 1);
});

test('a server that timed out is asked last afterwards', async () => {
  using sandbox = openSandbox();
  using silent = serve('127.0.0.3', isSilent, sandbox);
  using good = serve('127.0.0.4', answers, sandbox);
  using forwarder = openForwarder({ servers: ['127.0.0.3', '127.0.0.4'], netnsPath: sandbox.path });
  for (let round = 0; round < 3; round++) assert.ok(await ask(forwarder, QUERY));
  assert.deepEqual([silent.queries.length, good.queries.length], [1, 3]);
});

test('without servers, permission or a namespace there is no reply, at once', async () => {
  using none = openForwarder({ netnsPath: '/nowhere' });
  assert.equal(await ask(none, QUERY), undefined);
  using nowhere = openForwarder({ servers: ['127.0.0.1'], netnsPath: '/nowhere' });
  assert.equal(await ask(nowhere, QUERY), undefined);
  nowhere.use({ netnsPath: '/nowhere', forward: { enabled: false, servers: ['127.0.0.1'] } });
  assert.equal(await ask(nowhere, QUERY), undefined);
});

test('at most a hundred queries of a sandbox wait, and a thousand of all', async () => {
  using sandbox = openSandbox();
  using silent = serve('127.0.0.3', isSilent, sandbox);
  const outstanding = { count: 0 };
  using forwarder = openForwarder({ servers: ['127.0.0.3'], netnsPath: sandbox.path, outstanding });
  const waiting = Array.from({ length: 100 }, () => ask(forwarder, QUERY));
  assert.equal(outstanding.count, 100);
  assert.equal(await Promise.race([ask(forwarder, QUERY), ...waiting.map((one) => one.then(() => 'late'))]), undefined);
  await Promise.all(waiting);
  assert.equal(outstanding.count, 0);
  assert.ok(silent.queries.length > 0);
  outstanding.count = 1000;
  assert.equal(await ask(forwarder, QUERY), undefined);
});

test('the end gives up what waits, and no descriptor is left', async () => {
  using sandbox = openSandbox();
  using silent = serve('127.0.0.3', isSilent, sandbox);
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  // Only the end can give up what waits: no server has to reply in the time of a test.
  const patient = { timeoutMilliseconds: 600_000 };
  const forwarder = openForwarder({ servers: ['127.0.0.3', '127.0.0.3'], netnsPath: sandbox.path, ...patient });
  const before = descriptors();
  const waiting = (['udp', 'tcp'] as const).map((transport) => ask(forwarder, QUERY, transport));
  assert.equal(descriptors(), before + 2);
  await until(() => silent.queries.length === 2);
  forwarder[Symbol.dispose]();
  assert.deepEqual(await Promise.all(waiting), [undefined, undefined]);
  // The server's connection may still be open.
  await until(() => descriptors() <= before + 1);
});

/** Waits for what becomes true a little later. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
