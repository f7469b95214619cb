import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { code, connectGrpc, createGrpcServer, GrpcError } from '../../grpc/index.ts';
import { content } from '../../grpc/messages/content.ts';
import { type packet, packetPacketType as TYPE } from '../../grpc/messages/fsutil.ts';
import { receiveTree } from './directories/receive-tree.ts';
import { serveStores } from './layouts/serve-stores.ts';

// A builder that wants more of the client's files than it was offered.
const never = new AbortController().signal;
const [DIRECTORY, SYMLINK] = [2 ** 31, 2 ** 27];

function sandbox(t: TestContext): { readonly folder: string; readonly out: string; readonly outside: string } {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-hostile-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const outside = join(folder, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'mine'), 'mine', { mode: 0o600 });
  return { folder, outside, out: join(folder, 'out') };
}

type Sent = Parameters<typeof receiveTree>[1] extends AsyncIterable<infer Packet> ? Partial<Packet> : never;

const entry = (path: string, mode: number, linkname = ''): Sent => ({
  type: TYPE.PACKET_STAT,
  stat: {
    path,
    mode,
    linkname,
    uid: 0,
    gid: 0,
    size: 1,
    modTime: 10n ** 9n,
    devmajor: 0,
    devminor: 0,
    xattrs: new Map(),
  },
});
const data = (id: number, text: string): Sent => ({ type: TYPE.PACKET_DATA, ID: id, data: Buffer.from(text) });

async function receive(out: string, packets: readonly Sent[]): Promise<string> {
  async function* sent() {
    for (const each of packets) yield { ID: 0, data: Buffer.alloc(0), stat: undefined, ...each } as Packet;
  }
  try {
    for await (const _ of receiveTree(out, sent()));
    return '';
  } catch (error) {
    return String(error);
  }
}
type Packet = import('../../grpc/index.ts').Message<typeof packet>;

test('a builder writes and changes nothing outside of the output', async (t) => {
  const { out, outside } = sandbox(t);
  const before = statSync(join(outside, 'mine'));
  const attacks: readonly (readonly Sent[])[] = [
    [entry('../outside/new', 0o644), data(0, 'x'), data(0, '')],
    [entry('/etc', DIRECTORY + 0o755), entry('a/../../outside/new', 0o644), data(1, 'x')],
    [entry('link', SYMLINK + 0o777, outside), entry('link/new', 0o644), data(1, 'x')],
    [entry('dir', DIRECTORY + 0o755), entry('dir', SYMLINK + 0o777, outside), entry('dir/new', 0o644), data(2, 'x')],
    // What an earlier build placed.
    [entry('link', DIRECTORY + 0o755), entry('link/new', 0o644), data(1, 'x'), data(1, '')],
    [entry('hard', 0o644, '../outside/mine'), data(0, 'x')],
    [entry('file', 0o644), entry('file', SYMLINK + 0o777, join(outside, 'mine')), data(0, 'x'), data(0, '')],
    // The symlink comes between the first bytes and the end of the file.
    [entry('f', 0o777), data(0, 'x'), entry('f', SYMLINK + 0o777, join(outside, 'mine')), data(0, '')],
    [entry('pipe', 2 ** 25 + 0o644), entry('device', 2 ** 26 + 0o644)],
  ];
  for (const packets of attacks) await receive(out, packets);
  assert.deepEqual(readdirSync(outside), ['mine']);
  const after = statSync(join(outside, 'mine'));
  assert.deepEqual([after.mode, after.mtimeMs, after.nlink], [before.mode, before.mtimeMs, 1]);
  assert.equal(readFileSync(join(outside, 'mine'), 'utf8'), 'mine');
  assert.equal(readFileSync(join(out, 'link/new'), 'utf8'), 'x');
});

interface Write {
  readonly action: number;
  readonly offset: number;
  readonly data: Buffer;
  readonly expected?: string;
}

async function openStores(stores: Parameters<typeof serveStores>[0]) {
  const [near, far] = duplexPair();
  const stop = new AbortController();
  const serving = createGrpcServer(serveStores(stores)).serve(far, stop.signal);
  const client = connectGrpc(near);
  const to = (store: string) => ({ metadata: { 'buildkit-attachable-store-id': store } });
  return {
    async write(store: string, messages: readonly Write[]): Promise<number> {
      const call = client.call(content.Write, to(store), never);
      try {
        for (const message of messages) await call.send({ ref: 'r', ...message });
        call.end();
        for await (const _ of call.responses);
        return code.ok;
      } catch (error) {
        return error instanceof GrpcError ? error.code : -1;
      }
    },
    info: (store: string, digest: string) =>
      client.unary(content.Info, { digest }, to(store), never).then(
        () => code.ok,
        (error: unknown) => (error instanceof GrpcError ? error.code : -1),
      ),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      stop.abort();
      await serving;
    },
  };
}

test('a builder writes whole blobs, and only into layouts that are for it', async (t) => {
  const { folder } = sandbox(t);
  const [read, written] = [join(folder, 'read'), join(folder, 'written')];
  await using stores = await openStores({
    'local:read': { path: read, isWritable: false },
    export: { path: written, isWritable: true },
  });
  const bytes = Buffer.from('blob');
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const commit: Write = { action: 2, offset: 0, data: bytes, expected: digest };
  assert.equal(await stores.write('local:read', [commit]), code.permissionDenied);
  assert.equal(existsSync(read), false);
  // More bytes after the commit.
  await stores.write('export', [commit, { action: 1, offset: bytes.length, data: Buffer.from(' and more') }]);
  const blob = join(written, 'blobs/sha256', digest.slice(7));
  assert.equal(readFileSync(blob, 'utf8'), 'blob');
  assert.equal(await stores.write('export', [{ ...commit, expected: 'sha256:../../../x' }]), code.invalidArgument);
  assert.equal(await stores.write('export', [{ ...commit, offset: 7, expected: '' }]), code.outOfRange);
  assert.equal(await stores.info('local:other', digest), code.notFound);
  assert.equal(await stores.info('export', 'sha256:../../outside/mine'), code.invalidArgument);
  assert.deepEqual(readdirSync(join(written, 'ingest')), []);
});
