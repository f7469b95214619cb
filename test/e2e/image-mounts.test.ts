import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const image = unique('mounted');

let isMade: Promise<void> | undefined;

/** An image with links out of its folder, and a file of busybox removed. */
function makeImage(): Promise<void> {
  isMade ??= make();
  return isMade;
}

async function make(): Promise<void> {
  const script = [
    ...['mkdir -p /tools/sub /hack', 'echo one >/tools/one', 'echo two >/tools/sub/two', 'rm /bin/awk'],
    ...['ln -s ../tools /hack/good', 'ln -s /etc /hack/absolute', 'ln -s ../../../etc /hack/out'],
  ].join(' && ');
  const made = unique('maker');
  await engine().ok('gantry', ['run', '--name', made, 'busybox', 'sh', '-c', script]);
  await engine().ok('gantry', ['commit', made, image]);
  await engine().ok('gantry', ['rm', made]);
}

for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
  const mountOf = (options: string): string[] => ['--mount', `type=image,source=${image},target=/m${options}`];

  test(`${cli} run --mount type=image shows an image’s files, read-only`, async () => {
    await makeImage();
    const script = 'cat /m/tools/one; ls /m/bin/awk 2>&1; ls /bin/awk; touch /m/x 2>&1';
    const { stdout } = await engine()[cli](['run', '--rm', ...mountOf(''), 'busybox', 'sh', '-c', script]);
    assert.equal(
      stdout,
      'one\nls: /m/bin/awk: No such file or directory\n/bin/awk\ntouch: /m/x: Read-only file system\n',
    );
    const twice = ['--mount', `type=image,src=${image},dst=/n,readonly=false`];
    const both = await ok(
      'run',
      '--rm',
      ...mountOf(''),
      ...twice,
      'busybox',
      'cat',
      '/m/tools/one',
      '/n/tools/sub/two',
    );
    assert.equal(both, 'one\ntwo');
  });

  test(`${cli} run --mount image-subpath shows a part of the image and nothing outside of it`, async () => {
    await makeImage();
    const run = (subpath: string, ...command: string[]) =>
      engine()[cli](['run', '--rm', ...mountOf(`,image-subpath=${subpath}`), 'busybox', ...command]);
    assert.equal((await run('tools', 'ls', '/m')).stdout, 'one\nsub\n');
    assert.equal((await run('hack/good/sub', 'ls', '/m')).stdout, 'two\n');
    assert.equal((await run('tools/one', 'cat', '/m')).stdout, 'one\n');
    for (const [subpath, text] of [
      ['nowhere', /cannot access path \S+nowhere: lstat \S+: no such file or directory/],
      ['hack/absolute', /path concatenation escapes the base directory/],
      ['hack/out/passwd', /path concatenation escapes the base directory/],
      ['../etc', /subpath must be a relative path within the volume/],
      ['/tools', /subpath must be a relative path within the volume/],
    ] as const) {
      const { code, stderr } = await run(subpath, 'true');
      assert.notEqual(code, 0, subpath);
      assert.match(stderr, text);
    }
  });

  test(`${cli} run refuses image mounts that are none`, async () => {
    await makeImage();
    for (const [mount, text] of [
      ['type=image,source=missing:1,target=/m', /No such image: missing:1/],
      ['type=image,target=/m', /invalid mount config for type "image": field Source must not be empty/],
      [`type=image,source=${image},target=/m,volume-nocopy`, /cannot mix 'volume-\*' options with mount type 'image'/],
      [`type=bind,source=/,target=/m,image-subpath=x`, /cannot mix 'image-\*' options with mount type 'bind'/],
    ] as const) {
      const { code, stderr } = await engine()[cli](['run', '--rm', '--mount', mount, 'busybox', 'true']);
      assert.equal(code, 125, mount);
      assert.match(stderr, text);
    }
  });

  test(`${cli} inspect, ps and cp know an image mount`, async () => {
    await makeImage();
    const name = unique('knows');
    await ok('run', '-d', '--name', name, ...mountOf(',image-subpath=tools'), 'busybox', 'sleep', '60');
    const [shown] = JSON.parse(await ok('inspect', name));
    const [{ Source, ...mount }] = shown.Mounts;
    assert.deepEqual(mount, {
      ...{ Type: 'image', Name: image, Destination: '/m', Mode: '', RW: false, Propagation: 'rprivate' },
    });
    assert.match(Source, /\/rootfs\//);
    assert.deepEqual(shown.HostConfig.Mounts, [
      { Type: 'image', Source: image, Target: '/m', ImageOptions: { Subpath: 'tools' } },
    ]);
    assert.equal(await ok('ps', '-q', '--filter', `volume=${image}`), shown.Id.slice(0, 12));
    assert.match(await ok('cp', `${name}:/m/sub/two`, '-').then(String), /two/);
    await ok('kill', name);
    await ok('wait', name);
    assert.match(await ok('cp', `${name}:/m/one`, '-').then(String), /one/);
    const { stderr } = await engine()[cli](['cp', '/etc/hostname', `${name}:/m/x`]);
    assert.match(stderr, /read-only/);
    await ok('rm', name);
  });
}

