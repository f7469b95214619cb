import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { tarArchive } from '../support/busybox-image.ts';
import { command } from '../support/command.ts';
import { CLIS, unique, useEngine } from '../support/fixture.ts';

/** Symlinks that climb (`../x`), in copies both ways. What is expected is what dockerd 28.5 does with the docker CLI 28.2. */
const engine = useEngine();
let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-links-'));
});
after(() => rmSync(folder, { recursive: true }));

const LIST =
  'find . | sort | while read p; do if [ -L $p ]; then echo "$p -> $(readlink $p)"; elif [ -f $p ]; then echo "$p=$(cat $p)"; else echo $p/; fi; done';

/** /t/f, /t/dir/g, and links to them from /a and /a/b. */
const TREE = [
  'mkdir -p /a/b /t/dir; echo T >/t/f; echo G >/t/dir/g; cd /a/b; ln -s ../../t/f up; ln -s ../../../../../t/f beyond',
  'ln -s ../../t/dir updir; ln -s updir chain; ln -s ../b/chain chain2; ln -s .. dd; ln -s ../../t tt',
  'ln -s b/tt/f ../mix; ln -s ../t/new ../dang; ln -s ../t/newdir/ ../dangdir',
].join('; ');

async function container(...flags: readonly string[]): Promise<string> {
  const name = unique('links');
  await engine().ok('gantry', ['run', '-d', '--name', name, ...flags, 'busybox', 'sleep', '1000']);
  await engine().ok('gantry', ['exec', name, 'sh', '-c', TREE]);
  return name;
}

for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);

  test(`${cli} cp of a tree keeps links that climb out of it, and out of the root`, async () => {
    const name = await container();
    const from = mkdtempSync(join(folder, 'from-'));
    mkdirSync(join(from, 'src/a'), { recursive: true });
    symlinkSync('../../t/f', join(from, 'src/a/up'));
    symlinkSync('../../../../../../../../../../../etc/hostname', join(from, 'src/a/beyond'));
    symlinkSync('..', join(from, 'src/a/dd'));
    symlinkSync('../nothing', join(from, 'src/dangling'));
    const held = [
      './x/a/',
      './x/a/beyond -> ../../../../../../../../../../../etc/hostname',
      './x/a/dd -> ..',
      './x/a/up -> ../../t/f',
      './x/dangling -> ../nothing',
    ];
    for (const [source, seen] of [
      ['src', ['./x/', ...held]],
      ['src/.', ['./x/', ...held]],
      ['src/a/up', ['./x -> ../../t/f']],
      ['src/a/dd', ['./x -> ..']],
      ['src/dangling', ['./x -> ../nothing']],
    ] as const) {
      await ok('exec', name, 'sh', '-c', 'rm -rf /o; mkdir /o');
      await ok('cp', source.endsWith('/.') ? `${from}/${source}` : join(from, source), `${name}:/o/x`);
      assert.deepEqual((await ok('exec', name, 'sh', '-c', `cd /o; ${LIST}`)).split('\n'), ['./', ...seen], source);
    }
    await ok('exec', name, 'sh', '-c', 'rm -rf /o; mkdir /o');
    const tar = await command('tar', ['-c', '-C', from, 'src']);
    assert.equal(tar.code, 0);
    await engine().ok(cli, ['cp', '-', `${name}:/o`], { input: tar.stdout });
    const streamed = ['./', './src/', ...held.map((line) => line.replace('./x/', './src/'))];
    assert.deepEqual((await ok('exec', name, 'sh', '-c', `cd /o; ${LIST}`)).split('\n'), streamed);
    await ok('rm', '-f', name);
  });

  test(`${cli} cp out of a container goes through links that climb`, async () => {
    const name = await container();
    for (const [path, plain, followed] of [
      ['/a/b/up', './out -> ../../t/f', './out=T'],
      ['/a/b/beyond', './out -> ../../../../../t/f', './out=T'],
      ['/a/b/updir/', './out/ ./out/g=G', './out/ ./out/g=G'],
      ['/a/b/updir/.', './out/ ./out/g=G', './out/ ./out/g=G'],
      ['/a/b/chain/', './out/ ./out/g=G', './out/ ./out/g=G'],
      ['/a/b/chain2/g', './out=G', './out=G'],
      ['/a/b/dd/b/up', './out -> ../../t/f', './out=T'],
      ['/a/b/tt/f', './out=T', './out=T'],
      ['/a/mix', './out -> b/tt/f', './out=T'],
      ['/a/b/../../../../t/f', './out=T', './out=T'],
    ] as const) {
      for (const [flags, seen] of [
        [[], plain],
        [['-L'], followed],
      ] as const) {
        // The docker CLI itself refuses to make a link that leaves the folder it writes to.
        if (cli === 'docker' && seen.includes('-> ..')) continue;
        const to = mkdtempSync(join(folder, 'to-'));
        await ok('cp', ...flags, `${name}:${path}`, join(to, 'out'));
        const { stdout } = await command('sh', ['-c', `cd ${to}; ${LIST}`]);
        assert.equal(stdout.trimEnd().split('\n').slice(1).join(' '), seen, `${flags.join('')} ${path}`);
      }
    }
    await ok('rm', '-f', name);
  });

  test(`${cli} cp into a container goes through links that climb`, async () => {
    const name = await container();
    const file = join(folder, unique('file'));
    writeFileSync(file, 'put\n');
    const base = file.slice(file.lastIndexOf('/') + 1);
    const tree = join(folder, unique('tree'));
    mkdirSync(tree);
    writeFileSync(join(tree, 'q'), 'Q\n');
    for (const [source, target, changed] of [
      [file, '/a/b/up', 't/f=put'],
      [file, '/a/b/beyond', 't/f=put'],
      [file, '/a/mix', 't/f=put'],
      [file, '/a/b/updir', `t/dir/${base}=put`],
      [file, '/a/b/chain/', `t/dir/${base}=put`],
      [file, '/a/dang', 't/new=put'],
      [file, '/a/b/tt/n', 't/n=put'],
      [file, '/a/b/dd/n', 'a/n=put'],
      [`${tree}/.`, '/a/b/updir/', 't/dir/q=Q'],
      [`${tree}/.`, '/a/dangdir', 't/newdir/ t/newdir/q=Q'],
      [tree, '/a/b/chain2/', `t/dir/${tree.slice(folder.length + 1)}/ t/dir/${tree.slice(folder.length + 1)}/q=Q`],
    ] as const) {
      await ok('exec', name, 'sh', '-c', `rm -rf /a /t; ${TREE}`);
      const see = async (): Promise<readonly string[]> =>
        (await ok('exec', name, 'sh', '-c', `cd /; ${LIST.replace('find .', 'find a t')}`)).split('\n');
      const untouched = await see();
      await ok('cp', source, `${name}:${target}`);
      const added = (await see()).filter((line) => !untouched.includes(line));
      assert.equal(added.join(' '), changed, target);
    }
    for (const target of ['/a/dangdir/', '/a/b/beyond/']) {
      const last = target.split('/').at(-2);
      const { code, stderr } = await engine()[cli](['cp', tree, `${name}:${target}`]);
      assert.equal(code, 1);
      const above = target.slice(0, target.lastIndexOf('/', target.length - 2));
      const text = `Error response from daemon: cannot overwrite non-directory "${last}" with directory "${above}"`;
      assert.ok(stderr.includes(text), stderr);
    }
    await ok('rm', '-f', name);
  });
}

