import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  diffNode,
  type FileChange,
  type FileInit,
  fileNode,
  type LlbEdge,
  mergeNode,
} from '../../src/build/llb/index.ts';
import { fileOp } from '../../src/build/ops/file/file-op.ts';
import { Solver, type Vertex } from '../../src/build/solver/index.ts';
import type { Tree } from '../../src/build/tree.ts';
import { privateHost } from '../../src/network/testing/private-host.ts';
import { BuildHost } from '../support/build-host.ts';
import { never } from '../support/task-host.ts';

const outside = privateHost();
let host: BuildHost;
before(async () => {
  host = await BuildHost.open();
});
after(async () => {
  await host[Symbol.asyncDispose]();
  outside[Symbol.dispose]();
});

const change = (...changes: readonly FileChange[]): LlbEdge => over(host.base, ...changes);
const over = (base: FileInit['base'], ...changes: readonly FileChange[]): LlbEdge => ({
  node: fileNode({ base, changes }),
  output: 0,
});
const mkfile = (path: string, text: string, owner?: FileChange['owner']): FileChange => ({
  mkfile: { path, data: Buffer.from(text), mode: 0o644, timestamp: -1n },
  owner,
});
const copy = (from: LlbEdge | undefined, src: string, dest: string, more: object = {}): FileChange => ({
  copy: { src, dest, mode: -1, timestamp: -1n, createDestPath: true, ...more },
  from,
});

test('the actions of one op make one layer', async () => {
  const { tree } = await host.build(
    change(
      { mkdir: { path: '/d/e', mode: 0o700, makeParents: true, timestamp: 1_000_000_000n } },
      mkfile('/d/e/f', 'text', { user: 'nobody' }),
      { symlink: { oldpath: 'e/f', newpath: '/d/link', timestamp: -1n }, owner: { user: '5' } },
      { rm: { path: '/bin/v*', allowWildcard: true } },
    ),
  );
  assert.ok(tree.kind === 'layers');
  assert.equal(tree.layers.length, 2);
  await host.look(tree, (path) => {
    assert.equal(lstatSync(join(path, 'd/e')).mode & 0o777, 0o700);
    assert.equal(readFileSync(join(path, 'd/link'), 'utf8'), 'text');
    assert.deepEqual([lstatSync(join(path, 'd/e/f')).uid, lstatSync(join(path, 'd/e/f')).gid], [65534, 65534]);
    assert.deepEqual([lstatSync(join(path, 'd/link')).uid, lstatSync(join(path, 'd/link')).gid], [5, 5]);
    assert.equal(existsSync(join(path, 'bin/vi')), false);
  });
});

test('empty files and folders stay where a runtime has its mount points', async () => {
  const { tree } = await host.build(
    over(
      undefined,
      { mkdir: { path: '/run', mode: 0o755, timestamp: -1n } },
      { mkdir: { path: '/etc', mode: 0o755, timestamp: -1n } },
      mkfile('/etc/hosts', ''),
    ),
  );
  await host.look(tree, (path) => assert.ok(existsSync(join(path, 'run')) && existsSync(join(path, 'etc/hosts'))));
  const touched = await host.build(host.run('touch /etc/mtab /etc/hostname; mkdir /run'));
  await host.look(touched.tree, (path) => {
    for (const name of ['etc/mtab', 'etc/hostname', 'run']) assert.ok(existsSync(join(path, name)), name);
    for (const name of ['etc/hosts', 'etc/resolv.conf']) assert.equal(existsSync(join(path, name)), false, name);
  });
});

test('names of owners are looked up in the tree, and unknown ones stand for root', async () => {
  const owners = [
    { user: 'nobody', group: '7' },
    { user: 'foo', group: 'bar' },
  ];
  const { tree } = await host.build(change(...owners.map((owner, n) => mkfile(`/f${n}`, '', owner))));
  assert.ok(tree.kind === 'layers');
  assert.equal(tree.layers.length, 2);
  await host.look(tree, (path) => {
    assert.deepEqual([lstatSync(join(path, 'f0')).uid, lstatSync(join(path, 'f0')).gid], [65534, 7]);
    assert.deepEqual([lstatSync(join(path, 'f1')).uid, lstatSync(join(path, 'f1')).gid], [0, 0]);
  });
});

test('a copy takes modes, patterns and wildcards, and its content decides whether it is cached', async () => {
  const source = (more: string) => host.run(`mkdir /s; echo a > /s/a.txt; echo b > /s/b.md; ${more}`);
  const step = (from: LlbEdge) =>
    change(
      copy(from, '/s/*.txt', '/to/', { allowWildcard: true, modeStr: 'u=rwx,go=' }),
      copy(from, '/s', '/all', { dirCopyContents: true, exclude_patterns: ['*.txt'] }),
    );
  const first = await host.build(step(source('true')));
  await host.look(first.tree, (path) => {
    assert.equal(lstatSync(join(path, 'to/a.txt')).mode & 0o777, 0o700);
    assert.deepEqual([existsSync(join(path, 'all/a.txt')), existsSync(join(path, 'all/b.md'))], [false, true]);
  });
  const touched = await host.build(step(source('touch -d 2001-01-01 /s/a.txt; echo c > /other')));
  assert.equal(touched.ran.length, 1, 'the copy is cached');
  const changed = await host.build(step(source('echo c > /s/a.txt')));
  assert.equal(changed.ran.length, 2);
  await assert.rejects(host.build(change(copy(source('true'), '/nosuch', '/'))), {
    message: /^failed to compute cache key: failed to calculate checksum of ref .*: "\/nosuch": not found$/,
  });
});

