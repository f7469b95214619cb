import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { config, dockerArchive } from '../support/archives.ts';
import { busyboxArchive, busyboxRootfs, imageArchive, tarArchive } from '../support/busybox-image.ts';
import { CLIS, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();

for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);

  test(`${cli} version and info show client and server`, async () => {
    assert.equal(await ok('version', '--format', '{{.Server.Os}}'), 'linux');
    assert.match(await ok('version'), /Server:/);
    const info = await ok('info');
    assert.match(info, /Storage Driver: (overlay2|vfs)/);
    assert.match(info, /Cgroup Version: [12]/);
    assert.equal(await ok('info', '--format', '{{.ContainersRunning}}'), '0');
  });

  test(`${cli} load takes plain, gzip and zstd archives from a file and from stdin`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-load-'));
    const name = unique('loaded');
    const archive = busyboxArchive({ tags: [`${name}:1`] });
    for (const [kind, bytes] of [
      ['plain', archive],
      ['gzip', gzipSync(archive)],
      ['zstd', zstdCompressSync(archive)],
    ] as const) {
      writeFileSync(join(folder, kind), bytes);
      assert.match(await ok('load', '-i', join(folder, kind)), new RegExp(`Loaded image: ${name}:1`));
      assert.equal(await ok('run', '--rm', `${name}:1`, 'echo', kind), kind);
      await ok('rmi', `${name}:1`);
      assert.match(await engine().ok(cli, ['load'], { input: bytes }), new RegExp(`Loaded image: ${name}:1`));
      await ok('rmi', `${name}:1`);
    }
    rmSync(folder, { recursive: true });
  });

  test(`${cli} images, tag and rmi follow Docker's rules`, async () => {
    const name = unique('tagged');
    await ok('tag', 'busybox', `${name}:a`);
    await ok('tag', `${name}:a`, `${name}:b`);
    assert.deepEqual((await ok('images', name, '--format', '{{.Tag}}')).split('\n').sort(), ['a', 'b']);
    assert.match(await ok('images'), /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE\n/);
    assert.equal(await ok('rmi', `${name}:a`), `Untagged: ${name}:a`);
    await ok('rmi', `${name}:b`);
    assert.equal(await ok('images', '-q', name), '');
    assert.notEqual(await ok('images', '-q', 'busybox'), '', 'the image has another name left');
  });

  test(`${cli} rmi refuses an image that a container uses, and -f untags it`, async () => {
    const [name, user] = [unique('inuse'), unique('user')];
    await engine().ok(cli, ['load'], {
      input: imageArchive({
        tags: [`${name}:latest`],
        layers: [busyboxRootfs()],
        config: { Cmd: ['true'], Labels: { a: name } },
      }),
    });
    await ok('create', '--name', user, name);
    const refused = await engine()[cli](['rmi', name]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /conflict: unable to remove repository reference/);
    await ok('rm', user);
    const out = await ok('rmi', name);
    assert.match(out, new RegExp(`^Untagged: ${name}:latest\\nDeleted: sha256:`));
    assert.equal((await engine()[cli](['rmi', name])).code, 1);
  });

  test(`${cli} import makes an image from a root file system, with changes`, async () => {
    const name = unique('imported');
    const id = await engine().ok(
      cli,
      ['import', '--change', 'CMD ["echo", "from import"]', '--change', 'ENV A=1', '-m', 'by hand', '-', `${name}:1`],
      { input: busyboxRootfs() },
    );
    assert.match(id, /^sha256:[0-9a-f]{64}$/);
    assert.equal(await ok('run', '--rm', `${name}:1`), 'from import');
    assert.equal(await ok('inspect', '-f', '{{.Comment}} {{index .Config.Env 0}}', `${name}:1`), 'by hand A=1');
    const events = await ok(
      'events',
      '--since',
      '10m',
      '--until',
      // As a duration the docker CLI would round it down to a whole second.
      String(Date.now() / 1000),
      '--filter',
      'type=image',
      '--format',
      '{{json .}}',
    );
    const told = events.split('\n').map((line) => JSON.parse(line));
    const own = told
      .filter(({ Actor: { ID } }) => ID === id)
      .map(({ Action, Actor }) => [Action, Actor.Attributes.name]);
    assert.deepEqual(own.slice(0, 2), [
      ['tag', `${name}:1`],
      ['import', id],
    ]);
    await ok('rmi', `${name}:1`);
  });

  test(`${cli} load takes layers in xz and bzip2, and keeps them plain`, async () => {
    for (const program of ['xz', 'bzip2']) {
      const name = unique(program);
      const layers = [busyboxRootfs(), tarArchive([{ name: 'packed', type: 'file', content: program }])];
      const archive = (pack: (layer: Buffer) => Buffer): Buffer =>
        dockerArchive({
          manifest: [{ Config: 'c.json', RepoTags: [`${name}:1`], Layers: ['1/layer.tar', '2/layer.tar'] }],
          config: config(layers),
          entries: layers.map((layer, index) => ({ name: `${index + 1}/layer.tar`, content: pack(layer) })),
        });
      const packed = archive((input) => execFileSync(program, ['-c'], { input, maxBuffer: 64 << 20 }));
      assert.match(await engine().ok(cli, ['load'], { input: packed }), new RegExp(`Loaded image: ${name}:1`));
      assert.equal(await ok('run', '--rm', `${name}:1`, 'cat', '/packed'), program);
      const inspect = (): Promise<string> => ok('image', 'inspect', '-f', '{{.Id}} {{.Size}}', `${name}:1`);
      const found = await inspect();
      await ok('rmi', `${name}:1`);
      await engine().ok(cli, ['load'], { input: archive((layer) => layer) });
      assert.equal(await inspect(), found, 'as if it had come plain');
      await ok('rmi', `${name}:1`);
    }
  });

  test(`${cli} an image with a hundred layers runs, and the top layer wins`, async () => {
    const name = unique('deep');
    const layers = Array.from({ length: 100 }, (_, index) =>
      tarArchive([
        { name: 'level', type: 'file', content: String(index) },
        { name: `files/${index}`, type: 'file', content: '' },
      ]),
    );
    await engine().ok(cli, ['load'], {
      input: imageArchive({ tags: [`${name}:latest`], layers: [busyboxRootfs(), ...layers], config: { Cmd: ['sh'] } }),
    });
    assert.equal(await ok('run', '--rm', name, 'sh', '-c', 'cat /level; echo; ls /files | wc -l'), '99\n100');
    await ok('rmi', name);
  });

  test(`${cli} run of an image that is not there fails with 125 and its name`, async () => {
    const result = await engine()[cli](['run', '--rm', '--pull', 'never', 'localhost:1/no/such:image', 'true']);
    assert.equal(result.code, 125);
    assert.match(result.stderr, /No such image: localhost:1\/no\/such:image/);
  });

  test(`${cli} history and inspect show what the image holds`, async () => {
    assert.match(await ok('history', 'busybox'), /^IMAGE +CREATED +CREATED BY +SIZE +COMMENT\n/);
    assert.equal(await ok('image', 'inspect', '-f', '{{json .Config.Cmd}} {{.Os}}', 'busybox'), '["sh"] linux');
  });
}
