import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { serve } from '../../grpc/index.ts';
import { fileSync } from '../../grpc/messages/filesync.ts';
import { packetPacketType as TYPE } from '../../grpc/messages/fsutil.ts';
import { getXattr, listXattrs } from '../../linux/index.ts';
import type { ReceiveDirectory } from './session.ts';
import type { PacketInit } from './testing/directory-packets.ts';
import { connectClient, never } from './testing/test-client.ts';

function folders(t: TestContext): { readonly source: string; readonly target: string; readonly outside: string } {
  const base = mkdtempSync(join(tmpdir(), 'gantry-sync-'));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const [source, target, outside] = [join(base, 'source'), join(base, 'target'), join(base, 'outside')];
  for (const folder of [source, target, outside]) mkdirSync(folder);
  return { source, target, outside };
}

const request = (folder: string, more: Partial<ReceiveDirectory> = {}): ReceiveDirectory => ({
  name: 'context',
  folder,
  includePatterns: [],
  excludePatterns: [],
  followPaths: [],
  ...more,
});

/** Names, kinds, modes, times, links and contents of a tree. */
function describeTree(folder: string): string {
  const script =
    'find . -mindepth 1 -printf "%P %y %m %T@ %l %n\\n" | sort; find . -type f -print0 | sort -z | xargs -0r sha256sum';
  return execFileSync('sh', ['-c', script], { cwd: folder, encoding: 'utf8' });
}

function fill(source: string): void {
  mkdirSync(join(source, 'sub/deep'), { recursive: true });
  writeFileSync(join(source, 'a.txt'), 'a');
  writeFileSync(join(source, 'sub.txt'), 'sorts after the directory');
  writeFileSync(join(source, 'sub/empty'), '');
  writeFileSync(join(source, 'sub/deep/large'), Buffer.alloc(1_000_000, 'large '));
  writeFileSync(join(source, 'sub/ünïcode 🐳'), 'name');
  linkSync(join(source, 'a.txt'), join(source, 'sub/hard'));
  symlinkSync('../a.txt', join(source, 'sub/soft'));
  symlinkSync('/etc', join(source, 'absolute'));
  execFileSync('mkfifo', [join(source, 'pipe')]);
  chmodSync(join(source, 'a.txt'), 0o4711);
  chmodSync(join(source, 'sub'), 0o1777);
  utimesSync(join(source, 'sub/deep'), 1000.5, 1000.5);
}

test('a directory arrives as it is, owned by root, and a second time only what changed travels', async (t) => {
  const { source, target } = folders(t);
  fill(source);
  await using client = await connectClient({ directories: { context: source } });
  const progress: [number, boolean][] = [];
  const first = await client.session.receiveDirectory(
    request(target, { progress: (...told) => void progress.push(told) }),
    never,
  );
  assert.equal(describeTree(target), describeTree(source));
  assert.equal(lstatSync(join(target, 'a.txt')).uid, 0);
  assert.equal(lstatSync(join(target, 'a.txt')).ino, lstatSync(join(target, 'sub/hard')).ino);
  assert.equal(first.hasChanged, true);
  assert.ok(first.sizeBytes > 1_000_000);
  assert.ok((progress.at(-1)?.[0] ?? 0) > 1_000_000 && progress.at(-1)?.[1] === true);

  const second = await client.session.receiveDirectory(request(target), never);
  assert.equal(second.hasChanged, false);
  assert.deepEqual(client.transfers[1]?.asked, []);

  writeFileSync(join(source, 'a.txt'), 'b');
  rmSync(join(source, 'sub/deep'), { recursive: true });
  rmSync(join(source, 'absolute'));
  mkdirSync(join(source, 'absolute'));
  renameSync(join(source, 'sub.txt'), join(source, 'absolute/moved'));
  const third = await client.session.receiveDirectory(request(target), never);
  assert.equal(third.hasChanged, true);
  assert.deepEqual(client.transfers[2]?.asked.sort(), ['a.txt', 'absolute/moved']);
  assert.equal(describeTree(target), describeTree(source));
});

