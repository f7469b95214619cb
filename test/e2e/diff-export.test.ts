import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { command } from '../support/command.ts';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const EDITS =
  'echo x > /etc/motd; rm -r /home; mkdir -p /new/sub; touch /new/f; chmod 700 /var; rm /bin/ls; touch /etc/passwd; ' +
  'mkdir /tmp/d; ln -s /etc /lnk; rm /bin/yes; mkdir /bin/yes; rm -r /usr; mkdir /usr; touch /usr/mine';
const CHANGES = [
  ...['C /bin', 'D /bin/ls', 'C /bin/yes', 'C /etc', 'A /etc/motd', 'C /etc/passwd', 'D /home', 'A /lnk', 'A /new'],
  ...['A /new/f', 'A /new/sub', 'C /tmp', 'A /tmp/d', 'C /usr', 'D /usr/bin', 'A /usr/mine', 'D /usr/sbin', 'C /var'],
];

const PLACES = /^(?:dev\/(?:console|pts\/|shm\/)|etc\/(?:hostname|hosts|mtab|resolv\.conf)|proc\/|sys\/)$/;
/** What `docker export | tar tv` shows of a busybox with dockerd 28.5. */
const EXPORTED = [
  '-rwxr-xr-x 0/0 dev/console',
  '-rwxr-xr-x 0/0 etc/hostname',
  '-rwxr-xr-x 0/0 etc/hosts',
  '-rwxr-xr-x 0/0 etc/resolv.conf',
  'drwxr-xr-x 0/0 dev/pts/',
  'drwxr-xr-x 0/0 dev/shm/',
  'drwxr-xr-x 0/0 proc/',
  'drwxr-xr-x 0/0 sys/',
  'lrwxrwxrwx 0/0 etc/mtab -> /proc/mounts',
];

