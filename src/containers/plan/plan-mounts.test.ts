import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notFound } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { ContainerConfig, HostConfig, Mount } from '../../spec/index.ts';
import type { PlannedMount } from '../model/planner.ts';
import type { MountRecord } from '../model/record.ts';
import { planMounts } from './plan-mounts.ts';

interface Request extends HostConfig {
  readonly config?: ContainerConfig;
  readonly others?: Readonly<Record<string, readonly MountRecord[]>>;
}

const TOOLS = { id: `sha256:${'7'.repeat(64)}` as Digest, diffIds: [`sha256:${'8'.repeat(64)}` as Digest] };

function plan(
  { config = {}, others = {}, ...hostConfig }: Request,
  writableSubmounts = false,
): readonly PlannedMount[] {
  return planMounts({
    writableSubmounts,
    config,
    hostConfig,
    dataRoot: '/var/lib/gantry',
    imageOf: (ref) => {
      if (ref !== 'tools') throw notFound('image', ref);
      return TOOLS;
    },
    mountsOf: (name) => {
      const mounts = others[name];
      if (mounts === undefined) throw notFound('container', name);
      return mounts;
    },
  });
}

test('below a read-only bind of an older client other mounts stay writable', () => {
  const mounts: readonly Mount[] = [
    { Type: 'bind', Source: '/srv', Target: '/a', ReadOnly: true },
    { Type: 'bind', Source: '/srv', Target: '/b' },
  ];
  const options = (writableSubmounts: boolean): unknown =>
    plan({ Binds: ['/srv:/c:ro', '/srv:/d'], Mounts: mounts }, writableSubmounts).map(({ mount }) => mount.options);
  assert.deepEqual(options(true), [['ro'], undefined, ['ro'], undefined]);
  assert.deepEqual(options(false), [undefined, undefined, undefined, undefined]);
});

function only(request: Request): MountRecord {
  const [planned, ...rest] = plan(request);
  assert.equal(rest.length, 0);
  assert.ok(planned);
  return planned.mount;
}

/** `Mounts` of inspect as dockerd 28.5 shows them for `HostConfig.Binds`. */
const SHOWN: readonly (readonly [bind: string, shown: string])[] = [
  ['/srv:/b', 'bind /srv /b "" rw rprivate'],
  ['/srv/../srv:/b/../c', 'bind /srv /c "" rw rprivate'],
  ['/srv:/b:', 'bind /srv /b "" rw rprivate'],
  ['/srv:/b:ro,rprivate', 'bind /srv /b "ro,rprivate" ro rprivate'],
  ['/srv:/b:private,ro', 'bind /srv /b "private,ro" ro private'],
  ['/srv:/b:cached', 'bind /srv /b "cached" rw rprivate'],
  ['/srv:/b:z', 'bind /srv /b "z" rw rprivate'],
  ['/nope/x:/b', 'bind /nope/x /b "" rw rprivate'],
  ['data:/y', 'volume data /y "z" rw '],
  ['data:/y:ro', 'volume data /y "ro" ro '],
  ['data:/y:nocopy', 'volume data /y "nocopy" rw '],
  ['/a', 'volume  /a "z" rw '],
];

for (const [bind, shown] of SHOWN) {
  test(`-v ${bind} shows ${shown}`, () => {
    const mount = only({ Binds: [bind] });
    const source = mount.Type === 'volume' ? mount.Name : mount.Source;
    const { Type, Destination, Mode, RW, Propagation } = mount;
    assert.equal(`${Type} ${source} ${Destination} "${Mode}" ${RW ? 'rw' : 'ro'} ${Propagation}`, shown);
  });
}

test('a bind that is none is refused in dockerd’s words', () => {
  const refuse = (bind: string, message: string): void =>
    assert.throws(() => plan({ Binds: [bind] }), { kind: 'invalid', message }, bind);
  const spec = 'invalid volume specification';
  for (const bind of ['/a:/b:/c:/d', 'rel:', '', ':/x']) refuse(bind, `${spec}: '${bind}'`);
  const config = 'invalid mount config for type';
  refuse('/a:rel', `${spec}: '/a:rel': ${config} "bind": invalid mount path: 'rel' mount path must be absolute`);
  refuse('/tmp:/', `${spec}: '/tmp:/': ${config} "bind": invalid specification: destination can't be '/'`);
  refuse('v1:/b:rshared', `${spec}: 'v1:/b:rshared': ${config} "volume": field BindOptions must not be specified`);
  refuse('/tmp:/b:nocopy', `${spec}: '/tmp:/b:nocopy': ${config} "bind": field VolumeOptions must not be specified`);
  refuse('x', `${spec}: 'x': ${config} "volume": invalid mount path: 'x' mount path must be absolute`);
  refuse('x::', `${spec}: 'x::': ${config} "volume": field Target must not be empty`);
  for (const mode of ['xx', 'ro,rw', 'ro,z,Z', 'shared,slave', 'rbind', 'exec']) {
    refuse(`/tmp:/b:${mode}`, `invalid mode: ${mode}`);
  }
});

