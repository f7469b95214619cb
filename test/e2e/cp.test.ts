import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { getXattr, setXattr } from '../../src/linux/index.ts';
import { tarArchive } from '../support/busybox-image.ts';
import { command } from '../support/command.ts';
import { CLIS, type Cli, eventually, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-cp-'));
});
after(() => rmSync(folder, { recursive: true }));

/** A folder of this host to copy from: d/f, d/sub/g, file, lnk -> file, dlink -> d. */
function localTree(): string {
  const at = mkdtempSync(join(folder, 'from-'));
  mkdirSync(join(at, 'd/sub'), { recursive: true });
  writeFileSync(join(at, 'd/f'), 'f\n');
  writeFileSync(join(at, 'd/sub/g'), 'g\n');
  writeFileSync(join(at, 'file'), 'file\n');
  symlinkSync('file', join(at, 'lnk'));
  symlinkSync('d', join(at, 'dlink'));
  return at;
}

async function container(cli: Cli, ...flags: string[]): Promise<string> {
  const name = unique('cp');
  await engine().ok(cli, ['run', '-d', '--name', name, ...flags, 'busybox', 'sleep', '1000']);
  return name;
}

const find =
  'find . | sort | while read p; do if [ -L $p ]; then echo "$p -> $(readlink $p)"; elif [ -f $p ]; then echo "$p=$(cat $p)"; else echo $p/; fi; done';

