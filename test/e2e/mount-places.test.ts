import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { command } from '../support/command.ts';
import { CLIS, unique, useEngine } from '../support/fixture.ts';

/** Where a mount may go and where it goes. What is expected is what dockerd 28.5 with runc 1.3 does and says. */
const engine = useEngine();
const IMAGE = unique('places');
let folder = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-places-'));
  mkdirSync(join(folder, 'dir/held'), { recursive: true });
  writeFileSync(join(folder, 'file'), 'of the host\n');
});
after(() => rmSync(folder, { recursive: true }));

let made: Promise<void> | undefined;

/** An image with links that lead to /proc, to nothing and beyond the root. */
function image(): Promise<void> {
  made ??= makeImage();
  return made;
}

async function makeImage(): Promise<void> {
  const name = unique('make');
  const script = [
    'ln -s /proc /lnk; ln -s proc/self /lnk2; mkdir /d; ln -s ../proc/sys /d/up; ln -s /proc/net /pnet; ln -s loop /loop',
    'ln -s /nope/x /dangling; ln -s ../../nope/y /rel; ln -s dangling /chain; ln -s ../../../../etc/new /d/clamp',
  ].join('; ');
  await engine().ok('gantry', ['run', '--name', name, 'busybox', 'sh', '-c', script]);
  await engine().ok('gantry', ['commit', name, IMAGE]);
  await engine().ok('gantry', ['commit', '--change', 'VOLUME /proc', name, `${IMAGE}-volume`]);
  await engine().ok('gantry', ['rm', name]);
}

const START =
  'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: ' +
  'unable to start container process: error during container init: error mounting ';