test('--mount is checked in dockerd’s words', () => {
  const refuse = (mount: Mount, message: string): void =>
    assert.throws(() => plan({ Mounts: [mount] }), { kind: 'invalid', message });
  const bind = (text: string): string => `invalid mount config for type "bind": ${text}`;
  const volume = (text: string): string => `invalid mount config for type "volume": ${text}`;
  refuse({ Type: 'bind', Target: '/b' }, bind('field Source must not be empty'));
  refuse({ Type: 'bind', Source: '/nope', Target: '/b' }, bind('bind source path does not exist: /nope'));
  refuse({ Type: 'bind', Source: 'rel', Target: '/b' }, bind("invalid mount path: 'rel' mount path must be absolute"));
  refuse({ Type: 'bind', Source: '/tmp' }, bind('field Target must not be empty'));
  refuse({ Type: 'bind', Source: '/tmp', Target: '/' }, bind("invalid specification: destination can't be '/'"));
  refuse(
    { Type: 'bind', Source: '/tmp', Target: '/b', VolumeOptions: {} },
    'VolumeOptions must not be specified on mount type "bind"',
  );
  refuse(
    { Type: 'bind', Source: '/tmp', Target: '/b', BindOptions: { Propagation: 'foo' } },
    bind('invalid propagation mode: foo'),
  );
  refuse(
    { Type: 'volume', Target: '/b', ReadOnly: true },
    volume('must not set ReadOnly mode when using anonymous volumes'),
  );
  for (const Subpath of ['/abs', '../x', 'a/../..']) {
    refuse(
      { Type: 'volume', Source: 'v1', Target: '/b', VolumeOptions: { Subpath } },
      volume('subpath must be a relative path within the volume'),
    );
  }
  refuse(
    { Type: 'tmpfs', Source: '/x', Target: '/b' },
    'invalid mount config for type "tmpfs": field Source must not be specified',
  );
  refuse({ Target: '/b' }, 'invalid mount config for type "": mount type unknown');
});

test('two mounts of a request at one target are refused, however the target is written', () => {
  const duplicate = (request: Request, target: string): void =>
    assert.throws(() => plan(request), { kind: 'invalid', message: `Duplicate mount point: ${target}` });
  duplicate({ Binds: ['/tmp:/b', '/run:/b/'] }, '/b');
  duplicate({ Binds: ['/tmp:/b'], Mounts: [{ Type: 'bind', Source: '/tmp', Target: '/b' }] }, '/b');
  duplicate({ Binds: ['/tmp:/b'], Tmpfs: { '/b': '' } }, '/b');
  duplicate(
    {
      Mounts: [
        { Type: 'tmpfs', Target: '/b' },
        { Type: 'tmpfs', Target: '/b/' },
      ],
    },
    '/b/',
  );
});

test('volumes of the image fill the targets that the request leaves free', () => {
  const config = { Volumes: { '/data': {}, '/logs/': {} } };
  const planned = plan({ config, Binds: ['mine:/data'] });
  assert.deepEqual(
    planned.map(({ mount, volume }) => [mount.Destination, mount.anonymous, mount.copyUp, volume]),
    [
      ['/data', false, true, { name: 'mine' }],
      ['/logs', true, true, { name: '', labels: { 'com.docker.volume.anonymous': '' } }],
    ],
  );
});

test('volumes-from takes another’s mounts, read-only when asked, below the request’s own', () => {
  const theirs = plan({ Binds: ['data:/d', '/srv:/s', '/run:/own'] }).map(({ mount }) => mount);
  const planned = plan({ others: { web: theirs }, VolumesFrom: ['web:ro'], Binds: ['/tmp:/own'] });
  assert.deepEqual(
    planned.map(({ mount, volume }) => [mount.Destination, mount.Source, mount.RW, mount.copyUp, volume?.name]),
    [
      ['/d', '', false, false, 'data'],
      ['/s', '/srv', false, false, undefined],
      ['/own', '/tmp', true, false, undefined],
    ],
  );
  // The error is not 404, since clients would pull the image.
  assert.throws(() => plan({ VolumesFrom: ['nope'] }), { kind: 'invalid', message: 'No such container: nope' });
  assert.throws(() => plan({ VolumesFrom: [''] }), { message: 'volumes-from specification cannot be an empty string' });
  assert.throws(() => plan({ VolumesFrom: ['a:b:c'] }), { message: 'invalid mode: b:c' });
});