test('names of one file that part are separate files afterwards, and a mode alone does not travel', async (t) => {
  const { source, target } = folders(t);
  writeFileSync(join(source, 'a'), 'one');
  linkSync(join(source, 'a'), join(source, 'b'));
  await using client = await connectClient({ directories: { context: source } });
  await client.session.receiveDirectory(request(target), never);
  rmSync(join(source, 'a'));
  writeFileSync(join(source, 'a'), 'two');
  await client.session.receiveDirectory(request(target), never);
  assert.deepEqual([readFileSync(join(target, 'a'), 'utf8'), readFileSync(join(target, 'b'), 'utf8')], ['two', 'one']);
  chmodSync(join(source, 'a'), 0o600);
  const { hasChanged } = await client.session.receiveDirectory(request(target), never);
  assert.equal(hasChanged, true);
  assert.deepEqual(client.transfers[2]?.asked, []);
  assert.equal(describeTree(target), describeTree(source));
});

test('a client is told what is wanted, and may refuse', async (t) => {
  const { source, target } = folders(t);
  writeFileSync(join(source, 'f'), 'x');
  await using client = await connectClient({ directories: { context: source } });
  const wishes = { includePatterns: ['a b', 'c,d'], excludePatterns: ['ä/*', 'plain'], followPaths: ['x'] };
  await client.session.receiveDirectory(request(target, wishes), never);
  const metadata = client.transfers[0]?.metadata;
  assert.deepEqual(metadata?.get('include-patterns'), ['a b', 'c,d']);
  assert.deepEqual(metadata?.get('exclude-patterns'), ['%C3%A4%2F%2A', 'plain']);
  assert.deepEqual(metadata?.get('exclude-patterns-encoded'), ['1']);
  assert.deepEqual(metadata?.get('followpaths'), ['x']);
  assert.equal(metadata?.get('followpaths-encoded'), undefined);
  await assert.rejects(client.session.receiveDirectory(request(target, { name: 'other' }), never), {
    kind: 'notFound',
    message: 'no access allowed to dir "other"',
  });
  await client.session.receiveDirectory(request(target, { reusesFiles: false }), never);
  assert.deepEqual(client.transfers[1]?.asked, ['f']);
});

const DIRECTORY = 2 ** 31 + 0o755;
const SYMLINK = 2 ** 27 + 0o777;
const entry = (path: string, mode = 0o644, more: object = {}): PacketInit => ({
  type: TYPE.PACKET_STAT,
  stat: { path, mode, modTime: 5n, ...more },
});
const data = (ID: number, text: string): PacketInit => ({ type: TYPE.PACKET_DATA, ID, data: Buffer.from(text) });
const LISTED: PacketInit = { type: TYPE.PACKET_STAT };