/** Without ids and paths of the host. */
function neutral(text: string): string {
  return text
    .replaceAll(/"[^" ]*\/volumes\/[^" ]*\/_data"/g, '"VOLUME"')
    .replaceAll(/[^" ]*\/rootfs\/[0-9a-f]{64}/g, 'ROOT')
    .replaceAll(folder, 'HOST');
}

const unsafe = (source: string, at: string, real: string, reason: string): string =>
  `"${source}" to rootfs at "${at}": create mountpoint for ${at} mount: check proc-safety of ${at} mount: "ROOT${real}" cannot be mounted because ${reason}`;
const absent = (source: string, at: string, made: string): string =>
  `"${source}" to rootfs at "${at}": create mountpoint for ${at} mount: make mountpoint "${at}": ${made}no such file or directory`;
const lookup = (source: string, at: string): string =>
  `"${source}" to rootfs at "${at}": create mountpoint for ${at} mount: lookup mountpoint target: securejoin.OpenInRoot ${at}: openat2 ${at}: too many levels of symbolic links`;

const NOT_PROC = 'it is not of type proc';
const INSIDE = 'it is inside /proc';

type Refusal = readonly [flags: readonly string[], code: number, text: string];

function refusals(): readonly Refusal[] {
  const dir = `${folder}/dir`;
  const file = `${folder}/file`;
  return [
    [['-v', `${dir}:/proc`], 125, unsafe('HOST/dir', '/proc', '/proc', NOT_PROC)],
    [['--privileged', '-v', `${dir}:/proc`], 125, unsafe('HOST/dir', '/proc', '/proc', NOT_PROC)],
    [['-v', `${dir}:/proc/../proc/`], 125, unsafe('HOST/dir', '/proc', '/proc', NOT_PROC)],
    [['-v', '/proc/sys'], 125, unsafe('VOLUME', '/proc/sys', '/proc/sys', INSIDE)],
    [['-v', `${dir}:/lnk`], 125, unsafe('HOST/dir', '/lnk', '/proc', NOT_PROC)],
    [['-v', `${dir}:/lnk/sys`], 125, unsafe('HOST/dir', '/lnk/sys', '/proc/sys', INSIDE)],
    [['-v', `${dir}:/d/up`], 125, unsafe('HOST/dir', '/d/up', '/proc/sys', INSIDE)],
    [['-v', `${dir}:/lnk2`], 125, unsafe('HOST/dir', '/lnk2', '/proc/1', INSIDE)],
    [['-v', `${dir}:/pnet`], 125, unsafe('HOST/dir', '/pnet', '/proc/1/net', INSIDE)],
    [['--tmpfs', '/proc'], 125, unsafe('tmpfs', '/proc', '/proc', NOT_PROC)],
    [['--tmpfs', '/proc/self'], 125, unsafe('tmpfs', '/proc/self', '/proc/1', INSIDE)],
    [['--mount', 'type=tmpfs,dst=/proc/sys'], 125, unsafe('tmpfs', '/proc/sys', '/proc/sys', INSIDE)],
    [['-v', '/proc/sys:/proc/sys'], 125, unsafe('/proc/sys', '/proc/sys', '/proc/sys', INSIDE)],
    [['-v', `${file}:/proc/version`], 125, unsafe('HOST/file', '/proc/version', '/proc/version', INSIDE)],
    [['-v', `${file}:/proc/mounts`], 125, unsafe('HOST/file', '/proc/mounts', '/proc/1/mounts', INSIDE)],
    [['-v', `${file}:/proc/net/dev`], 125, unsafe('HOST/file', '/proc/net/dev', '/proc/1/net/dev', INSIDE)],
    [['-v', `${dir}:/proc/nope`], 127, absent('HOST/dir', '/proc/nope', 'mkdirat ROOT/proc/nope: ')],
    [['-v', `${file}:/proc/nope`], 127, absent('HOST/file', '/proc/nope', '')],
    [['-v', `${file}:/proc/a/b`], 127, absent('HOST/file', '/proc/a/b', 'mkdirat ROOT/proc/a: ')],
    [['--tmpfs', '/proc/nope'], 127, absent('tmpfs', '/proc/nope', 'mkdirat ROOT/proc/nope: ')],
    [['-v', `${dir}:/proc/self/cwd`], 125, lookup('HOST/dir', '/proc/self/cwd')],
    [['-v', `${dir}:/loop`], 125, lookup('HOST/dir', '/loop')],
  ];
}

for (const cli of CLIS) {
  test(`${cli} run refuses a mount at or below /proc as runc does, and create takes it`, async () => {
    await image();
    for (const [flags, code, text] of refusals()) {
      const run = await engine()[cli](['run', '--rm', ...flags, IMAGE, 'true']);
      const shown = neutral(run.stderr.split('\n')[0] ?? '').replace(/^.*Error response from daemon: /, '');
      assert.deepEqual([run.code, shown], [code, `${START}${text}`], flags.join(' '));
    }
    const declared = await engine()[cli](['run', '--rm', `${IMAGE}-volume`, 'true']);
    assert.match(
      neutral(declared.stderr),
      /"VOLUME" to rootfs at "\/proc": .*ROOT\/proc" cannot be mounted because it is not/,
    );
    assert.equal(declared.code, 125);

    const name = unique('refused');
    await engine().ok(cli, ['create', '--name', name, '-v', `${folder}/dir:/proc`, IMAGE]);
    const start = await engine()[cli](['start', name]);
    assert.equal(start.code, 1);
    assert.match(start.stderr, /cannot be mounted because it is not of type proc/);
    const state = await engine().ok(cli, ['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name]);
    assert.equal(state, 'created 128');
    await engine().ok(cli, ['rm', name]);
  });

  test(`${cli} run replaces the files of /proc that lxcfs replaces, and /proc by another procfs`, async () => {
    await image();
    const names = ['cpuinfo', 'diskstats', 'meminfo', 'stat', 'swaps', 'uptime', 'loadavg'].map(
      (name) => `/proc/${name}`,
    );
    const there = names.filter((name) => existsSync(name));
    const flags = there.flatMap((name) => ['-v', `${folder}/file:${name}`]);
    const seen = await engine().ok(cli, ['run', '--rm', ...flags, IMAGE, 'cat', ...there]);
    assert.deepEqual(
      seen.split('\n'),
      there.map(() => 'of the host'),
    );
    for (const mount of ['/proc:/proc', '/proc:/proc:ro'])
      await engine().ok(cli, ['run', '--rm', '-v', mount, IMAGE, 'true']);
  });

  test(`${cli} run mounts where a dangling symlink leads, within the root`, async () => {
    await image();
    const list =
      'for p in /nope /nope/x /nope/x/sub /nope/y /nope/y/a /nope/y/a/b /etc/new; do if grep -q " $p " /proc/mounts; then echo "$p mounted"; elif [ -e $p ]; then stat -c "%n %a %u:%g" $p; fi; done';
    const [dir, file] = [`${folder}/dir`, `${folder}/file`];
    for (const [flags, seen] of [
      [
        ['-v', '/dangling'],
        ['/nope 755 0:0', '/nope/x mounted'],
      ],
      [
        ['-v', `${dir}:/rel`],
        ['/nope 755 0:0', '/nope/y mounted'],
      ],
      [
        ['-v', `${dir}:/chain`],
        ['/nope 755 0:0', '/nope/x mounted'],
      ],
      [['-v', '/d/clamp'], ['/etc/new mounted']],
      [
        ['-v', '/dangling/sub'],
        ['/nope 755 0:0', '/nope/x 755 0:0', '/nope/x/sub mounted'],
      ],
      [
        ['-v', '/rel/a/b'],
        ['/nope 755 0:0', '/nope/y 755 0:0', '/nope/y/a 755 0:0', '/nope/y/a/b mounted'],
      ],
      [
        ['--tmpfs', '/chain'],
        ['/nope 755 0:0', '/nope/x mounted'],
      ],
      [
        ['--read-only', '-v', '/dangling'],
        ['/nope 755 0:0', '/nope/x mounted'],
      ],
      [
        ['--mount', `type=bind,src=${dir},dst=/rel/a`],
        ['/nope 755 0:0', '/nope/y 755 0:0', '/nope/y/a mounted'],
      ],
      [
        ['-v', `${file}:/rel/a`],
        ['/nope 755 0:0', '/nope/y 755 0:0', '/nope/y/a mounted'],
      ],
    ] as const) {
      const run = await engine().ok(cli, ['run', '--rm', ...flags, IMAGE, 'sh', '-c', list]);
      assert.deepEqual(run.split('\n'), seen, flags.join(' '));
    }
    assert.equal(existsSync('/nope'), false, 'nothing is made on the host');
  });

  test(`${cli} run makes places within volumes, through links that a volume holds`, async () => {
    await image();
    const volume = unique('links');
    const fill = 'ln -s ../out/x /v/in; ln -s sub/y /v/in2; ln -s /proc/sys /v/proc; ln -s /../../../nope /v/up';
    await engine().ok(cli, ['run', '--rm', '-v', `${volume}:/v`, IMAGE, 'sh', '-c', fill]);
    const run = (at: string, access: string, ...cmd: readonly string[]) =>
      engine()[cli](['run', '--rm', '-v', `${volume}:/v${access}`, '-v', `${folder}/dir:${at}`, IMAGE, ...cmd]);
    assert.equal((await run('/v/in', '', 'ls', '/out/x')).stdout, 'held\n');
    assert.equal((await run('/v/in2', '', 'ls', '/v/sub/y')).stdout, 'held\n');
    assert.equal((await run('/v/up', '', 'ls', '/nope')).stdout, 'held\n');
    assert.equal((await run('/v/new/deep', '', 'stat', '-c', '%a', '/v/new')).stdout, '755\n');
    assert.match((await run('/v/proc', '', 'true')).stderr, /"\S+\/proc\/sys" cannot be mounted because it is inside/);
    const locked = await run('/v/other/deep', ':ro', 'true');
    assert.equal(locked.code, 125);
    assert.match(
      neutral(locked.stderr),
      /"HOST\/dir" to rootfs at "\/v\/other\/deep": .*: mkdirat ROOT\/v\/other: read-only file system/,
    );
    await engine().ok(cli, ['volume', 'rm', volume]);
    assert.deepEqual(readdirSync(join(folder, 'dir/held')), []);
  });
}

test('runc refuses the same, and mounts where the same links lead', async (t) => {
  if ((await command('runc', ['--version'])).code !== 0) return t.skip('no runc on this machine');
  await image();
  const run = (...flags: readonly string[]) =>
    engine().gantry(['run', '--rm', '--runtime', 'runc', ...flags, IMAGE, 'ls', '/nope/x']);
  const refused = await run('-v', `${folder}/dir:/proc/sys`);
  assert.deepEqual(
    [refused.code, refused.stderr.includes('cannot be mounted because it is inside /proc')],
    [125, true],
  );
  assert.equal((await run('-v', `${folder}/dir:/dangling`)).stdout, 'held\n');
});