for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
  const fails = async (args: readonly string[], input?: Buffer): Promise<string> => {
    const { code, stderr } = await engine()[cli](['cp', ...args], input === undefined ? {} : { input });
    assert.equal(code, 1, args.join(' '));
    return stderr
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('time='))
      .join('\n');
  };

  test(`${cli} cp into a container follows docker's table`, async () => {
    const name = await container(cli);
    const from = localTree();
    const cases: readonly (readonly [source: string, target: string, result: readonly string[]])[] = [
      ['file', 'new', ['./new=file']],
      ['file', 'dir', ['./dir/', './dir/file=file']],
      ['file', 'dir/', ['./dir/', './dir/file=file']],
      ['file', 'old', ['./old=file']],
      ['d', 'new', ['./new/', './new/f=f', './new/sub/', './new/sub/g=g']],
      ['d', 'dir', ['./dir/', './dir/d/', './dir/d/f=f', './dir/d/sub/', './dir/d/sub/g=g']],
      ['d/', 'dir', ['./dir/', './dir/d/', './dir/d/f=f', './dir/d/sub/', './dir/d/sub/g=g']],
      ['d/.', 'dir', ['./dir/', './dir/f=f', './dir/sub/', './dir/sub/g=g']],
      ['d/.', 'new', ['./new/', './new/f=f', './new/sub/', './new/sub/g=g']],
      ['lnk', 'new', ['./new -> file']],
      ['dlink', 'dir', ['./dir/', './dir/dlink -> d']],
      ['dlink/', 'dir', ['./dir/', './dir/dlink/', './dir/dlink/f=f', './dir/dlink/sub/', './dir/dlink/sub/g=g']],
    ];
    for (const [source, target, result] of cases) {
      await ok('exec', name, 'sh', '-c', 'rm -rf /t; mkdir -p /t/dir; echo old > /t/old');
      await ok(
        'cp',
        join(from, source).replace(/\/$/, '') + (/\/\.?$/.exec(source)?.[0] ?? ''),
        `${name}:/t/${target}`,
      );
      const seen = (await ok('exec', name, 'sh', '-c', `cd /t; ${find}`)).split('\n');
      const before = ['./', './dir/', './old=old'];
      const expected = result.some((line) => line.startsWith('./old'))
        ? ['./', './dir/', ...result]
        : [...before, ...result];
      assert.deepEqual(seen.sort(), [...new Set(expected)].sort(), `${source} to ${target}`);
    }
    await ok('exec', name, 'sh', '-c', 'rm -rf /t; mkdir -p /t/real; ln -s real /t/link');
    await ok('cp', '-L', join(from, 'lnk'), `${name}:/t/link`);
    assert.equal(await ok('exec', name, 'cat', '/t/real/lnk'), 'file', 'both links followed');
    await ok('rm', '-f', name);
  });

  test(`${cli} cp out of a container follows docker's table`, async () => {
    const name = await container(cli);
    const script =
      'mkdir -p /t/d/sub; echo f > /t/d/f; echo g > /t/d/sub/g; echo file > /t/file; ln -s file /t/lnk; ln -s d /t/dlink';
    await ok('exec', name, 'sh', '-c', script);
    const cases: readonly (readonly [source: string, target: string, result: readonly string[], ...flags: string[]])[] =
      [
        ['file', 'new', ['./new=file']],
        ['file', 'dir', ['./dir/file=file']],
        ['file', 'old', ['./old=file']],
        ['d', 'new', ['./new/', './new/f=f', './new/sub/', './new/sub/g=g']],
        ['d', 'dir', ['./dir/d/', './dir/d/f=f', './dir/d/sub/', './dir/d/sub/g=g']],
        ['d/.', 'dir', ['./dir/f=f', './dir/sub/', './dir/sub/g=g']],
        ['d/.', 'new', ['./new/', './new/f=f', './new/sub/', './new/sub/g=g']],
        ['lnk', 'new', ['./new -> file']],
        ['lnk', 'dir', ['./dir/lnk=file'], '-L'],
        ['dlink', 'dir', ['./dir/dlink/', './dir/dlink/f=f', './dir/dlink/sub/', './dir/dlink/sub/g=g'], '-L'],
        ['dlink/', 'dir', ['./dir/dlink/', './dir/dlink/f=f', './dir/dlink/sub/', './dir/dlink/sub/g=g']],
        ['file', 'tolink', ['./dir/file=file']],
      ];
    for (const [source, target, result, ...flags] of cases) {
      const to = mkdtempSync(join(folder, 'to-'));
      mkdirSync(join(to, 'dir'));
      writeFileSync(join(to, 'old'), 'old\n');
      symlinkSync('dir', join(to, 'tolink'));
      await ok('cp', ...flags, `${name}:/t/${source}`, join(to, target));
      const { stdout } = await command('sh', ['-c', `cd ${to}; ${find}`]);
      const isOld = result.some((line) => line.startsWith('./old'));
      const expected = ['./', './dir/', './tolink -> dir', ...(isOld ? [] : ['./old=old']), ...result];
      assert.deepEqual(stdout.trimEnd().split('\n').sort(), [...new Set(expected)].sort(), `${source} to ${target}`);
    }
    await ok('rm', '-f', name);
  });

  test(`${cli} cp keeps modes, times, links and owners, and -a gives files to the container's user`, async () => {
    const name = await container(cli, '-u', '33:44');
    const from = mkdtempSync(join(folder, 'from-'));
    mkdirSync(join(from, 'd'));
    writeFileSync(join(from, 'd/a'), 'x');
    chmodSync(join(from, 'd/a'), 0o4751);
    utimesSync(join(from, 'd/a'), 981173106, 981173106);
    linkSync(join(from, 'd/a'), join(from, 'd/b'));
    await ok('cp', join(from, 'd'), `${name}:/tmp/plain`);
    await ok('cp', '-a', join(from, 'd'), `${name}:/tmp/owned`);
    const look = 'cd /tmp; stat -c "%n %a %u:%g %h %Y" plain/a plain/b owned/a; stat -c "%u:%g" owned';
    assert.deepEqual((await ok('exec', '-u', '0', name, 'sh', '-c', look)).split('\n'), [
      'plain/a 4751 0:0 2 981173106',
      'plain/b 4751 0:0 2 981173106',
      'owned/a 4751 33:44 2 981173106',
      '33:44',
    ]);
    const to = mkdtempSync(join(folder, 'to-'));
    await ok('cp', `${name}:/tmp/plain`, to);
    const [a, b] = [lstatSync(join(to, 'plain/a')), lstatSync(join(to, 'plain/b'))];
    assert.deepEqual([a.ino === b.ino, a.mode & 0o7777, a.mtimeMs, a.uid], [true, 0o4751, 981173106_000, 0]);
    await ok('rm', '-f', name);
  });

  test(`${cli} cp keeps what a program may do beyond its user, both ways`, async () => {
    const name = await container(cli);
    const at = mkdtempSync(join(folder, 'capable-'));
    mkdirSync(join(at, 'd'));
    writeFileSync(join(at, 'd/tool'), '#!/bin/sh\n', { mode: 0o755 });
    // cap_net_raw+ep, as setcap writes it.
    const value = Buffer.from('0100000200200000000000000000000000000000', 'hex');
    setXattr(join(at, 'd/tool'), 'security.capability', value);
    await ok('cp', join(at, 'd'), `${name}:/opt`);
    await ok('cp', `${name}:/opt`, join(at, 'back'));
    assert.deepEqual(getXattr(join(at, 'back/tool'), 'security.capability'), value);
    assert.equal(getXattr(join(at, 'back'), 'security.capability'), undefined);
    await ok('rm', '-f', name);
  });

  test(`${cli} cp sees volumes and bound folders, of a container that runs, is paused, was stopped or never ran`, async () => {
    const host = mkdtempSync(join(folder, 'bind-'));
    const name = unique('mounts');
    await ok('create', '--name', name, '-v', '/vol', '-v', `${host}:/bound`, 'busybox', 'sleep', '1000');
    const source = join(folder, `${name}-file`);
    const round = async (state: string): Promise<void> => {
      writeFileSync(source, `${state}\n`);
      for (const at of ['/vol/f', '/bound/f', '/tmp/f']) {
        await ok('cp', source, `${name}:${at}`);
        assert.equal(
          await ok('cp', `${name}:${at}`, '-').then((tar) => /^(\w+)$/m.exec(tar.slice(512))?.[1]),
          state,
          at,
        );
      }
      assert.equal(readFileSync(join(host, 'f'), 'utf8'), `${state}\n`);
    };
    await round('created');
    await ok('start', name);
    assert.equal(await ok('exec', name, 'cat', '/vol/f', '/tmp/f'), 'created\ncreated');
    await round('running');
    assert.equal(await ok('exec', name, 'cat', '/vol/f', '/tmp/f'), 'running\nrunning');
    await ok('pause', name);
    await round('paused');
    await ok('unpause', name);
    await ok('stop', '-t', '0', name);
    await round('stopped');
    assert.match(await ok('cp', `${name}:/etc/hosts`, '-'), /localhost/, 'as its processes see it');
    await ok('start', name);
    assert.equal(await ok('exec', name, 'cat', '/vol/f', '/bound/f', '/tmp/f'), 'stopped\nstopped\nstopped');
    await ok('rm', '-f', '-v', name);
  });

  test(`${cli} cp with - streams archives both ways`, async () => {
    const name = await container(cli);
    const archive = tarArchive([
      { name: 'up/', type: 'directory', mode: 0o755 },
      { name: 'up/x', type: 'file', content: 'streamed', mode: 0o600 },
    ]);
    await engine().ok(cli, ['cp', '-', `${name}:/tmp`], { input: archive });
    assert.equal(await ok('exec', name, 'cat', '/tmp/up/x'), 'streamed');
    const listed = await command(
      'sh',
      ['-c', `${cli === 'docker' ? 'docker' : 'bin/gantry'} cp ${name}:/tmp/up/. - | tar tf -`],
      {
        env: { DOCKER_HOST: engine().host },
      },
    );
    assert.equal(listed.stdout, './\n./x\n');
    await ok('rm', '-f', name);
  });

  test(`${cli} cp refuses in docker's words`, async () => {
    const name = await container(cli, '-v', '/ro:ro'.replace('/ro:ro', `${folder}:/ro:ro`));
    const readOnly = await container(cli, '--read-only', '-v', '/vol');
    const from = localTree();
    const file = join(from, 'file');
    await ok('exec', name, 'touch', '/tmp/x');
    const remote = (path: string): string => `${name}:${path}`;
    const cases: readonly (readonly [args: readonly string[], text: string])[] = [
      [[file, remote('/nope/')], 'no such directory'],
      [[file, remote('/nope/x/y')], `Error response from daemon: Could not find the file /nope/x in container ${name}`],
      [[join(from, 'd'), remote('/tmp/x')], 'cannot copy directory'],
      [[join(from, 'nofile'), remote('/tmp')], `lstat ${from}/nofile: no such file or directory`],
      [[remote('/nofile'), '.'], `Error response from daemon: Could not find the file /nofile in container ${name}`],
      [[remote('/etc/passwd/'), '.'], 'Error response from daemon: lstat /etc/passwd/: not a directory'],
      [[remote('/etc/passwd'), `${from}/nodir/`], 'no such directory'],
      [[remote('/etc/passwd'), `${from}/no/dir`], `invalid output path: directory "${from}/no" does not exist`],
      [[remote('/etc'), file], 'cannot copy directory'],
      [
        [remote('/etc/passwd'), '/dev/null'],
        'invalid output path: "/dev/null" must be a directory or a regular file: got a device',
      ],
      [[file, remote('/ro/x')], 'Error response from daemon: mounted volume is marked read-only'],
      [[file, `${readOnly}:/x`], 'Error response from daemon: container rootfs is marked read-only'],
      [['nope:/x', '.'], 'Error response from daemon: No such container: nope'],
      [['a', 'b'], 'must specify at least one container source'],
      [[remote('/x'), 'other:/y'], 'copying between containers is not supported'],
      [['', remote('/x')], 'source can not be empty'],
    ];
    for (const [args, text] of cases) assert.equal(await fails(args), text, args.join(' '));
    assert.equal(
      await fails(['-', remote('/tmp/x')], Buffer.alloc(0)),
      `destination "${name}:/tmp/x" must be a directory`,
    );
    await ok('cp', file, `${readOnly}:/vol/x`);
    assert.equal(await ok('exec', readOnly, 'cat', '/vol/x'), 'file');
    assert.match(await fails([join(from, 'file'), remote('/etc/hosts')]), /device or resource busy/);
    await ok('rm', '-f', '-v', name, readOnly);
  });
}