test('an inherited volume without a name stays anonymous, unless it was given by --mount', () => {
  const theirs = plan({
    Binds: ['data:/named'],
    Mounts: [{ Type: 'volume', Target: '/mounted' }],
    config: { Volumes: { '/plain': {} } },
  }).map(({ mount }) => ({ ...mount, Name: mount.Name === '' ? 'x' : (mount.Name ?? '') }));
  const heirs = plan({ others: { web: theirs }, VolumesFrom: ['web'] }).map(({ mount }) => mount);
  const again = plan({ others: { heir: heirs }, VolumesFrom: ['heir'] }).map(({ mount }) => mount);
  for (const taken of [heirs, again]) {
    assert.deepEqual(
      taken.map((mount) => [mount.Destination, mount.anonymous, mount.inherited]),
      [
        ['/named', false, true],
        ['/mounted', false, true],
        ['/plain', true, true],
      ],
    );
  }
});

test('a tmpfs keeps its options; sizes are in the unit that divides them', () => {
  assert.deepEqual(only({ Tmpfs: { '/run': 'size=10m,mode=700' } }).options, ['size=10m', 'mode=700']);
  const mount = (TmpfsOptions: NonNullable<Mount['TmpfsOptions']>): readonly string[] | undefined =>
    only({ Mounts: [{ Type: 'tmpfs', Target: '/y', TmpfsOptions }] }).options;
  assert.deepEqual(mount({ SizeBytes: 1_000_000, Mode: 0o1770 }), ['mode=1770', 'size=1000000']);
  assert.deepEqual(mount({ SizeBytes: 3 << 20 }), ['size=3m']);
  assert.deepEqual(mount({ Options: [['noexec'], ['exec']] }), ['noexec', 'exec']);
  for (const [option, problem] of [
    [['uid', '5'], 'invalid option: uid'],
    [['nosuid'], 'invalid option: nosuid'],
    [[], 'invalid option array length'],
    [['a', 'b', 'c'], 'invalid option array length'],
  ] as const)
    assert.throws(() => mount({ Options: [option] }), {
      kind: 'invalid',
      message: `invalid mount config for type "tmpfs": ${problem}`,
    });
});

test('what holds the data root, or lies in it, is mounted as a slave', () => {
  const propagation = (source: string, mode = ''): string => only({ Binds: [`${source}:/b${mode}`] }).Propagation;
  for (const source of ['/', '/var', '/var/lib/gantry', '/var/lib/gantry/x'])
    assert.equal(propagation(source), 'rslave');
  assert.equal(propagation('/var/lib/gantry-other'), 'rprivate');
  assert.equal(propagation('/', ':rshared'), 'rshared');
  assert.throws(() => propagation('/var', ':private'), /must use either propagation mode "rslave" or "rshared"/);
});

test('only a bind given by -v, or that says so, makes its source', () => {
  assert.equal(only({ Binds: ['/nope:/b'] }).makesSource, true);
  assert.equal(only({ Mounts: [{ Type: 'bind', Source: '/tmp', Target: '/b' }] }).makesSource, undefined);
  const made: Mount = { Type: 'bind', Source: '/nope', Target: '/b', BindOptions: { CreateMountpoint: true } };
  assert.equal(only({ Mounts: [made] }).makesSource, true);
});

test('an image is mounted read-only by the name it was given, as a whole or a part of it', () => {
  const { image, subpath, copyUp, anonymous, ...shown } = only({
    Mounts: [{ Type: 'image', Source: 'tools', Target: '/t/', ImageOptions: { Subpath: 'bin' } }],
  });
  assert.deepEqual(shown, {
    ...{ Type: 'image', Name: 'tools', Source: '', Destination: '/t' },
    ...{ Mode: '', RW: false, Propagation: 'rprivate' },
  });
  assert.deepEqual([image, subpath, copyUp, anonymous], [TOOLS, 'bin', false, false]);
  const whole = only({ Mounts: [{ Type: 'image', Source: 'tools', Target: '/t', ImageOptions: { Subpath: '' } }] });
  assert.equal('subpath' in whole, false);
  const taken = only({ VolumesFrom: ['other'], others: { other: [whole] } });
  assert.deepEqual([taken.image, taken.RW], [TOOLS, false], 'whoever takes it over mounts it by itself');
});

test('an image mount that is none is refused, never as a missing image', () => {
  const refuse = (mount: Mount, message: string): void =>
    assert.throws(() => plan({ Mounts: [mount] }), { kind: 'invalid', message }, JSON.stringify(mount));
  const image = { Type: 'image', Source: 'tools', Target: '/t' } as const;
  const config = 'invalid mount config for type "image"';
  refuse({ ...image, Source: 'other' }, 'No such image: other');
  refuse({ Type: 'image', Target: '/t' }, `${config}: field Source must not be empty`);
  refuse({ Type: 'image', Source: 'tools' }, `${config}: field Target must not be empty`);
  for (const Subpath of ['/etc', '..', 'a/../../b']) {
    refuse({ ...image, ImageOptions: { Subpath } }, `${config}: subpath must be a relative path within the volume`);
  }
  refuse({ ...image, BindOptions: {} }, 'BindOptions must not be specified on mount type "image"');
  refuse({ ...image, Type: 'volume', ImageOptions: {} }, 'ImageOptions must not be specified on mount type "volume"');
});
