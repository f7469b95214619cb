import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { code, createGrpcServer, GrpcError, type Init, type Message, serve } from '../../grpc/index.ts';
import { auth } from '../../grpc/messages/auth.ts';
import { content } from '../../grpc/messages/content.ts';
import { fileSend } from '../../grpc/messages/filesync.ts';
import { packet, type Stat, packetPacketType as TYPE } from '../../grpc/messages/fsutil.ts';
import { secrets } from '../../grpc/messages/secrets.ts';
import { ssh } from '../../grpc/messages/sshforward.ts';
import { upload } from '../../grpc/messages/upload.ts';
import { createSessions } from './sessions.ts';
import { connectClient, never } from './testing/test-client.ts';

test('a session is found by its id, also by a build that comes first, until its client goes', async () => {
  await using sessions = createSessions();
  const early = sessions.get('early', never);
  const [ours, theirs] = duplexPair();
  const stop = new AbortController();
  const serving = createGrpcServer([]).serve(theirs, stop.signal);
  const methods = ['/moby.filesync.v1.FileSync/diffcopy'];
  const accepted = sessions.accept({ id: 'early', sharedKey: 'key', methods, connection: ours }, never);
  const session = await early;
  assert.equal(session.sharedKey, 'key');
  assert.equal(session.supports('/moby.filesync.v1.FileSync/DiffCopy'), true);
  assert.equal(session.supports('/moby.upload.v1.Upload/Pull'), false);
  assert.equal(await sessions.get('early', never), session);

  const [second] = duplexPair();
  const again = { id: 'early', sharedKey: '', methods: [], connection: second };
  await assert.rejects(sessions.accept(again, never), { kind: 'conflict' });
  await assert.rejects(sessions.accept({ ...again, id: '' }, never), { kind: 'invalid' });

  stop.abort();
  await Promise.all([serving, accepted]);
  assert.equal(session.ended.aborted, true);
  await assert.rejects(session.upload('http://buildkit-session/x', never), { kind: 'unavailable' });
  const abort = new AbortController();
  const waiting = assert.rejects(sessions.get('early', abort.signal), { kind: 'cancelled' });
  abort.abort();
  await waiting;
});

test('secrets, logins and agents are the client’s, or absent', async () => {
  await using client = await connectClient({
    served: [
      ...serve(secrets, {
        async GetSecret({ ID }) {
          if (ID === 'large') return { data: Buffer.alloc(500 * 1024 + 1) };
          if (ID !== 'token') throw new GrpcError(code.notFound, 'no such secret');
          return { data: Buffer.from('hidden') };
        },
      }),
      ...serve(auth, {
        async Credentials({ Host }) {
          return Host === 'registry-1.docker.io' ? { Username: 'me', Secret: 'word' } : {};
        },
      }),
      ...serve(ssh, {
        async CheckAgent({ ID }) {
          if (ID !== 'default') throw new GrpcError(code.unknown, `unset ssh forward key ${ID}`);
          return {};
        },
        async *ForwardAgent(requests, { metadata }) {
          for await (const { data } of requests) {
            yield { data: Buffer.from(`${metadata.get('buildkit.ssh.id')}:${data.toString().toUpperCase()}`) };
          }
        },
      }),
    ],
  });
  const { session } = client;
  assert.equal((await session.secret('token', never))?.toString(), 'hidden');
  assert.equal(await session.secret('other', never), undefined);
  await assert.rejects(session.secret('large', never), { kind: 'tooLarge' });
  assert.deepEqual(await session.credentials('docker.io', never), { username: 'me', secret: 'word' });
  assert.equal(await session.credentials('example.com', never), undefined);
  await session.checkSsh('default', never);
  await assert.rejects(session.checkSsh('other', never), { message: 'unset ssh forward key other' });
  const agent = await session.forwardSsh('', never);
  agent.write('ping');
  assert.equal(String(await new Promise((resolve) => agent.once('data', resolve))), 'default:PING');
  agent.end();
  await new Promise((resolve) => agent.once('end', resolve));
  agent.destroy();

  await using plain = await connectClient();
  assert.equal(await plain.session.secret('token', never), undefined);
  assert.equal(await plain.session.credentials('docker.io', never), undefined);
  await assert.rejects(plain.session.checkSsh('default', never), { kind: 'notFound' });
});

