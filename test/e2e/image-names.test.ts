import assert from 'node:assert/strict';
import { test } from 'node:test';
import { config, dockerArchive, json, one } from '../support/archives.ts';
import { CLIS, unique, useEngine } from '../support/fixture.ts';
import { send } from '../support/send.ts';

const engine = useEngine();
const AMBIGUOUS = 'refusing to create an ambiguous tag using digest algorithm as name';
const DIGEST = `sha256:${'0'.repeat(64)}`;

for (const cli of CLIS) {
  const says = async (args: readonly string[], input?: Buffer): Promise<string> => {
    const result = await engine()[cli](args, input === undefined ? {} : { input });
    assert.equal(result.code, 1, args.join(' '));
    return result.stderr.trim().replace('Error response from daemon: ', '');
  };

  test(`${cli}: no image gets a name that reads as a digest, or one that is reserved`, async () => {
    const container = await engine().ok(cli, ['create', 'busybox', 'true']);
    assert.equal(await says(['tag', 'busybox', 'sha256']), AMBIGUOUS);
    assert.equal(await says(['tag', 'busybox', 'docker.io/library/sha256:1']), AMBIGUOUS);
    assert.equal(await says(['commit', container, 'sha256:1']), AMBIGUOUS);
    assert.equal(await says(['import', '-', 'sha256:1'], one), AMBIGUOUS);
    const manifest = [{ Config: 'c.json', RepoTags: ['sha256:1'], Layers: ['1/layer.tar', '2/layer.tar'] }];
    assert.equal(await says(['load'], dockerArchive({ manifest })), AMBIGUOUS);
    assert.equal(await says(['pull', '-q', 'sha256:1']), AMBIGUOUS);
    assert.equal(await says(['pull', '-q', 'scratch']), "'scratch' is a reserved name");
    await engine().ok(cli, ['rm', container]);
    assert.equal(await engine().ok(cli, ['images', '-a', '--format', '{{.Repository}}']), 'busybox');
  });

  test(`${cli}: names that are none are refused in the same words by every command`, async () => {
    const container = await engine().ok(cli, ['create', 'busybox', 'true']);
    const upper = 'invalid reference format: repository name (library/Foo) must be lowercase';
    const bad = 'invalid reference format';
    const target = (name: string, text: string): string =>
      `Error parsing reference: ${JSON.stringify(name)} is not a valid repository/tag: ${text}`;
    for (const name of ['../x', 'x/../y', 'a b', 'x:y:z', '-'])
      assert.equal(await says(['tag', 'busybox', name]), target(name, bad));
    assert.equal(await says(['tag', 'busybox', 'Foo']), target('Foo', upper));
    assert.equal(await says(['import', '-', 'Foo'], one), upper);
    assert.equal(await says(['import', '-', '../x'], one), bad);
    assert.equal(await says(['import', '-', `foo@${DIGEST}`], one), 'cannot import digest reference');
    assert.equal(await says(['commit', container, 'Foo']), upper);
    assert.equal(await says(['pull', 'Foo']), upper);
    assert.equal(await says(['push', 'Foo']), upper);
    assert.equal(await says(['rmi', 'Foo']), upper);
    assert.equal(await says(['history', 'Foo']), upper);
    assert.match(await says(['image', 'inspect', 'Foo']), /must be lowercase$/);
    assert.equal(await says(['save', 'Foo']), upper);
    await engine().ok(cli, ['rm', container]);
  });

  test(`${cli}: a single word is a platform only when it names a system or an architecture`, async () => {
    const unknown = /"bogus": unknown operating system or architecture: invalid argument$/;
    assert.match(await says(['import', '--platform', 'bogus', '-', unique('never')], one), unknown);
    assert.match(await says(['pull', '--platform', 'bogus', 'localhost:1/x']), unknown);
    const name = unique('arm');
    await engine().ok(cli, ['import', '--platform', 'arm64', '-', name], { input: one });
    assert.equal(await engine().ok(cli, ['image', 'inspect', '-f', '{{.Os}}/{{.Architecture}}', name]), 'linux/arm64');
    await engine().ok(cli, ['rmi', name]);
  });

  test(`${cli}: the digest of an image's manifest stands for the image, whole or in part`, async () => {
    const name = `${unique('digest')}:1`;
    const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
    const manifest = [{ Config: 'c.json', RepoTags: [name], Layers: ['1/layer.tar'] }];
    await engine().ok(cli, ['load', '-q'], { input: dockerArchive({ manifest, config: config([one]) }) });
    const id = await ok('image', 'inspect', '-f', '{{.Id}}', name);
    const digest = await ok('image', 'inspect', '-f', '{{.Descriptor.digest}}', name);
    assert.notEqual(digest, id);
    for (const ref of [digest, digest.slice(7), digest.slice(7, 23)]) {
      assert.equal(await ok('image', 'inspect', '-f', '{{.Id}}', ref), id, ref);
    }
    const container = unique('of-digest');
    await ok('create', '--name', container, digest, 'x');
    assert.equal(await ok('inspect', '-f', '{{.Image}}', container), id);
    await ok('rm', container);
    await ok('tag', digest, `${name}-2`);
    await ok('rmi', `${name}-2`);
    await ok('rmi', digest);
    assert.match(await says(['image', 'inspect', digest]), /No such image/);
  });

  test(`${cli}: an image that was made nobody knows when`, async () => {
    const name = `${unique('timeless')}:1`;
    const manifest = [{ Config: 'c.json', RepoTags: [name], Layers: ['1/layer.tar'] }];
    await engine().ok(cli, ['load', '-q'], { input: dockerArchive({ manifest, config: config([one]) }) });
    const listed = JSON.parse((await engine().api('GET', '/images/json')).body) as {
      RepoTags: string[];
      Created: number;
    }[];
    assert.equal(listed.find(({ RepoTags }) => RepoTags[0] === name)?.Created, 0);
    const inspected = JSON.parse((await engine().api('GET', `/images/${name}/json`)).body);
    assert.equal(inspected.Created, undefined, json(inspected));
    assert.match(await engine().ok(cli, ['images', name]), / \d\d years ago | N\/A /);
    await engine().ok(cli, ['rmi', name]);
  });
}

test('lines of progress end as dockerd’s do', async () => {
  const name = unique('lines');
  const loaded = await send(engine().socketPath, 'POST', '/images/load', dockerArchive());
  assert.match(loaded?.body ?? '', /^(?:\{.*\}\r\n)*\{"stream":"Loaded image: t\/app:1\\n"\}\r\n$/);
  const imported = await send(engine().socketPath, 'POST', `/images/create?fromSrc=-&repo=${name}`, one);
  assert.match(imported?.body ?? '', /^\{"status":"sha256:[0-9a-f]{64}"\}\r\n$/);
  await engine().ok('gantry', ['rmi', name, 't/app:1']);
});
