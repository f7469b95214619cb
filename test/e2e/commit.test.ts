import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { busyboxRootfs, imageArchive, tarArchive } from '../support/busybox-image.ts';
import { command } from '../support/command.ts';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';
import { gantryRegistry } from '../support/gantry-registry.ts';

const engine = useEngine();
const EMPTY = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';

interface Inspected {
  readonly Id: string;
  readonly Parent: string;
  readonly Author: string;
  readonly Comment: string;
  readonly Config: Record<string, unknown>;
  readonly Metadata: { readonly LastTagTime: string };
  readonly RootFS: { readonly Layers: readonly string[] };
}

for (const cli of CLIS) {
  test(`${cli} commit: two commits in a row that change nothing make an image that works`, async () => {
    const [first, second, image] = [unique('one'), unique('two'), unique('same')];
    const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
    await ok('run', '--name', first, 'busybox', 'true');
    await ok('commit', first, `${image}:1`);
    await ok('run', '--name', second, `${image}:1`, 'true');
    await ok('commit', second, `${image}:2`);
    assert.equal(await ok('run', '--name', image, `${image}:2`, 'echo', 'works'), 'works');
    assert.equal(await ok('diff', image), '');
    const folder = mkdtempSync(join(tmpdir(), 'gantry-same-'));
    await ok('cp', `${image}:/bin/busybox`, join(folder, 'busybox'));
    await ok('export', '-o', join(folder, 'root.tar'), image);
    const { stdout } = await command('tar', ['-tf', join(folder, 'root.tar')]);
    assert.match(stdout, /^bin\/busybox$/m);
    rmSync(folder, { recursive: true });
    await ok('commit', image, `${image}:3`);
    assert.equal(await ok('run', '--rm', `${image}:3`, 'echo', 'works'), 'works');
  });

  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
  const inspect = async (name: string): Promise<Inspected> =>
    (JSON.parse(await ok('image', 'inspect', name)) as Inspected[])[0] as Inspected;

  test(`${cli} commit: files changed by hand are in the image, and what was deleted is not`, async () => {
    const [name, image] = [unique('byhand'), unique('byhand')];
    const script =
      'echo x > /etc/motd; rm -r /home; mkdir /data; echo 1 > /data/a; ln /data/a /data/b; rm /bin/yes; mkdir /bin/yes; ' +
      'rm -r /usr; mkdir /usr; touch /usr/mine; chown 7:8 /data/a; chmod 2750 /data; mkfifo /data/p; chmod 700 /; ' +
      'touch -d "2001-02-03 04:05:06" /data/a; truncate -s 3000000 /data/holes; echo end >> /data/holes';
    await ok('run', '--name', name, 'busybox', 'sh', '-c', script);
    const id = await ok('commit', '-a', 'Ann <a@b.c>', '-m', 'by hand', name, `${image}:1`);
    assert.match(id, /^sha256:[0-9a-f]{64}$/);
    const base = await inspect('busybox');
    const made = await inspect(`${image}:1`);
    assert.equal(made.Id, id);
    assert.equal(made.Parent, base.Id);
    assert.deepEqual([made.Author, made.Comment], ['Ann <a@b.c>', 'by hand']);
    assert.ok(Date.parse(made.Metadata.LastTagTime) > Date.now() - 3_600_000, made.Metadata.LastTagTime);
    assert.deepEqual(made.Config['Cmd'], ['sh', '-c', script]);
    assert.deepEqual(made.RootFS.Layers.slice(0, -1), base.RootFS.Layers);
    const look =
      'cat /etc/motd; ls -d /home; ls /usr; stat -c "%n %F %a %u:%g %h %Y" / /data /data/a /data/b /data/p /bin/yes; ' +
      'stat -c %s /data/holes; tail -c 4 /data/holes';
    const seen = await engine()[cli](['run', '--rm', `${image}:1`, 'sh', '-c', `exec 2>&1; ${look}`]);
    const lines = seen.stdout.trimEnd().split('\n');
    assert.deepEqual(lines.slice(0, 3), ['x', 'ls: /home: No such file or directory', 'mine']);
    const shown = lines
      .slice(3)
      .map((line) => line.replace(/^(\/|\/data|\/data\/p|\/bin\/yes) (.*) \d+ \d+$/, '$1 $2'));
    assert.deepEqual(shown, [
      '/ directory 700 0:0',
      '/data directory 2750 0:0',
      '/data/a regular file 644 7:8 2 981173106',
      '/data/b regular file 644 7:8 2 981173106',
      '/data/p fifo 644 0:0',
      '/bin/yes directory 755 0:0',
      '3000004',
      'end',
    ]);
    const history = (await ok('history', '--no-trunc', '--format', '{{.CreatedBy}}|{{.Comment}}', `${image}:1`)).split(
      '\n',
    );
    assert.equal(history[0], `sh -c ${script}|by hand`);
    await ok('rm', name);
    assert.match(await ok('rmi', `${image}:1`), /Untagged:.*\nDeleted: sha256:/);
  });

  test(`${cli} commit applies changes over the container's config`, async () => {
    const [name, image] = [unique('changes'), unique('changes')];
    await ok('create', '--name', name, '-e', 'A=1', '--label', 'of=container', '-w', '/tmp', 'busybox', 'sh');
    const changes = [
      'ENV B=2 C="three words"',
      'LABEL k=v',
      'CMD ["echo","hi"]',
      'EXPOSE 80 53/udp',
      'VOLUME /data',
      'USER 12',
      'WORKDIR sub',
      'STOPSIGNAL SIGINT',
      'ONBUILD RUN true',
      'HEALTHCHECK --interval=3s CMD true',
    ];
    await ok('commit', ...changes.flatMap((change) => ['--change', change]), name, image);
    const { Config: config, RootFS: rootfs } = await inspect(image);
    assert.ok((config['Env'] as string[]).includes('A=1') && (config['Env'] as string[]).includes('C=three words'));
    assert.deepEqual(config['Cmd'], ['echo', 'hi']);
    assert.deepEqual(config['Labels'], { of: 'container', k: 'v' });
    assert.deepEqual(Object.keys(config['ExposedPorts'] as object).sort(), ['53/udp', '80/tcp']);
    assert.deepEqual(config['Volumes'], { '/data': {} });
    assert.deepEqual([config['User'], config['WorkingDir'], config['StopSignal']], ['12', '/tmp/sub', 'SIGINT']);
    assert.deepEqual(config['OnBuild'], ['RUN true']);
    assert.deepEqual(config['Healthcheck'], { Test: ['CMD-SHELL', 'true'], Interval: 3_000_000_000 });
    assert.ok(!rootfs.Layers.includes(EMPTY), 'nothing was written: no layer');
    assert.equal(
      (await ok('history', '-q', image)).split('\n').length,
      (await ok('history', '-q', 'busybox')).split('\n').length + 1,
    );
    await ok('rm', name);
    await ok('rmi', image);
  });

  test(`${cli} commit pauses a running container and lets it go on, unless told not to or its user paused it`, async () => {
    const name = unique('paused');
    await ok('run', '-d', '--name', name, 'busybox', 'sh', '-c', 'while :; do echo x >> /log; sleep 0.05; done');
    const since = String(Math.floor(Date.now() / 1000));
    const state = (): Promise<string> => ok('inspect', '-f', '{{.State.Status}}', name);
    const first = await ok('commit', name);
    assert.equal(await state(), 'running');
    const second = await ok('commit', cli === 'docker' ? '--pause=false' : '--no-pause', name);
    await ok('pause', name);
    const third = await ok('commit', name);
    assert.equal(await state(), 'paused');
    await ok('unpause', name);
    await ok('rm', '-f', name);
    const until = String(Math.ceil(Date.now() / 1000) + 1);
    const format = '{{json .}}';
    const events = await ok(
      'events',
      '--since',
      since,
      '--until',
      until,
      '--filter',
      `container=${name}`,
      '--format',
      format,
    );
    const seen = events.split('\n').flatMap((line) => {
      const { Action, Actor } = JSON.parse(line) as { Action: string; Actor: { Attributes: { imageID?: string } } };
      return /^(commit|pause|unpause)$/.test(Action) ? [`${Action} ${Actor.Attributes.imageID ?? ''}`.trimEnd()] : [];
    });
    assert.deepEqual(seen, [
      'pause',
      'unpause',
      `commit ${first}`,
      `commit ${second}`,
      'pause',
      `commit ${third}`,
      'unpause',
    ]);
    await ok('rmi', first, second, third);
  });

  test(`${cli} commit refuses in docker's words and leaves nothing`, async () => {
    const name = unique('refused');
    await ok('create', '--name', name, 'busybox');
    const refused = async (...args: string[]): Promise<string> => {
      const { code, stderr } = await engine()[cli](['commit', ...args]);
      assert.equal(code, 1, args.join(' '));
      return stderr.trim();
    };
    const before = await ok('images', '-aq');
    assert.match(await refused('nope'), /No such container: nope/);
    assert.match(await refused('-c', 'FOO x', name), /FOO is not a valid change command/);
    assert.equal(await refused(name, 'Up'), 'invalid reference format: repository name (library/Up) must be lowercase');
    assert.equal(await refused(name, 'a@b'), 'invalid reference format');
    const digest = `busybox@sha256:${'a'.repeat(64)}`;
    assert.equal(await refused(name, digest), 'refusing to create a tag with a digest reference');
    assert.equal(await ok('images', '-aq'), before);
    await ok('rm', name);
  });
}