test('an image that a container mounts is in use, and outlives its removal by force', async () => {
  await makeImage();
  const [name, other] = [unique('uses'), unique('from')];
  const used = unique('used');
  await engine().ok('gantry', ['tag', image, used]);
  const made = unique('layer');
  await engine().ok('gantry', ['run', '--name', made, used, 'sh', '-c', 'echo kept >/kept']);
  await engine().ok('gantry', ['commit', '-c', 'LABEL mark=used', made, used]);
  await engine().ok('gantry', ['rm', made]);
  const mount = ['--mount', `type=image,source=${used},target=/m`];
  const id = await engine().ok('gantry', ['run', '-d', '--name', name, ...mount, 'busybox', 'cat', '/m/kept']);
  await engine().ok('gantry', ['wait', name]);
  const { code, stderr } = await engine().gantry(['rmi', used]);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`container ${id.slice(0, 12)} is using its referenced image`));
  assert.doesNotMatch(
    await engine().ok('gantry', ['image', 'prune', '-a', '-f', '--filter', 'label=mark=used']),
    new RegExp(`untagged: ${used}`),
  );
  await engine().ok('gantry', ['rmi', '-f', used]);
  assert.equal(await engine().ok('gantry', ['start', '-a', name]), 'kept');
  const taken = ['run', '--rm', '--name', other, '--volumes-from', name, 'busybox', 'cat', '/m/kept'];
  assert.equal(await engine().ok('gantry', taken), 'kept');
  await engine().ok('gantry', ['rm', name]);
});

test('image mounts live through the end of the daemon, and go with their container', async () => {
  await makeImage();
  const [running, ended] = [unique('running'), unique('ended')];
  const script = 'while ! [ -e /end ]; do sleep 0.05; done; cat /m/tools/one';
  const create = (name: string): string[] => [
    ...['run', '-d', '--name', name, '--mount', `type=image,source=${image},target=/m`, 'busybox', 'sh', '-c', script],
  ];
  for (const name of [running, ended]) await engine().ok('gantry', create(name));
  await engine().kill9();
  await engine().start();
  assert.equal(await engine().ok('gantry', ['exec', running, 'cat', '/m/tools/sub/two']), 'two');
  for (const name of [running, ended]) {
    await engine().ok('gantry', ['exec', name, 'touch', '/end']);
    assert.equal(await engine().ok('gantry', ['wait', name]), '0');
    assert.match(await engine().ok('gantry', ['logs', name]), /one/);
  }
  await engine().ok('gantry', ['start', ended]);
  await engine().ok('gantry', ['wait', ended]);
  assert.equal(await engine().ok('gantry', ['logs', '-n', '1', ended]), 'one');
  const sound = async (): Promise<void> =>
    assert.match(await engine().ok('gantry', ['system', 'check']), /Everything is sound/);
  await sound();
  await engine().ok('gantry', ['rm', running, ended]);
  await eventually(sound);
});