test('an archive is unpacked where the op asks for it', async () => {
  const source = host.run('mkdir /s; echo x > /s/x; tar -czf /a.tgz -C /s x');
  const { tree } = await host.build(change(copy(source, '/a.tgz', '/to/', { attemptUnpackDockerCompatibility: true })));
  await host.look(tree, (path) => assert.equal(readFileSync(join(path, 'to/x'), 'utf8'), 'x\n'));
});

test('links of a source and of a target lead nowhere outside', async () => {
  const source = host.run('echo own > /etc/own; ln -s /etc/own /out; ln -s /../../../../etc /up');
  const { tree } = await host.build(
    change(copy(source, '/out', '/copied', { followSymlink: true }), copy(source, '/up/own', '/up2')),
  );
  await host.look(tree, (path) => {
    assert.equal(readFileSync(join(path, 'copied'), 'utf8'), 'own\n');
    assert.equal(readFileSync(join(path, 'up2'), 'utf8'), 'own\n');
  });
  const trap = host.run(`ln -s ${host.store.root} /trap`);
  const { tree: written } = await host.build(over(trap, copy(source, '/etc/group', '/trap/file')));
  assert.equal(existsSync(join(host.store.root, 'file')), false);
  await host.look(written, (path) => assert.ok(existsSync(join(path, host.store.root, 'file'))));
});

test('files of a client’s folder are copied into layers, and the same files are found again', async () => {
  const folder = join(host.store.root, 'context');
  mkdirSync(join(folder, 'sub'), { recursive: true });
  writeFileSync(join(folder, 'sub/file'), '1');
  const first = await copyOf(folder);
  utimesSync(join(folder, 'sub/file'), 1, 1);
  assert.deepEqual(await copyOf(folder), first);
  chmodSync(join(folder, 'sub/file'), 0o600);
  assert.notDeepEqual(await copyOf(folder), first);
});

/** Copies `/sub` of a folder, in a build whose source is never cached. */
async function copyOf(path: string): Promise<Tree> {
  const { node } = over(undefined, copy(host.base, '/sub', '/x'));
  const source: Vertex<Tree> = {
    ...{ digest: host.base.node.digest, name: 'context', inputs: [], ignoresCache: true },
    op: { cacheKey: async () => ({ digest: host.base.node.digest }), run: async () => [{ kind: 'folder', path }] },
  };
  const solver = new Solver<Tree>({
    ...{
      cache: host.store.cache,
      parallelSteps: () => 1,
      now: Date.now,
      failed: (error) => assert.fail(String(error)),
    },
  });
  using build = solver.open('files', () => {}, never);
  const vertex = { digest: node.digest, name: 'copy', inputs: [{ vertex: source, output: 0 }], op: fileOp(node, host) };
  return await build.result({ vertex, output: 0 });
}

test('trees are laid over one another, and what one has deleted of its own stays in the others', async () => {
  const link = over(undefined, copy(host.run('mkdir /s; echo 1 > /s/f'), '/s/f', '/usr/share/f'));
  const deleting = over(link, mkfile('/usr/own', ''), { rm: { path: '/usr/share' } });
  const onBase = host.run('mkdir -p /usr/share; echo base > /usr/share/base');
  const merged = async (...edges: LlbEdge[]) => (await host.build({ node: mergeNode(edges), output: 0 })).tree;
  const tree = await merged(onBase, link);
  assert.ok(tree.kind === 'layers');
  assert.equal(tree.layers.length, 3);
  await host.look(tree, (path) => {
    assert.equal(readFileSync(join(path, 'usr/share/f'), 'utf8'), '1\n');
    assert.ok(existsSync(join(path, 'usr/share/base')) && existsSync(join(path, 'bin/sh')));
    assert.equal(readlinkSync(join(path, 'bin/sh')), 'busybox');
  });
  await host.look(await merged(onBase, deleting), (path) => {
    assert.ok(existsSync(join(path, 'usr/share/base')) && existsSync(join(path, 'usr/own')));
    assert.equal(existsSync(join(path, 'usr/share/f')), false);
  });
  const removal = { node: diffNode(onBase, host.run('rm /usr/share/base', { root: onBase })), output: 0 };
  await host.look(await merged(onBase, link, removal), (path) => {
    assert.equal(existsSync(join(path, 'usr/share/base')), false);
    assert.ok(existsSync(join(path, 'usr/share/f')));
  });
  // Trees need not stand on each other.
  const exchange = { node: diffNode(link, host.base), output: 0 };
  await host.look(await merged(onBase, link, exchange), (path) => {
    assert.equal(existsSync(join(path, 'usr/share/f')), false);
    assert.ok(existsSync(join(path, 'bin/sh')));
  });
});