test('a client’s upload and blobs are read as streams', async () => {
  const blob = Buffer.alloc(5_000_000, 'blob');
  await using client = await connectClient({
    served: [
      ...serve(upload, {
        async *Pull(_requests, { metadata }) {
          if (metadata.get('urlpath') !== '/ctx') throw new GrpcError(code.notFound, 'no such upload');
          assert.equal(metadata.get('urlhost'), 'buildkit-session');
          for (let at = 0; at < blob.length; at += 32 * 1024) yield { data: blob.subarray(at, at + 32 * 1024) };
        },
      }),
      ...serve(content, {
        async Info({ digest }, { metadata }) {
          assert.equal(metadata.get('buildkit-attachable-store-id'), 'oci:layout');
          if (digest !== 'sha256:1') throw new GrpcError(code.notFound, 'not found');
          return { info: { digest, size: blob.length } };
        },
        async *Read({ digest }) {
          assert.equal(digest, 'sha256:1');
          for (let at = 0; at < blob.length; at += 1024 * 1024) yield { data: blob.subarray(at, at + 1024 * 1024) };
        },
      }),
    ],
  });
  const { session } = client;
  assert.ok((await buffer(await session.upload('http://buildkit-session/ctx', never))).equals(blob));
  await assert.rejects(session.upload('http://buildkit-session/other', never), { kind: 'notFound' });
  const store = session.content('oci:layout');
  assert.equal(await store.sizeBytes('sha256:1', never), blob.length);
  await assert.rejects(store.sizeBytes('sha256:2', never), { kind: 'notFound' });
  assert.ok((await buffer(await store.open('sha256:1', never))).equals(blob));
});

test('a blob is written into a store of the client, unless that has it', async () => {
  const blob = Buffer.alloc(2_500_000, 'blob');
  const stored = new Map<string, Buffer>();
  await using client = await connectClient({
    served: serve(content, {
      async *Write(requests, { metadata }) {
        assert.equal(metadata.get('buildkit-attachable-store-id'), 'export');
        const chunks: Buffer[] = [];
        for await (const { action, data, offset, expected, total } of requests) {
          const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
          if (action === 0 && stored.has(expected))
            throw new GrpcError(code.alreadyExists, `${expected}: already exists`);
          if (action !== 0) assert.equal(offset, length);
          if (action === 1) chunks.push(Buffer.from(data));
          if (action === 2) {
            if (total !== length) throw new GrpcError(code.failedPrecondition, 'unexpected commit size');
            stored.set(expected, Buffer.concat(chunks));
          }
          yield { action };
        }
      },
    }),
  });
  const store = client.session.content('export');
  const write = (bytes: readonly Buffer[], sizeBytes = blob.length) =>
    store.write({ digest: 'sha256:1', sizeBytes, bytes: Readable.from(bytes) }, never);
  await assert.rejects(write([blob], 5), { name: 'EngineError', message: 'unexpected commit size' });
  await write([blob.subarray(0, 7), blob.subarray(7)]);
  assert.ok(stored.get('sha256:1')?.equals(blob));
  await write([]);
  assert.ok(stored.get('sha256:1')?.equals(blob));
});

test('a file is sent whole, and the client’s refusal is the error', async () => {
  const received: Buffer[] = [];
  await using client = await connectClient({
    served: serve(fileSend, {
      // biome-ignore lint/correctness/useYield: the client answers nothing
      async *DiffCopy(requests, { metadata }) {
        if (metadata.get('buildkit-attachable-exporter-id') !== '1') throw new GrpcError(code.alreadyExists, 'have it');
        assert.equal(metadata.get('exporter-md-image.name'), 'x');
        for await (const { data } of requests) received.push(data);
      },
    }),
  });
  const bytes = Buffer.alloc(9_000_000, 'tar');
  const metadata = { 'exporter-md-image.name': 'x' };
  await client.session.sendFile({ exporterId: '1', metadata, bytes: Readable.from([bytes]) }, never);
  assert.ok(Buffer.concat(received).equals(bytes));
  await assert.rejects(client.session.sendFile({ exporterId: '0', metadata, bytes: Readable.from([bytes]) }, never), {
    kind: 'conflict',
  });
});

