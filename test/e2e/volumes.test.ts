import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();

for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);

  test(`${cli} run --tmpfs keeps mode and owner of a folder, and makes missing ones 0755`, async () => {
    const [name, image] = [unique('tmpfs'), unique('tmpfs-image')];
    const make = 'mkdir /d; chown 1000:1001 /d; chmod 2750 /d; ln -s /d /link; ln -s /nope/x /dangling';
    await ok('run', '--name', name, 'busybox', 'sh', '-c', make);
    await ok('commit', name, image);
    await ok('rm', name);
    const stat = async (places: readonly string[], paths: readonly string[]): Promise<readonly string[]> => {
      const flags = places.flatMap((place) => ['--tmpfs', place]);
      await ok('create', '--name', name, ...flags, image, 'stat', '-c', '%a %u:%g %n', ...paths);
      const first = await ok('start', '-a', name);
      const second = await ok('start', '-a', name);
      await ok('rm', name);
      return first === second ? first.split('\n') : [...first.split('\n'), 'then', ...second.split('\n')];
    };
    assert.deepEqual(await stat(['/d', '/etc', '/root', '/tmp'], ['/d', '/etc', '/root', '/tmp']), [
      '2750 1000:1001 /d',
      '755 0:0 /etc',
      '700 0:0 /root',
      '1777 0:0 /tmp',
    ]);
    // A folder that was missing is there by the second start, and gives its mode to the tmpfs.
    const missing = ['755 0:0 /new', '1777 0:0 /new/deep', 'then', '755 0:0 /new', '755 0:0 /new/deep'];
    assert.deepEqual(await stat(['/new/deep'], ['/new', '/new/deep']), missing);
    assert.deepEqual(await stat(['/link'], ['/d']), ['2750 1000:1001 /d']);
    const dangling = ['755 0:0 /nope', '1777 0:0 /nope/x', 'then', '755 0:0 /nope', '755 0:0 /nope/x'];
    assert.deepEqual(await stat(['/dangling'], ['/nope', '/nope/x']), dangling);
    assert.deepEqual(await stat(['/d:uid=5,mode=711'], ['/d']), ['711 5:1001 /d']);
    assert.deepEqual(await stat(['/new2:mode=700'], ['/new2']), ['700 0:0 /new2']);

    await ok('run', '--name', name, '--tmpfs', '/new/deep', image, 'true');
    const copied = await ok('diff', name);
    assert.equal(copied, 'A /new\nA /new/deep');
    await ok('commit', name, `${image}-2`);
    const made = await ok('run', '--rm', `${image}-2`, 'stat', '-c', '%a %n', '/new', '/new/deep');
    assert.equal(made, '755 /new\n755 /new/deep');
    await ok('rm', name);
    await ok('rmi', image, `${image}-2`);
  });

  test(`${cli} run makes the parents of mount points in a tmpfs 0755`, async () => {
    const [name, image, volume] = [unique('inner'), unique('inner-image'), unique('vol')];
    await ok('run', '--name', name, 'busybox', 'ln', '-s', '/tmp', '/link');
    await ok('commit', name, image);
    await ok('rm', name);
    const inner = ['/t/a/b', '/t/a/c/d', '/dev/x/y', '/link/z/w'].flatMap((path) => ['-v', `${volume}:${path}`]);
    const parents = ['/t/a', '/t/a/c', '/dev/x', '/tmp/z'];
    const flags = ['--tmpfs', '/t', '--tmpfs', '/tmp', ...inner];
    const modes = await ok('run', '--rm', ...flags, image, 'stat', '-c', '%a %n', ...parents);
    assert.deepEqual(
      modes.split('\n'),
      parents.map((path) => `755 ${path}`),
    );
    await ok('volume', 'rm', volume);
    await ok('rmi', image);
  });

  test(`${cli} run -v with a named volume keeps data from one container to the next`, async () => {
    const volume = unique('vol');
    await ok('run', '--rm', '-v', `${volume}:/data`, 'busybox', 'sh', '-c', 'echo kept >/data/f');
    assert.equal(
      await ok(
        'run',
        '--rm',
        '-v',
        `${volume}:/data:ro`,
        'busybox',
        'sh',
        '-c',
        'cat /data/f; touch /data/g 2>/dev/null || echo ro',
      ),
      'kept\nro',
    );
    assert.equal(await ok('volume', 'ls', '-q', '--filter', `name=${volume}`), volume);
    assert.equal(await ok('volume', 'inspect', '-f', '{{.Driver}} {{.Scope}}', volume), 'local local');
    await ok('volume', 'rm', volume);
    assert.equal((await engine()[cli](['volume', 'inspect', volume])).code, 1);
  });

  test(`${cli} a new volume takes the image's content with owners and modes, unless nocopy`, async () => {
    const volume = unique('copyup');
    const before = await ok('run', '--rm', 'busybox', 'sh', '-c', 'ls -ln /etc | tail -n +2');
    assert.equal(
      await ok(
        'run',
        '--rm',
        '-v',
        `${volume}:/etc`,
        'busybox',
        'sh',
        '-c',
        'ls -ln /etc | grep -v -e resolv.conf -e hosts -e hostname | tail -n +2',
      ).then((text) => text.split('\n').length > 1),
      true,
      before,
    );
    const empty = unique('nocopy');
    assert.equal(await ok('run', '--rm', '-v', `${empty}:/bin2:nocopy`, 'busybox', 'ls', '/bin2'), '');
    await ok('volume', 'rm', volume, empty);
  });

  test(`${cli} run -v of a host file and folder, ro`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-bind-'));
    writeFileSync(join(folder, 'file'), 'host file\n');
    assert.equal(
      await ok(
        'run',
        '--rm',
        '-v',
        `${folder}/file:/f:ro`,
        'busybox',
        'sh',
        '-c',
        'cat /f; echo x 2>/dev/null >/f || echo ro',
      ),
      'host file\nro',
    );
    await ok('run', '--rm', '-v', `${folder}:/d`, 'busybox', 'sh', '-c', 'echo written >/d/out');
    assert.equal(readFileSync(join(folder, 'out'), 'utf8'), 'written\n');
    await ok('run', '--rm', '-v', `${folder}/made:/d`, 'busybox', 'true');
    const missing = await engine()[cli]([
      'run',
      '--rm',
      '--mount',
      `type=bind,src=${folder}/nowhere,dst=/d`,
      'busybox',
      'true',
    ]);
    assert.equal(missing.code, 125);
    assert.match(missing.stderr, /bind source path does not exist/);
    rmSync(folder, { recursive: true });
  });

  test(`${cli} rm -v and run --rm remove anonymous volumes, a plain rm keeps them`, async () => {
    const name = unique('anon');
    await ok('run', '--name', name, '-v', '/data', 'busybox', 'sh', '-c', 'echo x >/data/x');
    const volume = await ok('inspect', '-f', '{{(index .Mounts 0).Name}}', name);
    await ok('rm', name);
    assert.equal(await ok('volume', 'ls', '-q', '--filter', `name=${volume}`), volume);
    await ok('volume', 'rm', volume);
    await ok('run', '--rm', '-v', '/data', 'busybox', 'true');
    assert.equal(await ok('volume', 'ls', '-q'), '');
  });

  test(`${cli} --volumes-from shares the mounts of another container`, async () => {
    const name = unique('from');
    await ok('create', '--name', name, '-v', '/shared', 'busybox');
    await ok('run', '--rm', '--volumes-from', name, 'busybox', 'sh', '-c', 'echo there >/shared/f');
    assert.equal(
      await ok(
        'run',
        '--rm',
        '--volumes-from',
        `${name}:ro`,
        'busybox',
        'sh',
        '-c',
        'cat /shared/f; touch /shared/g 2>/dev/null || echo ro',
      ),
      'there\nro',
    );
    await ok('rm', '-v', name);
  });

  test(`${cli} rm -v of the last container removes a volume that it took from one that is gone, as dockerd does`, async () => {
    const [first, heir, third] = [unique('first'), unique('heir'), unique('third')];
    const create = (name: string, ...flags: readonly string[]) =>
      ok('create', '--name', name, ...flags, 'busybox', 'true');
    const made = async (...flags: readonly string[]): Promise<string> => {
      await create(first, ...flags);
      return ok('inspect', '-f', '{{(index .Mounts 0).Name}}', first);
    };
    const isThere = async (volume: string): Promise<boolean> => (await ok('volume', 'ls', '-q')).includes(volume);

    const plain = await made('-v', '/anon');
    await create(heir, '--volumes-from', first);
    await create(third, '--volumes-from', `${heir}:ro`);
    await ok('rm', '-v', first);
    await ok('rm', '-v', heir);
    assert.equal(await isThere(plain), true, 'the third has it');
    await ok('rm', '-v', third);
    assert.equal(await isThere(plain), false);

    const left = await made('-v', '/anon');
    await ok('create', '--rm', '--name', heir, '--volumes-from', first, 'busybox', 'true');
    await ok('rm', first);
    await ok('start', '-a', heir);
    await eventually(async () => assert.equal(await isThere(left), false, 'by --rm'));

    const kept = await made('-v', '/anon');
    await create(heir, '--volumes-from', first);
    await ok('rm', first, heir);
    assert.equal(await isThere(kept), true, 'rm without -v');
    await create(first, '-v', `${kept}:/by-name`);
    await ok('rm', '-v', first);
    assert.equal(await isThere(kept), true, 'by its name it is a named one');

    const mounted = await made('--mount', 'type=volume,dst=/anon');
    await create(heir, '--volumes-from', first);
    await ok('rm', first);
    await ok('rm', '-v', heir);
    assert.equal(await isThere(mounted), true, 'of --mount it stays with the heirs');
    await ok('volume', 'rm', kept, mounted);
  });

  test(`${cli} volume rm refuses a volume in use`, async () => {
    const [name, volume] = [unique('user'), unique('used')];
    await ok('create', '--name', name, '-v', `${volume}:/v`, 'busybox');
    const refused = await engine()[cli](['volume', 'rm', volume]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /volume is in use/);
    await ok('rm', name);
    await ok('volume', 'rm', volume);
  });
}

