import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const gantry = (...args: string[]): Promise<string> => engine().ok('gantry', args);
const run = (volume: string, script: string): Promise<string> =>
  gantry('run', '--rm', '-v', `${volume}:/v`, 'busybox', 'sh', '-c', script);
const TOO_MUCH = 'dd if=/dev/zero of=/v/big bs=1M count=40 2>&1; rm -f /v/big';

/** The loop devices of this engine's volumes. */
function loops(): readonly string[] {
  return readdirSync('/sys/block').flatMap((name) => {
    const file = `/sys/block/${name}/loop/backing_file`;
    const backing = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
    return backing.startsWith(engine().dataRoot) ? [backing] : [];
  });
}

/** The kernel frees a device a moment after its last user has gone. */
const isUnbound = (): Promise<void> => eventually(async () => assert.deepEqual(loops(), []));

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-volume-quota-'));
});
after(() => rmSync(folder, { recursive: true }));

for (const cli of CLIS) {
  test(`${cli} volume create -o size= makes a volume that is full at its size, and leaves nothing when it is removed`, async () => {
    const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
    const [name, volume] = [unique('uses'), unique('limited')];
    assert.equal(await ok('volume', 'create', '-o', 'size=32m', volume), volume);
    assert.equal(await ok('volume', 'inspect', '-f', '{{.Options.size}}', volume), '32m');
    const mount = ['-v', `${volume}:/v`, 'busybox'];
    assert.match(await ok('run', '--rm', ...mount, 'sh', '-c', TOO_MUCH), /No space left on device/);
    assert.equal(await ok('run', '--rm', ...mount, 'ls', '-A', '/v'), '', 'a new one is empty');
    await isUnbound();
    await ok('run', '-d', '--name', name, ...mount, 'sh', '-c', 'echo kept >/v/file; sleep 600');
    await eventually(async () => assert.equal(await ok('exec', name, 'cat', '/v/file'), 'kept'));
    assert.equal(await ok('run', '--rm', ...mount, 'cat', '/v/file'), 'kept', 'several containers share it');
    const kilobytes = Number((await ok('exec', name, 'df', '-k', '/v')).split(/\s+/).at(-5));
    assert.ok(kilobytes > 24_000 && kilobytes <= 32_768, `${kilobytes} kB`);
    await ok('rm', '-f', name);
    await isUnbound();
    const { blocks } = statSync(join(engine().dataRoot, 'volumes', volume, '_image'));
    assert.ok(blocks * 512 < 8 << 20, `deleted files take no space: ${blocks * 512} bytes`);
    await ok('volume', 'rm', volume);
    await isUnbound();
    assert.equal(existsSync(join(engine().dataRoot, 'volumes', volume)), false);
  });

  test(`${cli} volume create refuses sizes that make no sense in Docker's words`, async () => {
    const refused = async (text: RegExp, ...options: string[]): Promise<void> => {
      const args = options.flatMap((option) => ['-o', option]);
      const { code, stderr } = await engine()[cli](['volume', 'create', ...args, 'refused']);
      assert.equal(code, 1);
      assert.match(stderr, text);
    };
    await refused(/create refused: invalid size: 'abc'$/m, 'size=abc');
    await refused(/create refused: invalid size: ''$/m, 'size=');
    await refused(/create refused: invalid size: '-1'$/m, 'size=-1');
    await refused(/create refused: invalid option: "foo"$/m, 'size=abc', 'foo=bar');
    await refused(/create refused: invalid size: '10': it must be from 4m to 8t$/m, 'size=10');
    await refused(/create refused: invalid size: '9t': it must be from 4m to 8t$/m, 'size=9t');
    await refused(/a tmpfs takes its size in "o"$/m, 'type=tmpfs', 'device=tmpfs', 'size=32m');
    await engine().ok(cli, ['volume', 'create', '-o', 'size=0', 'unlimited']);
    await engine().ok(cli, ['volume', 'rm', 'unlimited']);
  });
}