test('a folder is sent as a listing, and the files that the client asks for', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-send-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'a'));
  writeFileSync(join(folder, 'a/large'), Buffer.alloc(100_000, 'x'));
  writeFileSync(join(folder, 'a.txt'), 'text');
  execFileSync('sh', ['-c', 'ln a.txt b; ln -s a.txt c; chmod 4755 a.txt; mkfifo p'], { cwd: folder });
  const stats: Stat[] = [];
  const contents = new Map<number, string>();
  const DiffCopy = async function* (
    requests: AsyncIterable<Message<typeof packet>>,
  ): AsyncGenerator<Init<typeof packet>> {
    let left = 0;
    let isListed = false;
    for await (const { type, stat, ID, data } of requests) {
      if (type === TYPE.PACKET_STAT && stat !== undefined) {
        stats.push(stat);
        if (stat.mode < 2 ** 25 && stat.linkname === '') {
          left += 1;
          yield { type: TYPE.PACKET_REQ, ID: stats.length - 1 };
        }
      } else if (type === TYPE.PACKET_STAT) isListed = true;
      else if (type === TYPE.PACKET_DATA && data.length === 0) left -= 1;
      else if (type === TYPE.PACKET_DATA) contents.set(ID, (contents.get(ID) ?? '') + data.toString());
      else if (type === TYPE.PACKET_FIN) return;
      if (isListed && left === 0) yield { type: TYPE.PACKET_FIN };
    }
  };
  const method = { ...fileSend.DiffCopy, request: packet, response: packet };
  await using client = await connectClient({ served: serve({ method }, { method: DiffCopy }) });
  await client.session.sendDirectory({ exporterId: '0', metadata: {}, trees: [{ root: folder, folder: '' }] }, never);
  assert.deepEqual(
    stats.map(({ path, mode, linkname }) => [path, mode, linkname]),
    [
      ['a', 2 ** 31 + 0o755, ''],
      ['a/large', 0o644, ''],
      ['a.txt', 2 ** 23 + 0o755, ''],
      ['b', 2 ** 23 + 0o755, 'a.txt'],
      ['c', 2 ** 27 + 0o777, 'a.txt'],
      ['p', 2 ** 25 + 0o644, ''],
    ],
  );
  assert.deepEqual([contents.get(1)?.length, contents.get(2)], [100_000, 'text']);
});

test('folders of several platforms are one listing, each below its name', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-session-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of ['one', 'two']) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'file'), name);
  }
  const listed: string[] = [];
  const contents: string[] = [];
  const DiffCopy = async function* (
    packets: AsyncIterable<Message<typeof packet>>,
  ): AsyncGenerator<Init<typeof packet>> {
    for await (const { type, stat, data } of packets) {
      if (type === TYPE.PACKET_FIN) return;
      if (type === TYPE.PACKET_DATA && data.length > 0) contents.push(data.toString());
      if (type === TYPE.PACKET_DATA && data.length === 0 && contents.length === 2) yield { type: TYPE.PACKET_FIN };
      if (type !== TYPE.PACKET_STAT || stat === undefined) continue;
      if (stat.path.endsWith('/file')) yield { type: TYPE.PACKET_REQ, ID: listed.length };
      listed.push(stat.path);
    }
  };
  const method = { ...fileSend.DiffCopy, request: packet, response: packet };
  await using client = await connectClient({ served: serve({ method }, { method: DiffCopy }) });
  const trees = [
    { root: join(folder, 'one'), folder: 'linux_amd64' },
    { root: join(folder, 'two'), folder: 'linux_arm64' },
  ];
  await client.session.sendDirectory({ exporterId: '0', metadata: {}, trees }, never);
  assert.deepEqual(listed, ['linux_amd64', 'linux_amd64/file', 'linux_arm64', 'linux_arm64/file']);
  assert.deepEqual(contents, ['one', 'two']);
});

test('sessions on sockets leave no descriptors', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-session-'));
  t.after(() => rmSync(folder, { recursive: true }));
  await using sessions = createSessions();
  const accepted: Promise<void>[] = [];
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    const id = `s${accepted.length}`;
    accepted.push(sessions.accept({ id, sharedKey: '', methods: [], connection }, never));
  });
  await new Promise<void>((resolve) => server.listen(join(folder, 's'), resolve));
  t.after(() => server.close());
  const before = readdirSync('/proc/self/fd').length;
  for (let count = 0; count < 10; count += 1) {
    const stop = new AbortController();
    const socket = connect(join(folder, 's'));
    await once(socket, 'connect');
    const serving = createGrpcServer([]).serve(socket, stop.signal);
    await sessions.get(`s${count}`, never);
    stop.abort();
    await serving;
  }
  await Promise.all(accepted);
  await sleep(20);
  assert.equal(readdirSync('/proc/self/fd').length, before);
});