test('a commit moves a name, and the image beneath cannot be removed before it', async () => {
  const run = (...args: string[]): Promise<string> => engine().ok('gantry', args);
  const [name, image] = [unique('moved'), unique('moved')];
  await run('run', '--name', name, 'busybox', 'touch', '/one');
  const first = await run('commit', name, image);
  await run('rm', name);
  await run('run', '--name', name, image, 'touch', '/two');
  const second = await run('commit', name, image);
  await run('rm', name);
  assert.equal(await run('run', '--rm', image, 'ls', '-d', '/one', '/two'), '/one\n/two');
  const refused = await engine().gantry(['rmi', first]);
  assert.match(refused.stderr, /image has dependent child images/);
  const gone = await run('rmi', image);
  assert.ok(gone.includes(second) && gone.includes(first), gone);
});

test('what is committed is pushed, pulled, saved, loaded and committed upon', async () => {
  await using registry = await gantryRegistry();
  const run = (...args: string[]): Promise<string> => engine().ok('gantry', args);
  const look = ['sh', '-c', 'cat /one /two; ls -d /etc/group; stat -c %u /one'];
  const image = `${registry.host}/tutorial`;
  const step = async (from: string, script: string, tag: string): Promise<string> => {
    const name = unique('step');
    await run('run', '--name', name, from, 'sh', '-c', script);
    const id = await run('commit', '-m', tag, name, `${image}:${tag}`);
    await run('rm', name);
    return id;
  };
  const folder = mkdtempSync(join(tmpdir(), 'gantry-commit-'));
  const first = await step('busybox', 'echo 1 > /one; chown 5 /one', 'first');
  await run('push', `${image}:first`);
  await run('rmi', `${image}:first`);
  await run('pull', `${image}:first`);
  assert.equal(await run('image', 'inspect', '-f', '{{.Id}}', `${image}:first`), first, 'the id stays');
  // Its layers are compressed now, the one on top is not.
  const second = await step(`${image}:first`, 'echo 2 > /two; rm /etc/group', 'second');
  await run('save', '-o', join(folder, 'second.tar'), `${image}:second`);
  await run('push', `${image}:second`);
  const seen = '1\n2\n5';
  const shows = async (): Promise<void> => {
    const { stdout, stderr } = await engine().gantry(['run', '--rm', `${image}:second`, ...look]);
    assert.equal(stdout.trimEnd(), seen);
    assert.match(stderr, /\/etc\/group: No such file/);
  };
  await shows();
  await run('rmi', `${image}:second`, `${image}:first`);
  await run('pull', `${image}:second`);
  await shows();
  await run('rmi', `${image}:second`);
  await run('load', '-q', '-i', join(folder, 'second.tar'));
  assert.equal(await run('image', 'inspect', '-f', '{{.Id}}', `${image}:second`), second);
  await shows();
  await run('rmi', `${image}:second`);
  rmSync(folder, { recursive: true });
});

