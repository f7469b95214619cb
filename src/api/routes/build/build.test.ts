import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ServedApi, serve } from '../../testing/serve.ts';

/** Sends a request whose connection becomes HTTP/2, and returns what comes until the echo of `hello`. */
async function upgrade(api: ServedApi, head: string): Promise<string> {
  const socket = api.connect();
  socket.write(`${head}\r\nhello`);
  let text = '';
  for await (const chunk of socket) {
    text += chunk;
    if (text.endsWith('>hello')) break;
  }
  return text;
}

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: h2c\r\n';

test('a session becomes HTTP/2 with what its headers say, methods also when they come in one header', async () => {
  await using api = await serve();
  const exposed = [
    ['Uuid', 'abc'],
    ['Sharedkey', 'dir:1'],
    ['Grpc-Method', '/a.B/C'],
    ['Grpc-Method', '/a.B/D'],
    ['Grpc-Method', '/e.F/G, /h.I/J'],
  ];
  const headers = exposed.map(([name, value]) => `X-Docker-Expose-Session-${name}: ${value}\r\n`).join('');
  const text = await upgrade(api, `POST /session HTTP/1.1\r\nHost: x\r\n${UPGRADE}${headers}`);
  assert.match(text, /^HTTP\/1\.1 101 [\s\S]*\r\n\r\n>hello$/);
  const session = { id: 'abc', name: '', sharedKey: 'dir:1', methods: ['/a.B/C', '/a.B/D', '/e.F/G', '/h.I/J'] };
  assert.deepEqual(api.journal, [`acceptSession ${JSON.stringify(session)}`]);
});

test('gRPC is served after an upgrade, with and without a version, and not without it', async () => {
  await using api = await serve();
  for (const path of ['/grpc', '/v1.51/grpc']) {
    assert.match(
      await upgrade(api, `POST ${path} HTTP/1.1\r\nHost: x\r\n${UPGRADE}`),
      /^HTTP\/1\.1 101 [\s\S]*>hello$/,
    );
  }
  assert.deepEqual(api.journal, ['serveGrpc', 'serveGrpc']);
  const codes = [await api.ask('POST', '/session'), await api.ask('POST', '/grpc')].map(({ status }) => status);
  assert.deepEqual(codes, [400, 500]);
});

test('prune passes filters and limits on, and older clients name the limit otherwise', async () => {
  await using api = await serve();
  const filters = encodeURIComponent(JSON.stringify({ until: { '24h': true } }));
  const some = await api.ask('POST', `/v1.51/build/prune?all=1&reserved-space=5&filters=${filters}`);
  assert.deepEqual(JSON.parse(some.text), { CachesDeleted: ['r1'], SpaceReclaimed: 7 });
  const none = await api.ask('POST', '/v1.40/build/prune?keep-storage=9&max-used-space=1');
  assert.deepEqual(JSON.parse(none.text), { CachesDeleted: null, SpaceReclaimed: 0 });
  const asked = (all: boolean, given: object, reservedSpace: number) =>
    `prune ${JSON.stringify({ all, filters: given, reservedSpace, maxUsedSpace: 0, minFreeSpace: 0 })}`;
  assert.deepEqual(api.journal, [asked(true, { until: ['24h'] }, 5), asked(false, {}, 9)]);
});

test('a build is cancelled by its id', async () => {
  await using api = await serve();
  assert.equal((await api.ask('POST', '/v1.51/build/cancel?id=b1')).status, 204);
  assert.deepEqual(api.journal, ['cancel "b1"', 'cancelClassic "b1"']);
});