/** What a hostile client sends, with words of the error. OUTSIDE stands for a folder beside the target. */
const hostile: Readonly<Record<string, readonly [readonly PacketInit[], RegExp]>> = {
  'a path above the folder': [[entry('..', DIRECTORY), entry('../outside', DIRECTORY), LISTED], /invalid path/],
  'an absolute path': [[entry('/etc'), LISTED], /invalid path/],
  'a path with empty parts': [[entry('a', DIRECTORY), entry('a//b'), LISTED], /without its directory/],
  'a path without a name': [[entry('a', DIRECTORY), entry('a/'), LISTED], /invalid path/],
  'a path of a dot': [[entry('.', DIRECTORY), LISTED], /invalid path/],
  'a path with a zero byte': [[entry('a\0b'), LISTED], /invalid path/],
  'the same path twice': [[entry('a'), entry('a'), LISTED], /out of order/],
  'paths out of order': [[entry('b'), entry('a'), LISTED], /out of order/],
  'a path without its directory': [[entry('a/b'), LISTED], /without its directory/],
  'a path below a file': [[entry('a'), entry('a/b'), LISTED], /without its directory/],
  'a path through a symlink': [
    [entry('a', SYMLINK, { linkname: 'OUTSIDE' }), entry('a/b'), LISTED],
    /without its directory/,
  ],
  'a hard link to a file of the host': [[entry('a', 0o644, { linkname: '../outside/x' }), LISTED], /invalid link/],
  'a hard link through a symlink': [
    [entry('a', SYMLINK, { linkname: 'OUTSIDE' }), entry('b', 0o644, { linkname: 'a/secret' }), LISTED],
    /in no directory of the transfer/,
  ],
  'a hard link to a symlink': [
    [entry('a', SYMLINK, { linkname: 'OUTSIDE/secret' }), entry('b', 0o644, { linkname: 'a' }), LISTED],
    /which is no file/,
  ],
  'a symlink without a target': [[entry('a', SYMLINK), LISTED], /no target/],
  'an unknown kind': [[entry('a', 2 ** 30 + 0o644), LISTED], /unknown mode/],
  'all bits of a mode': [[entry('a', 2 ** 32 - 1), LISTED], /unknown mode/],
  'a directory that is a symlink': [[entry('a', 2 ** 31 + 2 ** 27 + 0o755), LISTED], /unknown mode/],
  'a socket': [[entry('a', 2 ** 24 + 0o644), LISTED], /unknown mode/],
  'a device that removes files of layers': [[entry('a', 2 ** 26 + 2 ** 21 + 0o644), LISTED], /marks removed files/],
  'a device that cannot be': [[entry('a', 2 ** 26, { devmajor: 1e9, devminor: 5 }), LISTED], /unknown device/],
  'content that nobody asked for': [[entry('a', DIRECTORY), data(0, 'x'), LISTED], /not asked for/],
  'content of an unknown file': [[data(7, 'x')], /not asked for/],
  'a negative size': [[entry('a', 0o644, { size: -1 }), LISTED], /negative size/],
  'a file after the listing': [[entry('a', 0o644, { size: 1 }), LISTED, entry('b')], /after the end/],
  'an end before the end': [[entry('a', 0o644, { size: 1 }), { type: TYPE.PACKET_FIN }], /unexpected packet/],
  'a request of its own': [[{ type: TYPE.PACKET_REQ, ID: 1 }], /unexpected packet/],
  'a name that is too long': [[entry('n'.repeat(300), DIRECTORY), LISTED], /ENAMETOOLONG/],
  'a path that is too long': [[entry('n'.repeat(5000)), LISTED], /too long/],
  'a call that ends early': [[entry('a', 0o644, { size: 1 })], /before it was complete/],
  'an error': [[{ type: TYPE.PACKET_ERR, data: Buffer.from('disk is broken') }], /error from sender: disk is broken/],
};

for (const [what, [packets, words]] of Object.entries(hostile)) {
  test(`a client that sends ${what} is refused, and nothing outside the folder changes`, async (t) => {
    const { target, outside } = folders(t);
    writeFileSync(join(outside, 'secret'), 'secret');
    const sent = packets.map((one) =>
      one.stat === undefined
        ? one
        : { ...one, stat: { ...one.stat, linkname: one.stat.linkname?.replace('OUTSIDE', outside) } },
    );
    await using client = await connectClient({
      served: serve(fileSync, {
        async *DiffCopy(requests) {
          yield* sent;
          if (what.includes('early')) return;
          for await (const { type } of requests) if (type === TYPE.PACKET_FIN) yield { type: TYPE.PACKET_FIN };
        },
      }),
    });
    await assert.rejects(client.session.receiveDirectory(request(target), never), words);
    assert.deepEqual(readdirSync(outside), ['secret']);
    assert.deepEqual(
      [readFileSync(join(outside, 'secret'), 'utf8'), lstatSync(join(outside, 'secret')).nlink],
      ['secret', 1],
    );
  });
}

test('a size beyond all disks takes no space, and times at both ends of the scale are set as far as the disk can', async (t) => {
  const { target } = folders(t);
  await using client = await connectClient({
    served: serve(fileSync, {
      async *DiffCopy(requests) {
        yield entry('first', 2 ** 23 + 2 ** 22 + 2 ** 20 + 0o777, { modTime: -(2n ** 63n) });
        yield entry('huge', 0o644, { size: Number.MAX_SAFE_INTEGER, modTime: 2n ** 63n - 1n });
        yield LISTED;
        for await (const { type, ID: id } of requests) {
          if (type === TYPE.PACKET_REQ) yield* [...(id === 0 ? [] : [data(id, 'content 1')]), data(id, '')];
          if (type === TYPE.PACKET_FIN) yield { type: TYPE.PACKET_FIN };
        }
      },
    }),
  });
  await client.session.receiveDirectory(request(target), never);
  const [first, huge] = ['first', 'huge'].map((name) => lstatSync(join(target, name)));
  assert.deepEqual([first?.size, huge?.size], [0, 9]);
  assert.ok((huge?.blocks ?? Number.NaN) <= 8);
  assert.ok((first?.mtimeMs ?? 0) < 0 && (huge?.mtimeMs ?? 0) > Date.UTC(2200, 0), 'the kernel clamps them');
});