test('links in a container lead within the container, and archives cannot leave it', async () => {
  const name = await container('gantry');
  const secret = join(folder, 'secret');
  writeFileSync(secret, 'of the host');
  const script = `ln -s ${folder} /out; ln -s / /root/here; mkdir -p /deep; ln -s ../../../../../..${folder} /deep/up; ln -s ../../../../etc/passwd /deep/p`;
  await engine().ok('gantry', ['exec', name, 'sh', '-c', script]);
  const status = async (method: string, path: string): Promise<number> =>
    (await engine().api(method, `/containers/${name}/archive?path=${encodeURIComponent(path)}`)).status;
  assert.equal(await status('GET', '/out/secret'), 404);
  assert.equal(await status('GET', '/deep/up/secret'), 404);
  assert.equal(await status('HEAD', '/root/here/root/here/etc/passwd'), 200);
  const put = async (path: string, archive: Buffer): Promise<number> => {
    const file = join(folder, 'put.tar');
    writeFileSync(file, archive);
    const url = `http://x/containers/${name}/archive?path=${path}`;
    const { stdout } = await command('curl', [
      '-s',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      '-T',
      file,
      '--unix-socket',
      engine().socketPath,
      url,
    ]);
    return Number(stdout);
  };
  const evil = join(folder, 'evil');
  const entry = (name: string): { name: string; type: 'file'; content: string; mode: number } => ({
    name,
    type: 'file',
    content: 'x',
    mode: 0o644,
  });
  assert.equal(await put('/tmp', tarArchive([entry(`../../..${evil}`)])), 400);
  assert.equal(await put('/tmp', tarArchive([{ name: 'h', type: 'link', target: '../etc/passwd', mode: 0o644 }])), 400);
  await put('/tmp', tarArchive([{ name: 'l', type: 'symlink', target: folder, mode: 0o777 }, entry('l/evil')]));
  await put('/out', tarArchive([entry('evil')]));
  await put('/deep/up', tarArchive([entry('evil')]));
  assert.equal(existsSync(evil), false, 'nothing of the host was written');
  assert.equal(await put('/tmp', Buffer.alloc(2048, 7)), 400);
  assert.equal(await put('/etc/passwd', tarArchive([])), 400);
  assert.equal(await put('/nope', tarArchive([])), 404);
  await engine().ok('gantry', ['rm', '-f', name]);
});

