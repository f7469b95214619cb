import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { command } from '../support/command.ts';
import { CLIS, unique, useEngine } from '../support/fixture.ts';

/** A bind of a folder with a mount below. What is expected is what dockerd 28.5 does and says. */
const engine = useEngine();
let folder = '';
let below = '';
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-recursive-'));
  below = join(folder, 'sub');
  mkdirSync(below);
  const { code, stderr } = await command('mount', ['-t', 'tmpfs', 'none', below]);
  assert.equal(code, 0, stderr);
  writeFileSync(join(below, 'held'), 'of the host\n');
});
after(async () => {
  assert.equal((await command('umount', [below])).code, 0);
  rmSync(folder, { recursive: true });
});

const LOOK =
  'ls /m/sub; touch /m/a 2>/dev/null && echo top || echo top-ro; touch /m/sub/b 2>/dev/null && echo below || echo below-ro; rm -f /m/a /m/sub/b';

const SHOWN: readonly (readonly [options: string, seen: string])[] = [
  ['', 'held top below'],
  [',bind-recursive=enabled', 'held top below'],
  [',bind-recursive=disabled', 'top below'],
  [',readonly', 'held top-ro below-ro'],
  [',readonly,bind-recursive=enabled', 'held top-ro below-ro'],
  [',readonly,bind-recursive=disabled', 'top-ro below-ro'],
  [',readonly,bind-recursive=writable', 'held top-ro below'],
  [',readonly,bind-recursive=readonly,bind-propagation=rprivate', 'held top-ro below-ro'],
  [',bind-nonrecursive', 'top below'],
];

for (const cli of CLIS) {
  test(`${cli} run --mount bind-recursive shows, hides and locks what is mounted below`, async () => {
    for (const [options, seen] of SHOWN) {
      const mount = `type=bind,src=${folder},dst=/m${options}`;
      const run = await engine().ok(cli, ['run', '--rm', '--mount', mount, 'busybox', 'sh', '-c', LOOK]);
      assert.equal(run.split('\n').join(' '), seen, options);
    }
  });

  test(`${cli} run --mount bind-recursive refuses contradictions`, async () => {
    for (const [options, text] of [
      [
        ',bind-recursive=writable',
        "option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction",
      ],
      [
        ',bind-recursive=readonly',
        "option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction",
      ],
      [
        ',readonly,bind-recursive=readonly',
        "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction",
      ],
      [
        ',bind-recursive=nope',
        'invalid value for bind-recursive: nope (must be "enabled", "disabled", "writable", or "readonly")',
      ],
    ]) {
      const mount = `type=bind,src=${folder},dst=/m${options}`;
      const { code, stderr } = await engine()[cli](['run', '--rm', '--mount', mount, 'busybox', 'true']);
      assert.equal(code, 125, stderr);
      assert.ok(stderr.includes(text ?? ''), stderr);
    }
  });
}

test('runc shows, hides and locks the same', async (t) => {
  if ((await command('runc', ['--version'])).code !== 0) return t.skip('no runc on this machine');
  for (const [options, seen] of SHOWN) {
    const mount = `type=bind,src=${folder},dst=/m${options}`;
    const flags = ['--rm', '--runtime', 'runc', '--mount', mount];
    const run = await engine().ok('gantry', ['run', ...flags, 'busybox', 'sh', '-c', LOOK]);
    assert.equal(run.split('\n').join(' '), seen, options);
  }
});

test('options of a bind that contradict each other are taken by create and told by start', async () => {
  for (const [readOnly, options, text] of [
    [
      true,
      { ReadOnlyNonRecursive: true, ReadOnlyForceRecursive: true },
      'mount options conflict: ReadOnlyNonRecursive && BindOptions.ReadOnlyForceRecursive',
    ],
    [
      false,
      { ReadOnlyForceRecursive: true },
      'mount options conflict: !ReadOnly && BindOptions.ReadOnlyForceRecursive',
    ],
  ] as const) {
    const name = unique('conflict');
    const mount = { Type: 'bind', Source: folder, Target: '/m', ReadOnly: readOnly, BindOptions: options };
    const body = { Image: 'busybox', HostConfig: { Mounts: [mount] } };
    assert.equal((await engine().api('POST', `/v1.45/containers/create?name=${name}`, body)).status, 201);
    const start = await engine().api('POST', `/v1.45/containers/${name}/start`);
    assert.deepEqual([start.status, JSON.parse(start.body)], [500, { message: text }]);
    await engine().ok('gantry', ['rm', name]);
  }
  const both = { NonRecursive: true, ReadOnlyForceRecursive: true };
  const name = unique('alone');
  const mount = { Type: 'bind', Source: folder, Target: '/m', ReadOnly: true, BindOptions: both };
  const body = { Image: 'busybox', Cmd: ['sh', '-c', LOOK], HostConfig: { Mounts: [mount] } };
  assert.equal((await engine().api('POST', `/v1.45/containers/create?name=${name}`, body)).status, 201);
  assert.equal(await engine().ok('gantry', ['start', '-a', name]), 'top-ro\nbelow-ro');
  await engine().ok('gantry', ['rm', name]);
});
