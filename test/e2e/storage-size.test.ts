import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMountPoint } from '../../src/linux/index.ts';
import { isSound } from '../support/check.ts';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const SIZE = ['--storage-opt', 'size=32m'];
const TOO_MUCH = 'dd if=/dev/zero of=/big bs=1M count=40 2>&1; rm -f /big';
const limited = (): readonly string[] => readdirSync(join(engine().dataRoot, 'snapshots/limited'));

for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);

  test(`${cli} run --storage-opt size= makes a root that is full at its size, and leaves nothing`, async () => {
    const name = unique('limited');
    assert.match(await ok('run', '--rm', ...SIZE, 'busybox', 'sh', '-c', TOO_MUCH), /No space left on device/);
    await eventually(async () => assert.deepEqual(limited(), []));
    await ok('run', '-d', '--name', name, ...SIZE, 'busybox', 'sleep', '600');
    await ok('exec', name, 'sh', '-c', 'echo one >/file');
    assert.equal(await ok('diff', name), 'A /file');
    assert.equal(await ok('inspect', '-f', '{{.HostConfig.StorageOpt.size}}', name), '32m');
    await ok('stop', '-t', '0', name);
    assert.equal(await ok('diff', name), 'A /file');
    await ok('start', name);
    assert.equal(await ok('exec', name, 'cat', '/file'), 'one');
    assert.match(await ok('exec', name, 'sh', '-c', TOO_MUCH), /No space left on device/);
    await ok('rm', '-f', name);
    await eventually(async () => assert.deepEqual(limited(), []));
  });

  test(`${cli} run --storage-opt refuses what makes no sense`, async () => {
    const refused = async (option: string, text: RegExp): Promise<void> => {
      const { code, stderr } = await engine()[cli](['create', '--storage-opt', option, 'busybox']);
      assert.equal(code, 1);
      assert.match(stderr, text);
    };
    await refused('size=abc', /invalid size: 'abc'/);
    await refused('sise=1g', /Unknown option sise/);
    await refused('size=10', /the size must be from 4m to 8t/);
    assert.deepEqual(limited(), []);
  });
}

test('an engine that stops unmounts the roots of stopped containers, and the next one, also after a kill, has them', async () => {
  const gantry = (...args: string[]): Promise<string> => engine().ok('gantry', args);
  const [runs, rests] = [unique('runs'), unique('rests')];
  await gantry('run', '-d', '--name', runs, ...SIZE, 'busybox', 'sleep', '600');
  await gantry('run', '--name', rests, ...SIZE, 'busybox', 'sh', '-c', 'cat /file 2>/dev/null; echo one >/file');
  const id = await gantry('inspect', '-f', '{{.Id}}', rests);
  const folder = join(engine().dataRoot, 'snapshots/writables', id);
  assert.ok(isMountPoint(folder));
  await engine().stop();
  assert.equal(isMountPoint(folder), false);
  await engine().start();
  assert.ok(isMountPoint(folder));
  assert.equal(await gantry('start', '-a', rests), 'one');
  await engine().kill9();
  await engine().start();
  assert.equal(await gantry('start', '-a', rests), 'one');
  assert.match(await gantry('exec', runs, 'sh', '-c', TOO_MUCH), /No space left on device/);
  await isSound(engine());
  await gantry('rm', '-f', runs, rests);
  await eventually(async () => assert.deepEqual(limited(), []));
  assert.equal(existsSync(folder), false);
});