test('what is renamed while it is copied never shows the host', async () => {
  const name = await container('gantry');
  const race = `mkdir -p /r/a /r/b; echo mine > /r/a/secret; ln -s ${folder} /r/link; cd /r; while :; do mv a b/a; mv link a; mv a link; mv b/a a; done`;
  await engine().ok('gantry', ['exec', '-d', name, 'sh', '-c', race]);
  writeFileSync(join(folder, 'secret'), 'of the host');
  for (let count = 0; count < 40; count += 1) {
    const { body } = await engine().api('GET', `/containers/${name}/archive?path=/r/a/secret`);
    assert.ok(!body.includes('of the host'));
    const tree = await engine().api('GET', `/containers/${name}/archive?path=/r`);
    assert.ok(!tree.body.includes('of the host'));
  }
  await engine().ok('gantry', ['rm', '-f', name]);
});

test('the header tells what a path is, as from Go', async () => {
  const name = await container('gantry');
  await engine().ok('gantry', [
    'exec',
    name,
    'sh',
    '-c',
    'ln -s nowhere /tmp/l; mkdir -m 3755 /tmp/d; touch -d "2001-02-03 04:05:06" /tmp/f',
  ]);
  const stat = async (path: string): Promise<Record<string, unknown>> => {
    const url = `http://x/containers/${name}/archive?path=${path}`;
    const { stdout } = await command('curl', ['-sI', '--unix-socket', engine().socketPath, url]);
    const header = /X-Docker-Container-Path-Stat: (\S+)/.exec(stdout)?.[1] ?? '';
    return JSON.parse(Buffer.from(header, 'base64').toString()) as Record<string, unknown>;
  };
  assert.deepEqual(await stat('/tmp/f'), {
    name: 'f',
    size: 0,
    mode: 0o644,
    mtime: '2001-02-03T04:05:06Z',
    linkTarget: '',
  });
  const { mtime: _time, size, ...link } = await stat('/tmp/l');
  assert.deepEqual([size, link], [7, { name: 'l', mode: 2 ** 27 + 0o777, linkTarget: '/tmp/nowhere' }]);
  assert.equal((await stat('/tmp/d'))['mode'], 2 ** 31 + 2 ** 22 + 2 ** 20 + 0o755);
  for (const [path, shown] of [
    ['/tmp/.', '.'],
    ['/tmp/', 'tmp'],
    ['/', '/'],
    ['.', '.'],
    ['../../tmp', 'tmp'],
  ])
    assert.equal((await stat(path ?? ''))['name'], shown);
  assert.equal(
    (await engine().api('GET', `/containers/${name}/archive`)).body,
    '{"message":"bad parameter: pathcannot be empty"}\n',
  );
  await engine().ok('gantry', ['rm', '-f', name]);
});

