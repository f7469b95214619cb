import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { CLIS, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
let folder = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-modes-'));
  mkdirSync(join(folder, 'bind/held'), { recursive: true });
  chmodSync(join(folder, 'bind'), 0o711);
  writeFileSync(join(folder, 'file'), 'of the host\n');
});
after(() => rmSync(folder, { recursive: true }));

/** Kind, mode and target, as `ls` writes kinds. Undefined for what is not found. */
type Shown = string | undefined;

/** Recorded from dockerd 28.5: of a container that never started, and of one that runs or has run where it differs. */
const RECORDED: readonly (readonly [path: string, never: Shown, started?: Shown])[] = [
  ['/etc/mtab', 'l777 /proc/mounts'],
  ['/dev/console', '-755'],
  ['/dev/pts', 'd755'],
  ['/dev/shm', 'd755'],
  ['/etc/hosts', '-755', '-644'],
  ['/etc/hostname', '-755', '-644'],
  ['/etc/resolv.conf', '-755', '-644'],
  ['/.dockerenv', '-755'],
  ['/dev', 'd755'],
  ['/etc', 'd755'],
  ['/proc', 'd755'],
  ['/proc/.', 'd755'],
  ['/sys', 'd755'],
  ['/dev/null', undefined],
  ['/dev/mqueue', undefined],
  ['/proc/mounts', undefined],
  ['/run/secrets', undefined],
  ['/etc/mtab/', undefined],
  ['/new', 'd755'],
  ['/new/deep', 'd755'],
  ['/new/deep/volume', 'd755'],
  ['/other', 'd755'],
  ['/other/deep', 'd755'],
  ['/other/deep/bind', 'd711'],
  ['/files', 'd755'],
  ['/files/deep', 'd755'],
  ['/files/deep/file', '-644'],
  ['/memory', undefined, 'd755'],
  ['/memory/tmpfs', undefined, 'd755'],
];

/** What lists of folders hold beyond the image's files. */
const HELD: readonly (readonly [path: string, never: readonly string[], started?: readonly string[]])[] = [
  [
    '/etc',
    ['hostname -755', 'hosts -755', 'mtab l777 /proc/mounts', 'resolv.conf -755'],
    ['hostname -644', 'hosts -644', 'mtab l777 /proc/mounts', 'resolv.conf -644'],
  ],
  ['/dev', ['console -755', 'pts d755', 'shm d755']],
  ['/new', ['deep d755', 'deep/volume d755']],
  ['/other', ['deep d755', 'deep/bind d711', 'deep/bind/held d755']],
  ['/files', ['deep d755', 'deep/file -644']],
];
const OF_THE_IMAGE = /^(?:group|nsswitch\.conf|passwd|shadow) /;

async function archive(method: 'GET' | 'HEAD', container: string, path: string) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const url = `/containers/${container}/archive?path=${encodeURIComponent(path)}`;
  request({ socketPath: engine().socketPath, method, path: url, agent: false }, resolve).on('error', reject).end();
  const response = await promise;
  const stat = response.headers['x-docker-container-path-stat'];
  return { status: response.statusCode, stat: String(stat ?? ''), body: await buffer(response) };
}

const KINDS: Readonly<Record<string, readonly [letter: string, goMode: number]>> = {
  '0': ['-', 0],
  '2': ['l', 2 ** 27],
  '5': ['d', 2 ** 31],
};

interface Entry {
  readonly name: string;
  readonly shown: string;
  /** In the form of Go's `os.FileMode`. */
  readonly goMode: number;
}

/** Every entry of a plain tar, extended headers left out. */
function entriesOf(tar: Buffer): readonly Entry[] {
  const found: Entry[] = [];
  const text = (at: number, length: number): string => tar.toString('latin1', at, at + length).replace(/\0.*$/s, '');
  for (let at = 0; text(at, 100) !== ''; at += 512 + Math.ceil(Number.parseInt(text(at + 124, 12), 8) / 512) * 512) {
    const [letter, bits] = KINDS[text(at + 156, 1)] ?? [];
    if (letter === undefined || bits === undefined) continue;
    const mode = Number.parseInt(text(at + 100, 8), 8);
    const target = text(at + 157, 100);
    assert.deepEqual([text(at + 108, 8), text(at + 116, 8)].map(Number), [0, 0], 'the owner is root');
    const shown = `${letter}${mode.toString(8)}${target === '' ? '' : ` ${target}`}`;
    found.push({ name: text(at, 100).replace(/\/$/, ''), shown, goMode: bits + mode });
  }
  return found;
}

/** What the archive says of a path, after a check that the header says the same. */
async function shownOf(container: string, path: string): Promise<Shown> {
  const [head, got] = [await archive('HEAD', container, path), await archive('GET', container, path)];
  assert.equal(head.status, got.status, path);
  if (got.status === 404) return undefined;
  assert.equal(got.status, 200, `${path}: ${got.body}`);
  const [first] = entriesOf(got.body);
  assert.ok(first, path);
  const { mode, linkTarget } = JSON.parse(Buffer.from(head.stat, 'base64').toString()) as {
    readonly mode: number;
    readonly linkTarget: string;
  };
  assert.deepEqual([mode, linkTarget], [first.goMode, first.shown.split(' ')[1] ?? ''], path);
  return first.shown;
}

async function heldBy(container: string, path: string): Promise<readonly string[]> {
  const { status, body } = await archive('GET', container, path);
  assert.equal(status, 200, path);
  const [, ...below] = entriesOf(body);
  const lines = below.map(({ name, shown }) => `${name.slice(path.length)} ${shown}`);
  return lines.filter((line) => !OF_THE_IMAGE.test(line)).sort();
}

for (const cli of CLIS) {
  test(`${cli} create, run: an archive shows kinds and modes of mount points and of their parents as dockerd does`, async () => {
    const mounts = ['-v', '/new/deep/volume', '--tmpfs', '/memory/tmpfs'];
    const binds = ['-v', `${folder}/bind:/other/deep/bind`, '-v', `${folder}/file:/files/deep/file`];
    const [never, ran, runs] = [unique('never'), unique('ran'), unique('runs')];
    await engine().ok(cli, ['create', '--name', never, ...mounts, ...binds, 'busybox', 'true']);
    await engine().ok(cli, ['run', '--name', ran, ...mounts, ...binds, 'busybox', 'true']);
    await engine().ok(cli, ['run', '-d', '--name', runs, ...mounts, ...binds, 'busybox', 'sleep', '1000']);
    for (const container of [never, ran, runs]) {
      const pick = <T>(one: T, other: T | undefined): T => (container === never ? one : (other ?? one));
      for (const [path, first, later] of RECORDED)
        assert.equal(await shownOf(container, path), pick(first, later), `${container} ${path}`);
      for (const [path, first, later] of HELD)
        assert.deepEqual(await heldBy(container, path), pick(first, later), `${container} ${path}`);
    }
    await engine().ok(cli, ['rm', '-f', '-v', never, ran, runs]);
  });
}