for (const cli of CLIS) {
  test(`${cli} start: an empty volume keeps its owner when an earlier start of the container has failed`, async () => {
    const [name, volume] = [unique('fails'), unique('vol')];
    const owner = (): Promise<string> =>
      engine().ok(cli, ['run', '--rm', '-v', `${volume}:/data`, 'busybox', 'stat', '-c', '%u:%g', '/data']);
    await engine().ok(cli, ['run', '--rm', '-v', `${volume}:/data`, 'busybox', 'chown', '101:104', '/data']);
    await engine().ok(cli, ['create', '--name', name, '--user', 'nobodyx', '-v', `${volume}:/data`, 'busybox', 'true']);
    for (let turn = 0; turn < 2; turn++) {
      const { code, stderr } = await engine()[cli](['start', name]);
      assert.equal(code, 1);
      assert.match(stderr, /unable to find user nobodyx/);
      assert.equal(await owner(), '101:104');
    }
    await engine().ok(cli, ['rm', name]);
    await engine().ok(cli, ['volume', 'rm', volume]);
  });

  test(`${cli} run --mount volume-subpath shows a part of the volume and nothing outside of it`, async () => {
    const volume = unique('vol');
    const fill =
      'mkdir -p /v/dir/deep; echo one >/v/dir/f; ln -s dir/deep /v/link; ln -s /etc /v/abs; ln -s ../../../../etc /v/up';
    await engine().ok(cli, ['run', '--rm', '-v', `${volume}:/v`, 'busybox', 'sh', '-c', fill]);
    const run = (subpath: string, script: string, more = '') =>
      engine()[cli]([
        ...['run', '--rm', '--mount', `type=volume,src=${volume},dst=/m,volume-subpath=${subpath}${more}`],
        ...['busybox', 'sh', '-c', script],
      ]);
    assert.equal((await run('dir', 'ls /m; echo two >/m/g')).stdout, 'deep\nf\n');
    assert.equal((await run('dir/g', 'cat /m')).stdout, 'two\n');
    assert.equal((await run('link', 'touch /m/x; ls /m')).stdout, 'x\n');
    assert.match((await run('dir', 'touch /m/y', ',readonly')).stderr, /Read-only file system/);
    for (const [subpath, text] of [
      ['missing', /cannot access path \S+\/missing: lstat \S+\/missing: no such file or directory/],
      ['abs', /path concatenation escapes the base directory, base: \S+, subpath: abs/],
      ['up/passwd', /path concatenation escapes the base directory, base: \S+, subpath: up\/passwd/],
    ] as const) {
      const { code, stderr } = await run(subpath, 'true');
      assert.notEqual(code, 0);
      assert.match(stderr, text);
    }
    await engine().ok(cli, ['volume', 'rm', volume]);
  });

  test(`${cli} an empty subpath of a volume takes the image's content, a full one and nocopy keep theirs`, async () => {
    const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
    const [volume, name, image] = [unique('vol'), unique('fill'), unique('fill-image')];
    const fill = 'mkdir -p /data/in; echo i >/data/f; chown 5:6 /data; chmod 2750 /data; echo of the image >/file';
    await ok('run', '--name', name, 'busybox', 'sh', '-c', fill);
    await ok('commit', name, image);
    await ok('rm', name);
    const parts = 'mkdir -p /v/empty /v/full /v/plain /v/locked /v/two; echo own >/v/full/own';
    await ok('run', '--rm', '-v', `${volume}:/v`, 'busybox', 'sh', '-c', parts);
    const look = (subpath: string, more = ''): Promise<string> => {
      const mount = `type=volume,src=${volume},dst=/data,volume-subpath=${subpath}${more}`;
      return ok('run', '--rm', '--mount', mount, image, 'sh', '-c', 'stat -c "%a %u:%g" /data; ls /data');
    };
    assert.equal(await look('empty'), '2750 5:6\nf\nin');
    assert.equal(await look('full'), '755 0:0\nown');
    assert.equal(await look('plain', ',volume-nocopy'), '755 0:0');
    assert.equal(await look('locked', ',readonly'), '2750 5:6\nf\nin');
    const file = `type=volume,src=${volume},dst=/file,volume-subpath=full/own`;
    assert.equal(await ok('run', '--rm', '--mount', file, image, 'cat', '/file'), 'own');

    const mount = `type=volume,src=${volume},dst=/data,volume-subpath=two`;
    await ok('create', '--name', name, '--mount', mount, image, 'sh', '-c', 'ls /data; rm -rf /data/*');
    assert.equal(await ok('start', '-a', name), 'f\nin');
    assert.equal(await ok('start', '-a', name), '', 'only the first start fills it');
    await ok('rm', name);
    await ok('volume', 'rm', volume);
    await ok('rmi', image);
  });
}