test('a volume is backed up and restored as in every tutorial', async () => {
  const run = (...args: string[]): Promise<string> => engine().ok('gantry', args);
  const [source, target] = [unique('store'), unique('store')];
  const backup = mkdtempSync(join(folder, 'backup-'));
  await run('run', '--name', source, '-v', '/data', 'busybox', 'sh', '-c', 'echo precious > /data/f; ln -s f /data/l');
  await run(
    'run',
    '--rm',
    '--volumes-from',
    source,
    '-v',
    `${backup}:/backup`,
    'busybox',
    'tar',
    'cvf',
    '/backup/backup.tar',
    '/data',
  );
  await run('create', '--name', target, '-v', '/data', 'busybox', 'cat', '/data/f', '/data/l');
  await run(
    'run',
    '--rm',
    '--volumes-from',
    target,
    '-v',
    `${backup}:/backup`,
    'busybox',
    'sh',
    '-c',
    'cd /data && tar xvf /backup/backup.tar --strip 1',
  );
  assert.equal(await run('start', '-a', target), 'precious\nprecious');
  await run('cp', `${source}:/data`, backup);
  assert.equal(readlinkSync(join(backup, 'data/l')), 'f');
  await run('rm', '-v', source, target);
});

test('an archive that is refused leaves nothing of its connection, and the engine goes on', async () => {
  const name = unique('refused');
  await engine().ok('gantry', ['create', '--name', name, 'busybox', 'true']);
  const folder = `/proc/${engine().pid()}/fd`;
  const sockets = (): number => readdirSync(folder).filter((fd) => isSocket(`${folder}/${fd}`)).length;
  const before = sockets();
  for (const cli of CLIS) {
    for (let time = 0; time < 3; time++) {
      const { code, stderr } = await engine()[cli](['cp', '-', `${name}:/tmp`], { input: Buffer.alloc(3e6, 'x') });
      assert.equal(code, 1);
      assert.match(stderr, /tar|archive/i);
    }
  }
  await eventually(async () => assert.ok(sockets() <= before, `${sockets()} sockets, ${before} before`));
  await engine().ok('gantry', ['rm', name]);
});

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:');
  } catch {
    return false;
  }
}
