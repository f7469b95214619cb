import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { before, test } from 'node:test';
import { bindHostPort, boundPort } from '../host-port.ts';
import { isolateNetwork } from '../network-namespace.ts';
import { setLink } from './links.ts';
import { NETLINK, NetlinkSocket, NFNL_SUBSYS_NFTABLES } from './netlink-socket.ts';
import { rewritePort } from './port-rewrite.ts';

const ADDRESS = '127.0.0.11';

before(() => {
  isolateNetwork();
  using links = new NetlinkSocket();
  links.execute(setLink({ name: 'lo' }, { up: true }));
});

test('a port of an address is reached at the port of a socket, by UDP and TCP, and answers come from it', async () => {
  for (const isNew of [true, false]) {
    const [udp, tcp] = [open('udp'), open('tcp')];
    redirect({ udp: boundPort(udp), tcp: boundPort(tcp), isNew });
    const server = createSocket('udp4').on('message', (bytes, { port, address }) => server.send(bytes, port, address));
    server.bind({ fd: udp });
    const listener = createServer((socket) => socket.pipe(socket)).listen({ fd: tcp });
    await using own = await echo(createSocket('udp4'));
    assert.deepEqual(await own.ask('hello'), { text: 'hello', port: 53, address: ADDRESS });
    const socket = connect(53, ADDRESS);
    socket.write('by tcp');
    const [bytes] = await once(socket, 'data');
    assert.equal(String(bytes), 'by tcp');
    assert.equal(socket.remotePort, 53);
    socket.destroy();
    server.close();
    listener.close();
  }
});

test('programs of the namespace may use the port themselves', async () => {
  const server = createSocket('udp4').on('message', (_bytes, { port, address }) => server.send('own', port, address));
  server.bind(53, '0.0.0.0');
  await once(server, 'listening');
  await using own = await echo(createSocket('udp4'));
  assert.equal((await own.ask('hello', '127.0.0.1')).text, 'own');
  server.close();
});

test('a transaction that fails changes nothing', () => {
  using netfilter = new NetlinkSocket(NETLINK.NETFILTER);
  const sockets = { udp: 1, tcp: 2 };
  const messages = rewritePort({ table: 'other', address: ADDRESS, port: 53, sockets, isNew: true });
  const [table, , rule] = messages;
  assert.ok(table !== undefined && rule !== undefined);
  assert.throws(() => netfilter.commit(NFNL_SUBSYS_NFTABLES, [table, rule]), { code: 'ENOENT' });
  netfilter.commit(NFNL_SUBSYS_NFTABLES, messages);
});

function open(protocol: 'udp' | 'tcp'): number {
  return bindHostPort({ protocol, address: ADDRESS, port: 0 });
}

function redirect({
  isNew,
  ...sockets
}: {
  readonly udp: number;
  readonly tcp: number;
  readonly isNew: boolean;
}): void {
  using netfilter = new NetlinkSocket(NETLINK.NETFILTER);
  const messages = rewritePort({ table: 'names', address: ADDRESS, port: 53, sockets, isNew });
  netfilter.commit(NFNL_SUBSYS_NFTABLES, messages);
}

interface Answer {
  readonly text: string;
  readonly port: number;
  readonly address: string;
}

async function echo(socket: Socket): Promise<AsyncDisposable & { ask(text: string, to?: string): Promise<Answer> }> {
  return {
    async ask(text, to = ADDRESS) {
      socket.send(text, 53, to);
      const [bytes, { port, address }] = await once(socket, 'message', { signal: AbortSignal.timeout(5000) });
      return { text: String(bytes), port, address };
    },
    async [Symbol.asyncDispose]() {
      socket.close();
    },
  };
}