test('extended attributes come with a file, but none that the host interprets', async (t) => {
  const { target } = folders(t);
  const xattrs = new Map(
    ['user.own', 'user.overlay.whiteout', 'trusted.overlay.opaque', 'system.posix_acl_access', 'bad'].map((name) => [
      name,
      Buffer.from('value'),
    ]),
  );
  let sent: readonly PacketInit[] = [entry('f', 0o644, { size: 1, xattrs }), LISTED, data(0, 'x'), data(0, '')];
  await using client = await connectClient({
    served: serve(fileSync, {
      async *DiffCopy(requests) {
        yield* sent.filter(({ type }) => type === TYPE.PACKET_STAT);
        for await (const { type } of requests) {
          if (type === TYPE.PACKET_REQ) yield* sent.filter((one) => one.type === TYPE.PACKET_DATA);
          if (type === TYPE.PACKET_FIN) yield { type: TYPE.PACKET_FIN };
          if (type === TYPE.PACKET_FIN) return;
        }
      },
    }),
  });
  await client.session.receiveDirectory(request(target), never);
  assert.deepEqual(listXattrs(join(target, 'f')), ['user.own']);
  xattrs.set('user.own', Buffer.from('other'));
  assert.equal((await client.session.receiveDirectory(request(target), never)).hasChanged, true);
  assert.equal(getXattr(join(target, 'f'), 'user.own')?.toString(), 'other');
  // A file that comes anew has what the client sends.
  sent = [entry('f', 0o644, { size: 2 }), LISTED, data(0, 'xy'), data(0, '')];
  await client.session.receiveDirectory(request(target), never);
  assert.deepEqual(listXattrs(join(target, 'f')), []);
});

test('what a folder has is replaced, never followed', async (t) => {
  const { source, target, outside } = folders(t);
  writeFileSync(join(outside, 'f'), 'host');
  mkdirSync(join(source, 'd'));
  writeFileSync(join(source, 'd/f'), 'client');
  writeFileSync(join(source, 'g'), 'client');
  symlinkSync(outside, join(target, 'd'));
  symlinkSync(join(outside, 'f'), join(target, 'g'));
  await using client = await connectClient({ directories: { context: source } });
  await client.session.receiveDirectory(request(target), never);
  assert.equal(readFileSync(join(outside, 'f'), 'utf8'), 'host');
  assert.equal(describeTree(target), describeTree(source));
  assert.throws(() => readlinkSync(join(target, 'd')));
});

test('a build that ends stops a transfer, and the thread takes the next', async (t) => {
  const { source, target } = folders(t);
  writeFileSync(join(source, 'f'), 'x');
  const begun = Promise.withResolvers<void>();
  await using hanging = await connectClient({
    served: serve(fileSync, {
      async *DiffCopy(_requests, { signal }) {
        yield entry('a', 0o644, { size: 1 });
        begun.resolve();
        await sleep(60_000, undefined, { signal });
      },
    }),
  });
  const abort = new AbortController();
  const stopped = assert.rejects(hanging.session.receiveDirectory(request(target), abort.signal), {
    kind: 'cancelled',
  });
  await begun.promise;
  abort.abort();
  await stopped;
  await using client = await connectClient({ directories: { context: source }, sessions: hanging.sessions });
  await client.session.receiveDirectory(request(target), never);
  assert.equal(describeTree(target), describeTree(source));
});

test('a client that goes ends its transfers', async (t) => {
  const { target } = folders(t);
  await using client = await connectClient({
    served: serve(fileSync, {
      async *DiffCopy(_requests, { signal }) {
        yield entry('a', 0o644, { size: 1 });
        await sleep(60_000, undefined, { signal });
      },
    }),
  });
  const failing = assert.rejects(client.session.receiveDirectory(request(target), never), { kind: 'unavailable' });
  await sleep(50);
  client.leave();
  await failing;
});