test('the header of a path follows links before a `..`, archives take it lexically', async () => {
  const name = await container();
  const url = (path: string): string => `http://x/v1.45/containers/${name}/archive?path=${path}`;
  const curl = ['-s', '--unix-socket', engine().socketPath];
  for (const [path, stat, members] of [
    ['/a/b/tt/../t/f', 'f ', undefined],
    ['/a/b/tt/../nope', undefined, undefined],
    ['/a/nope/../b', undefined, 'b'],
    ['/a/b/td/..', undefined, 'b'],
    ['/a/b/updir/..', '.. ', 'b'],
    ['/a/b/updir', 'updir /t/dir', 'updir'],
    ['../../a/b/chain2', 'chain2 /t/dir', 'chain2'],
    ['/a/b/updir/', 'updir ', 'updir'],
    ['/a/b/updir/.', '. ', '.'],
    ['/a/dangdir', 'dangdir /t/newdir', 'dangdir'],
    ['/a/b/beyond', 'beyond /t/f', 'beyond'],
  ] as const) {
    const { stdout } = await command('curl', [...curl, '-I', url(path)]);
    const header = /X-Docker-Container-Path-Stat: (\S+)/.exec(stdout)?.[1];
    const told = header === undefined ? undefined : JSON.parse(Buffer.from(header, 'base64').toString());
    assert.equal(told === undefined ? undefined : `${told.name} ${told.linkTarget}`, stat, `HEAD ${path}`);
    const archive = await command('sh', ['-c', `curl -s --unix-socket ${engine().socketPath} '${url(path)}' | tar t`]);
    const first = archive.code === 0 ? archive.stdout.split('\n')[0]?.replace(/(?<=.)\/$/, '') : undefined;
    assert.equal(first, members, `GET ${path}`);
  }
  await engine().ok('gantry', ['rm', '-f', name]);
});

test('archives that climb are clamped, and a link out of a volume does not open a read-only root', async () => {
  const name = await container('-v', '/v');
  const locked = unique('locked');
  await engine().ok('gantry', ['create', '--name', locked, '--read-only', '--volumes-from', name, 'busybox']);
  await engine().ok('gantry', ['exec', name, 'ln', '-s', '../etc', '/v/out']);
  const put = async (to: string, path: string, entries: Parameters<typeof tarArchive>[0]): Promise<string> => {
    const file = join(folder, 'put.tar');
    writeFileSync(file, tarArchive(entries));
    const { stdout } = await command('curl', [
      ...['-s', '-w', '%{http_code}', '-T', file, '--unix-socket', engine().socketPath],
      `http://x/containers/${to}/archive?path=${path}`,
    ]);
    return stdout.trim();
  };
  const link = (target: string) => ({ name: 'l', type: 'symlink' as const, target, mode: 0o777 });
  const entry = { name: 'l/q', type: 'file' as const, content: 'q', mode: 0o644 };
  assert.equal(await put(name, '/a', [link('../../../../../t'), entry]), '200');
  assert.equal(await engine().ok('gantry', ['exec', name, 'cat', '/t/q']), 'q', 'above the root is the root');
  assert.match(await put(name, '/a', [{ ...link('../t/f'), name: 'h', type: 'link' }]), /invalid hardlink.*400$/s);
  assert.equal(await put(name, '/v', [{ ...entry, name: 'out/q' }]), '200');
  assert.match(
    await put(locked, '/v', [{ ...entry, name: 'out/q' }]),
    /container rootfs is marked read-only.*403$/s,
    'the same link in a container whose root is read-only',
  );
  await engine().ok('gantry', ['rm', '-f', '-v', name, locked]);
});