test('a volume with a size is filled from the image, and keeps owner and mode of its folder', async () => {
  const [name, image, volume] = [unique('fill'), unique('fill-image'), unique('limited')];
  const fill = 'mkdir /v; echo i >/v/f; chown 70:71 /v; chmod 2750 /v';
  await gantry('run', '--name', name, 'busybox', 'sh', '-c', fill);
  await gantry('commit', name, image);
  await gantry('rm', name);
  await gantry('volume', 'create', '-o', 'size=32m', volume);
  const look = (): Promise<string> =>
    gantry('run', '--rm', '-v', `${volume}:/v`, image, 'sh', '-c', 'stat -c "%a %u:%g" /v; ls -A /v');
  assert.equal(await look(), '2750 70:71\nf');
  assert.equal(await look(), '2750 70:71\nf');
  await gantry('volume', 'rm', volume);
  await gantry('rmi', image);
});

test('a daemon that is killed finds the volume mounted, and unmounts it after the last container', async () => {
  const [name, volume] = [unique('uses'), unique('limited')];
  await gantry('volume', 'create', '-o', 'size=32m', volume);
  await gantry(
    'run',
    '-d',
    '--name',
    name,
    '-v',
    `${volume}:/v`,
    'busybox',
    'sh',
    '-c',
    'echo one >/v/file; sleep 600',
  );
  await eventually(async () => assert.equal(await gantry('exec', name, 'cat', '/v/file'), 'one'));
  await engine().kill9();
  await engine().start();
  assert.equal(await gantry('exec', name, 'cat', '/v/file'), 'one');
  assert.match(await gantry('exec', name, 'sh', '-c', TOO_MUCH), /No space left on device/);
  assert.equal(loops().length, 1);
  await gantry('stop', '-t', '0', name);
  await isUnbound();
  assert.equal(await gantry('start', name), name);
  assert.equal(await gantry('exec', name, 'cat', '/v/file'), 'one');
  await gantry('rm', '-f', name);
  await gantry('volume', 'rm', volume);
  await isUnbound();
});

test('clones, snapshots and archives of a volume with a size keep content and limit', async () => {
  const [volume, clone] = [unique('limited'), unique('clone')];
  await gantry('volume', 'create', '-o', 'size=32m', volume);
  await run(volume, 'echo one >/v/file; chown 70:71 /v; chmod 750 /v');
  await gantry('volume', 'snapshot', 'create', volume, 'before');
  await gantry('volume', 'clone', volume, clone);
  const path = join(folder, 'data.tar');
  await gantry('volume', 'export', '-o', path, volume);
  const look = 'stat -c "%a %u:%g" /v; ls -A /v; cat /v/file';
  const expected = '750 70:71\nfile\none';
  const isAsBefore = async (name: string): Promise<void> => {
    assert.equal(await run(name, look), expected);
    assert.match(await run(name, TOO_MUCH), /No space left on device/);
    assert.equal(await gantry('volume', 'inspect', '-f', '{{.Options.size}}', name), '32m');
  };
  await isAsBefore(clone);
  await run(volume, 'echo two >/v/file; echo more >/v/other');
  await gantry('volume', 'restore', volume, 'before');
  await isAsBefore(volume);
  const full = await engine().gantry(['volume', 'import', volume, path]);
  assert.match(full.stderr, /is not empty/);
  await gantry('volume', 'import', '--replace', volume, path);
  await isAsBefore(volume);
  const renamed = unique('renamed');
  await gantry('volume', 'rename', volume, renamed);
  await isAsBefore(renamed);
  await isUnbound();
  await gantry('volume', 'rm', renamed, clone);
});

test('an archive that is larger than the volume changes nothing', async () => {
  const [large, small] = [unique('large'), unique('small')];
  await run(large, 'dd if=/dev/urandom of=/v/big bs=1M count=40 2>/dev/null');
  const path = join(folder, 'large.tar');
  await gantry('volume', 'export', '-o', path, large);
  await gantry('volume', 'create', '-o', 'size=16m', small);
  await run(small, 'echo one >/v/file');
  const { code, stderr } = await engine().gantry(['volume', 'import', '--replace', small, path]);
  assert.equal(code, 1);
  assert.match(stderr, /no space left on device/);
  assert.equal(await run(small, 'ls -A /v; cat /v/file'), 'file\none');
  await isUnbound();
  assert.deepEqual(readdirSync(join(engine().dataRoot, 'volumes', small)).sort(), ['_data', '_image']);
  await gantry('volume', 'rm', large, small);
});