test('a container whose image was removed by force is not committed, and loses nothing', async () => {
  const [name, image] = [unique('orphan'), unique('orphan')];
  const layers = [busyboxRootfs(), tarArchive([{ name: 'extra', type: 'file', content: image }])];
  await engine().ok('gantry', ['load', '-q'], {
    input: imageArchive({ tags: [`${image}:latest`], layers, config: {} }),
  });
  await engine().ok('gantry', ['run', '--name', name, image, 'touch', '/mine']);
  await engine().ok('gantry', ['rmi', '-f', image]);
  const refused = await engine().gantry(['commit', name]);
  assert.match(refused.stderr, /No such image/);
  assert.equal(await engine().ok('gantry', ['diff', name]), 'A /mine');
  const listed = await command('sh', ['-c', `bin/gantry export ${name} | tar tf -`], {
    env: { DOCKER_HOST: engine().host },
  });
  assert.match(listed.stdout, /^extra$/m);
  await engine().ok('gantry', ['rm', name]);
});

test('a container on a hundred layers is committed, and what comes of it again', async () => {
  const image = unique('deep');
  const layers = Array.from({ length: 99 }, (_, index) =>
    tarArchive([
      { name: `f${index}`, type: 'file', content: '' },
      { name: 'n', type: 'file', content: `${index}\n` },
    ]),
  );
  const archive = imageArchive({ tags: [`${image}:latest`], layers: [busyboxRootfs(), ...layers], config: {} });
  await engine().ok('gantry', ['load', '-q'], { input: archive });
  for (const count of [1, 2, 3]) {
    const name = unique('deep');
    await engine().ok('gantry', [
      'run',
      '--name',
      name,
      image,
      'sh',
      '-c',
      `cat /n >> /seen; echo ${count} > /n; rm /f${count}`,
    ]);
    assert.equal(await engine().ok('gantry', ['diff', name]), `D /f${count}\nC /n\n${count === 1 ? 'A' : 'C'} /seen`);
    await engine().ok('gantry', ['commit', name, image]);
    await engine().ok('gantry', ['rm', name]);
  }
  const run = engine().ok('gantry', ['run', '--rm', image, 'sh', '-c', 'cat /seen /n; ls -d /f* | wc -l']);
  assert.equal(await run, '98\n1\n2\n3\n96');
  await engine().ok('gantry', ['rmi', image]);
});

