import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();

/** What a client sees of GET /containers/{id}/attach/ws. */
interface Seen {
  /** Its messages, put together; `binary` or `text`. */
  readonly said: string;
  readonly kinds: ReadonlySet<string>;
  /** Of the closure; undefined when the handshake was refused. */
  readonly code: number | undefined;
  readonly refusal: { readonly status: number; readonly body: string } | undefined;
}

interface Talk {
  readonly version?: string;
  readonly origin?: string;
  /** Called with everything said so far, after each message. */
  readonly onMessage?: (said: string, socket: WebSocket) => void;
  readonly onOpen?: (socket: WebSocket) => void;
}

function attach(id: string, query: string, { version = 'v1.45', origin, onMessage, onOpen }: Talk = {}): Promise<Seen> {
  const { promise, resolve, reject } = Promise.withResolvers<Seen>();
  const path = `/${version}/containers/${id}/attach/ws?${query}`;
  const socket = new WebSocket(`ws+unix:${engine().socketPath}:${path}`, origin === undefined ? {} : { origin });
  let said = '';
  const kinds = new Set<string>();
  socket.on('open', () => onOpen?.(socket));
  socket.on('message', (data: Buffer, binary) => {
    said += data.toString();
    kinds.add(binary ? 'binary' : 'text');
    onMessage?.(said, socket);
  });
  socket.on('unexpected-response', (_request, response) => {
    let body = '';
    response.on('data', (chunk) => (body += chunk));
    response.on('end', () =>
      resolve({ said, kinds, code: undefined, refusal: { status: response.statusCode ?? 0, body } }),
    );
  });
  socket.on('close', (code) => resolve({ said, kinds, code, refusal: undefined }));
  socket.on('error', reject);
  return promise;
}

async function create(...args: readonly string[]): Promise<string> {
  return (await engine().ok('docker', ['create', '--network', 'none', ...args])).trim();
}

test('a WebSocket has the output of both streams without frames, and a normal closure at the end', async () => {
  const id = await create('busybox', 'sh', '-c', 'echo out; sleep 0.1; echo err >&2; exit 3');
  const whole = attach(id, 'stream=1&stdout=1&stderr=1', { onOpen: () => void engine().docker(['start', id]) });
  assert.deepEqual(await whole, { said: 'out\nerr\n', kinds: new Set(['binary']), code: 1000, refusal: undefined });
  const one = attach(id, 'stream=1&stderr=1', { onOpen: () => void engine().docker(['start', id]) });
  assert.equal((await one).said, 'err\n');
  const logs = await attach(id, 'logs=1&stdout=1');
  assert.deepEqual([logs.said, logs.code], ['out\nout\n', 1000]);
  const old = attach(id, 'stream=1', { version: 'v1.27', onOpen: () => void engine().docker(['start', id]) });
  assert.deepEqual(await old, { said: 'out\nerr\n', kinds: new Set(['text']), code: 1000, refusal: undefined });
  await engine().ok('docker', ['rm', id]);
});

test('what a WebSocket sends is stdin, its close ends it', async () => {
  const id = await create('-i', 'busybox', 'cat');
  await engine().ok('docker', ['start', id]);
  const seen = await attach(id, 'stream=1&stdin=1&stdout=1', {
    onOpen: (socket) => {
      socket.send('text ');
      socket.send(Buffer.from('and bytes\n'));
    },
    onMessage: (said, socket) => said.endsWith('\n') && socket.close(),
  });
  assert.equal(seen.said, 'text and bytes\n');
  assert.equal((await engine().ok('docker', ['wait', id])).trim(), '0');
  await engine().ok('docker', ['rm', id]);
});

test('ten megabytes go through a WebSocket whole', async () => {
  const id = await create('busybox', 'dd', 'if=/dev/zero', 'bs=65536', 'count=160', 'status=none');
  const seen = await attach(id, 'stream=1&stdout=1', { onOpen: () => void engine().docker(['start', id]) });
  assert.deepEqual([seen.said.length, seen.code], [160 * 65536, 1000]);
  await engine().ok('docker', ['rm', id]);
});

test('a terminal on a WebSocket is raw, and detach keys leave the container running', async () => {
  const id = await create('-it', 'busybox', 'sh');
  await engine().ok('docker', ['start', id]);
  const seen = await attach(id, 'stream=1&stdin=1&stdout=1&detachKeys=ctrl-a,d', {
    onOpen: (socket) => socket.send('echo $((40+2))\r'),
    onMessage: (said, socket) => said.includes('\r\n42\r\n') && socket.send('\u0001d'),
  });
  assert.match(seen.said, /\r\n42\r\n/);
  assert.equal(seen.code, 1000);
  assert.equal((await engine().ok('docker', ['inspect', '-f', '{{.State.Running}}', id])).trim(), 'true');
  await engine().ok('docker', ['rm', '-f', id]);
});

test('a WebSocket is refused for an unknown container, to pages of other hosts, and without a handshake', async () => {
  const name = unique('nobody');
  const missing = await attach(name, 'stream=1&stdout=1');
  assert.equal(missing.refusal?.status, 404);
  assert.deepEqual(JSON.parse(missing.refusal.body), { message: `No such container: ${name}` });
  const id = await create('busybox', 'true');
  for (const origin of ['https://pages.example.test', 'null']) {
    const foreign = await attach(id, 'stream=1&stdout=1', { origin });
    assert.equal(foreign.refusal?.status, 403);
    assert.match(foreign.refusal.body, new RegExp(`the page ${origin} may not attach`));
  }
  const own = await attach(id, 'logs=1&stdout=1', { origin: 'http://localhost' });
  assert.equal(own.code, 1000);
  const none = await attach(id, 'stream=1');
  assert.equal(none.code, 1000);
  const plain = await engine().api('GET', `/containers/${id}/attach/ws?stream=1&stdout=1`);
  assert.equal(plain.status, 400);
  await engine().ok('docker', ['rm', id]);
});