for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);

  test(`${cli} diff tells additions, changes and deletions, and nothing of a container that changed nothing`, async () => {
    const name = unique('diff');
    await ok('create', '--name', name, '-v', '/vol', 'busybox', 'sh', '-c', EDITS);
    assert.equal(await ok('diff', name), '', 'created');
    await ok('start', '-a', name);
    assert.deepEqual((await ok('diff', name)).split('\n').sort(), ['A /vol', ...CHANGES].sort());
    await ok('rm', '-v', name);
    const idle = unique('idle');
    await ok('run', '-d', '--name', idle, 'busybox', 'sleep', '1000');
    assert.equal(await ok('diff', idle), '', 'what the runtime makes to mount on is not a change');
    assert.equal((await engine().api('GET', `/containers/${idle}/changes`)).body, 'null\n');
    await ok('exec', idle, 'sh', '-c', 'echo 1 > /tmp/running');
    await ok('pause', idle);
    assert.equal(await ok('diff', idle), 'C /tmp\nA /tmp/running');
    await ok('rm', '-f', idle);
  });

  test(`${cli}: every root has what it is mounted on and /etc/mtab, as dockerd makes them`, async () => {
    const [name, image] = [unique('places'), unique('places-image')];
    await ok('create', '--name', name, 'busybox', 'stat', '-c', '%N', '/etc/mtab');
    const listed = async (...args: string[]): Promise<readonly string[]> => {
      const { stdout } = await command(
        'sh',
        ['-c', `${cli === 'docker' ? 'docker' : 'bin/gantry'} "$@" | tar tv --numeric-owner`, 'sh', ...args],
        {
          env: { ...process.env, DOCKER_HOST: engine().host },
        },
      );
      return stdout
        .split('\n')
        .flatMap((line) => {
          const [mode = '', owner = '', , , , path = '', ...link] = line.split(/\s+/);
          return PLACES.test(path) ? [[mode, owner, path, ...link].join(' ')] : [];
        })
        .sort();
    };
    assert.deepEqual(await listed('export', name), EXPORTED, 'never started');
    assert.equal(await ok('diff', name), '');
    assert.match(await ok('start', '-a', name), /'\/etc\/mtab' -> '\/proc\/mounts'/);
    assert.deepEqual(await listed('export', name), EXPORTED, 'after a run');
    assert.equal(await ok('diff', name), '');
    await ok('commit', name, image);
    const history = await ok('history', '--format', '{{.Size}}', image);
    assert.equal(history.split('\n')[0], '0B', 'an image keeps none of them');
    await ok('rm', name);
    await ok('rmi', image);
  });

  test(`${cli}: /.dockerenv marks a container, is exported and never committed; inspect names its folders`, async () => {
    const [name, flat] = [unique('marked'), unique('flat')];
    await ok('run', '--name', name, 'busybox', 'stat', '-c', '%a %s', '/.dockerenv');
    assert.equal(await ok('logs', name), '755 0');
    assert.equal(await ok('diff', name), '');
    const upper = await ok('inspect', '-f', '{{.GraphDriver.Data.UpperDir}}', name);
    assert.ok(readdirSync(upper).includes('.dockerenv'));
    const lower = await ok('inspect', '-f', '{{.GraphDriver.Data.LowerDir}}', name);
    assert.equal(lower, await ok('image', 'inspect', '-f', '{{.GraphDriver.Data.UpperDir}}', 'busybox'));
    assert.ok(existsSync(join(lower, 'bin/busybox')));
    await ok('commit', name, flat);
    const kept = await ok('image', 'inspect', '-f', '{{.GraphDriver.Data.UpperDir}}', flat);
    assert.equal(existsSync(join(kept, '.dockerenv')), false);
    // Made of a whole container’s files: its own is not a change of the next.
    const folder = mkdtempSync(join(tmpdir(), 'gantry-flat-'));
    const file = join(folder, 'root.tar');
    await ok('export', '-o', file, name);
    await ok('import', file, flat);
    rmSync(folder, { recursive: true });
    const next = unique('marked');
    await ok('run', '--name', next, flat, 'true');
    assert.equal(await ok('diff', next), '');
    await ok('rm', name, next);
    await ok('rmi', '-f', flat);
  });

  test(`${cli} export writes the root of a running, stopped and created container, without its volumes`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-export-'));
    const name = unique('export');
    await ok('create', '--name', name, '-v', '/vol', 'busybox', 'sh', '-c', `${EDITS}; echo kept > /vol/f; sleep 1000`);
    const list = async (): Promise<string[]> => {
      const file = join(folder, 'root.tar');
      await ok('export', '-o', file, name);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      return (await command('tar', ['tf', file])).stdout.trimEnd().split('\n');
    };
    assert.ok((await list()).includes('bin/ls'), 'created');
    await ok('start', name);
    await eventually(() => ok('exec', name, 'cat', '/vol/f'));
    for (const state of ['running', 'paused', 'stopped']) {
      if (state === 'paused') await ok('pause', name);
      if (state === 'stopped') await ok('kill', name);
      const names = await list();
      for (const there of ['etc/motd', 'new/sub/', 'usr/mine', 'bin/sh', 'vol/'])
        assert.ok(names.includes(there), `${state}: ${there}`);
      for (const gone of ['bin/ls', 'home/', 'usr/bin/', 'vol/f'])
        assert.ok(!names.includes(gone), `${state}: ${gone}`);
    }
    await ok('rm', '-v', name);
    rmSync(folder, { recursive: true });
  });

  test(`${cli} export and import make an image that runs, with owners, modes and links kept`, async () => {
    const [name, image] = [unique('flat'), unique('flat')];
    const edits =
      'echo hi > /a; ln /a /b; ln -s a /c; mkdir -m 1777 /d; chown 12:34 /a; chmod 4711 /a; mkfifo /p; mknod /dev0 c 1 3';
    await ok('run', '--name', name, 'busybox', 'sh', '-c', edits);
    const tar = (
      await command('sh', ['-c', `${cli === 'docker' ? 'docker' : 'bin/gantry'} export ${name} | base64 -w0`], {
        env: { DOCKER_HOST: engine().host },
      })
    ).stdout;
    await engine().ok(cli, ['import', '-', image], { input: Buffer.from(tar, 'base64') });
    const script = 'stat -c "%n %a %u:%g %F %h" /a /b /c /d /p /dev0; cat /b; readlink /c';
    const expected = [
      '/a 4711 12:34 regular file 2',
      '/b 4711 12:34 regular file 2',
      '/c 777 0:0 symbolic link 1',
      '/d 1777 0:0 directory 2',
      '/p 644 0:0 fifo 1',
      '/dev0 644 0:0 character special file 1',
      'hi',
      'a',
    ];
    assert.equal(await ok('run', '--rm', image, 'sh', '-c', script), expected.join('\n'));
    await ok('rm', name);
    await ok('rmi', image);
  });

  test(`${cli} diff and export refuse in docker's words`, async () => {
    const refused = async (...args: string[]): Promise<string> => {
      const { code, stderr } = await engine()[cli](args);
      assert.equal(code, 1, args.join(' '));
      return stderr.trim();
    };
    assert.match(await refused('diff', 'nope'), /No such container: nope/);
    assert.match(await refused('export', 'nope'), /No such container: nope/);
    const text = await refused('export', '-o', '/nope/x', 'nope');
    assert.equal(text, 'failed to export container: invalid output path: stat /nope: no such file or directory');
  });
}

test('an export is told by an event, and a client that goes ends it', async () => {
  const name = unique('gone');
  await engine().ok('gantry', ['run', '--name', name, 'busybox', 'dd', 'if=/dev/zero', 'of=/big', 'bs=1M', 'count=64']);
  const since = String(Math.floor(Date.now() / 1000) - 1);
  const cut = await command('sh', ['-c', `bin/gantry export ${name} | head -c 1000 | wc -c`], {
    env: { DOCKER_HOST: engine().host },
  });
  assert.equal(cut.stdout.trim(), '1000');
  const events = await engine().ok('gantry', [
    'events',
    '--since',
    since,
    '--until',
    String(Math.ceil(Date.now() / 1000)),
    '--filter',
    `container=${name}`,
    '--format',
    '{{.Action}}',
  ]);
  assert.ok(events.split('\n').includes('export'), events);
  await engine().ok('gantry', ['rm', name]);
});
