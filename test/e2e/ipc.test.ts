import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const sharedMounts = (): readonly string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(join(engine().execRoot, 'shm')));

for (const cli of CLIS) {
  test(`${cli} run --ipc shareable shares memory and the namespace with those who join`, async () => {
    const donor = unique('donor');
    const joiner = unique('joiner');
    const run = (...args: string[]): Promise<string> =>
      engine().ok(cli, ['run', '-d', ...args, 'busybox', 'sleep', '1000']);
    await run('--name', donor, '--ipc', 'shareable', '--shm-size', '2m');
    await run('--name', joiner, '--ipc', `container:${donor}`);
    await engine().ok(cli, ['exec', donor, 'sh', '-c', 'echo hi > /dev/shm/file']);
    assert.equal(await engine().ok(cli, ['exec', joiner, 'cat', '/dev/shm/file']), 'hi');
    const mount = await engine().ok(cli, ['exec', joiner, 'grep', ' /dev/shm ', '/proc/mounts']);
    assert.match(mount, /^shm \/dev\/shm tmpfs rw,nosuid,nodev,noexec,relatime,size=2048k/);
    const namespace = (name: string) => engine().ok(cli, ['exec', name, 'readlink', '/proc/1/ns/ipc']);
    assert.equal(await namespace(donor), await namespace(joiner));

    await engine().kill9();
    await engine().start();
    assert.equal(sharedMounts().length, 1, 'a new daemon leaves it to those who use it');
    assert.equal(
      await engine().ok(cli, ['run', '--rm', '--ipc', `container:${joiner}`, 'busybox', 'cat', '/dev/shm/file']),
      'hi',
    );
    await engine().ok(cli, ['rm', '-f', donor]);
    await eventually(async () => assert.deepEqual(sharedMounts(), []));
    assert.equal(await engine().ok(cli, ['exec', joiner, 'cat', '/dev/shm/file']), 'hi', 'those who joined keep it');
    await engine().ok(cli, ['rm', '-f', joiner]);
  });

  test(`${cli} run --ipc container: is refused for one that does not share`, async () => {
    const name = unique('private');
    const id = await engine().ok(cli, ['run', '-d', '--name', name, 'busybox', 'sleep', '1000']);
    const result = await engine()[cli](['run', '--rm', '--ipc', `container:${name}`, 'busybox', 'true']);
    assert.equal(result.code, 125);
    assert.ok(
      result.stderr.includes(
        `failed to join IPC namespace: container ${id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
      ),
      result.stderr,
    );
    await engine().ok(cli, ['rm', '-f', name]);
  });
}