test('a daemon killed in the middle of a commit leaves no half image, and the container goes on', async () => {
  const name = unique('killed');
  await engine().ok('gantry', [
    'run',
    '-d',
    '--name',
    name,
    'busybox',
    'sh',
    '-c',
    'dd if=/dev/zero of=/big bs=1M count=600; sleep 1000',
  ]);
  await eventually(async () =>
    assert.match(await engine().ok('gantry', ['exec', name, 'ls', '-s', '/big']), /^ *6144/),
  );
  const images = await engine().ok('gantry', ['images', '-aq']);
  let end = '';
  const commit = engine()
    .api('POST', `/commit?container=${name}`)
    .then(
      () => {
        end = 'answered';
      },
      () => {
        end = 'cut';
      },
    );
  const isPaused = async (): Promise<boolean> =>
    (await engine().api('GET', `/containers/${name}/json`)).body.includes('"Status":"paused"');
  // Asked without rest in between: the container is paused for no more than a second.
  while (end === '' && !(await isPaused()));
  await engine().kill9();
  await commit;
  assert.equal(end, 'cut', 'killed in its middle');
  await engine().start();
  assert.equal(await engine().ok('gantry', ['inspect', '-f', '{{.State.Status}}', name]), 'running');
  assert.equal(await engine().ok('gantry', ['exec', name, 'echo', 'alive']), 'alive');
  assert.equal(await engine().ok('gantry', ['images', '-aq']), images);
  assert.match(await engine().ok('gantry', ['commit', name, unique('again')]), /^sha256:/);
  await engine().ok('gantry', ['rm', '-f', name]);
});
