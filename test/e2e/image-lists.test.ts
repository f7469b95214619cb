import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { imageArchive, tarArchive } from '../support/busybox-image.ts';
import { CLIS, type Cli, eventually, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();

/** An image of a layer that all of these tests share and one of its own; labelled. Answers its id. */
async function load(cli: Cli, tags: readonly string[], labels: Readonly<Record<string, string>>): Promise<string> {
  const layers = [SHARED, tarArchive([{ name: 'own', content: JSON.stringify([tags, labels]).padEnd(9000) }])];
  const archive = imageArchive({ tags: [...tags], layers, config: { Cmd: ['true'], Labels: { ...labels } } });
  const out = await engine().ok(cli, ['load', '-q'], { input: archive });
  assert.equal(out.split('\n').length, Math.max(1, tags.length));
  const [label] = Object.entries(labels);
  const ids = await engine().ok(cli, ['images', '-a', '-q', '--no-trunc', '--filter', `label=${label?.join('=')}`]);
  return ids.split('\n')[0] ?? '';
}

const SHARED = tarArchive([{ name: 'shared', content: Buffer.alloc(50_000, 's') }]);

for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
  const lines = async (...args: string[]): Promise<string[]> => (await ok(...args)).split('\n').filter(Boolean).sort();

  test(`${cli} images filters by label, name, age and danglingness`, async () => {
    const [name, mark] = [unique('listed'), unique('mark')];
    const a = await load(cli, [`${name}/a:1`, `${name}/a:2`, `${name}/b`.concat(':latest')], { [mark]: 'a' });
    const nameless = await load(cli, [], { [mark]: 'nameless' });
    const shown = (...filters: string[]): Promise<string[]> =>
      lines('images', '--format', '{{.Repository}}:{{.Tag}}', ...filters.flatMap((filter) => ['--filter', filter]));
    const all = [`${name}/a:1`, `${name}/a:2`, `${name}/b:latest`];
    assert.deepEqual(await shown(`label=${mark}`), ['<none>:<none>', ...all]);
    assert.deepEqual(await shown(`label=${mark}=a`), all);
    assert.deepEqual(await shown(`label=${mark}`, 'label=nope'), []);
    assert.deepEqual(await shown(`label=${mark}`, 'dangling=true'), ['<none>:<none>']);
    assert.deepEqual(await shown(`label=${mark}`, 'dangling=false'), all);
    assert.deepEqual(await shown(`reference=${name}/a`), all.slice(0, 2));
    assert.deepEqual(await shown(`reference=${name}/*:latest`, `reference=${name}/a:2`), all.slice(1));
    assert.deepEqual(await shown(`label=${mark}`, 'until=2023-12-31'), []);
    assert.deepEqual(await shown(`label=${mark}=a`, 'until=24h'), all);
    const imported = unique('newer');
    await engine().ok(cli, ['import', '-', imported], { input: SHARED });
    assert.deepEqual(await shown(`since=${name}/a:1`, `reference=${imported}`), [`${imported}:latest`]);
    assert.deepEqual(await shown(`before=${imported}`, `label=${mark}=a`), all);
    assert.deepEqual(await lines('images', '-q', '--no-trunc', `${name}/a:2`), [a]);
    assert.equal(await ok('images', '-q', `${name}/b`), a.slice(7, 19));
    const refused = await engine()[cli](['images', '--filter', 'colour=red']);
    assert.deepEqual([refused.code, refused.stderr.trim()], [1, "Error response from daemon: invalid filter 'colour'"]);
    assert.match((await engine()[cli](['images', '--filter', 'before=no/such'])).stderr, /No such image: no\/such/);
    const [row] = (await ok('images', '--format', 'json', `${name}/b`)).split('\n').map((line) => JSON.parse(line));
    assert.deepEqual([row.Repository, row.Tag, row.ID, row.Digest], [`${name}/b`, 'latest', a.slice(7, 19), '<none>']);
    assert.match(await ok('images', '--digests', `${name}/b`), /^REPOSITORY +TAG +DIGEST +IMAGE ID +CREATED +SIZE\n/);
    await ok('rmi', nameless, `${name}/a:1`, `${name}/a:2`, `${name}/b`, imported);
  });

  test(`${cli} rmi of several: each by itself, by id when it has one repository or by force`, async () => {
    const name = unique('removed');
    const id = await load(cli, [`${name}:1`, `${name}/other:1`], { [name]: 'x' });
    const mixed = await engine()[cli](['rmi', `${name}:1`, 'no/such', `${name}:1`]);
    assert.equal(mixed.code, 1);
    assert.equal(mixed.stdout, `Untagged: ${name}:1\n`);
    assert.match(mixed.stderr, /No such image: no\/such:latest\n.*No such image: .*:1/);
    await ok('tag', id, `${name}:2`);
    const refused = await engine()[cli](['rmi', id.slice(7, 19)]);
    assert.match(refused.stderr, /\(must be forced\) - image is referenced in multiple repositories/);
    const removed = await lines('rmi', '-f', id.slice(7, 19));
    assert.deepEqual(removed.slice(-2), [`Untagged: ${name}/other:1`, `Untagged: ${name}:2`]);
    assert.ok(removed.includes(`Deleted: ${id}`));
    const absent = await engine()[cli](['rmi', '-f', name]);
    assert.deepEqual([absent.code, absent.stdout], [0, '']);
  });

  test(`${cli} rmi and a container: a stopped one is passed over by force, a running one never`, async () => {
    const [name, user] = [unique('held'), unique('holder')];
    await ok('tag', 'busybox', `${name}:1`);
    const id = await ok('images', '-q', 'busybox');
    await ok('run', '-d', '--name', user, '--stop-signal', 'KILL', `${name}:1`, 'sleep', '1000');
    assert.equal(await ok('rmi', `${name}:1`), `Untagged: ${name}:1`, 'busybox is left');
    for (const args of [
      ['rmi', id],
      ['rmi', '-f', id],
    ]) {
      const refused = await engine()[cli](args);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /cannot be forced\) - image is being used by running container [0-9a-f]{12}/);
    }
    assert.equal(await ok('inspect', '-f', '{{.Config.Image}}', user), `${name}:1`);
    assert.equal(await ok('ps', '--filter', `name=${user}`, '--format', '{{.Image}}'), id);
    await ok('rm', '-f', user);
    assert.notEqual(await ok('images', '-q', 'busybox'), '');

    const own = await load(cli, [`${name}:own`], { [name]: 'own' });
    await ok('create', '--name', user, `${name}:own`);
    const stopped = await engine()[cli](['rmi', own]);
    assert.match(stopped.stderr, /\(must be forced\) - image is being used by stopped container/);
    assert.match(await ok('rmi', '-f', own), new RegExp(`Deleted: ${own}`));
    await ok('rm', user);
  });

  test(`${cli} image prune takes what filters leave it, with -a whatever no container uses`, async () => {
    const [name, user] = [unique('pruned'), unique('user')];
    const idle = await load(cli, [`${name}:idle`], { [name]: 'idle' });
    await load(cli, [`${name}:used`], { [name]: 'used' });
    const nameless = await load(cli, [], { [name]: 'nameless' });
    await ok('create', '--name', user, `${name}:used`);
    const prune = (...args: string[]): Promise<string> =>
      ok('image', 'prune', '-f', '--filter', `label=${name}`, ...args);
    assert.match(await prune('--filter', 'until=2023-01-01'), /^Total reclaimed space: 0B$/);
    assert.match(await prune(), new RegExp(`^Deleted Images:\ndeleted: ${nameless}\n`));
    assert.match(await prune('-a', '--filter', `label!=${name}=idle`), /^Total reclaimed space: 0B$/);
    assert.match(
      await prune('-a'),
      new RegExp(`untagged: ${name}:idle\ndeleted: ${idle}\n(?:.*\n)*Total reclaimed space: 9kB`),
    );
    assert.deepEqual(await lines('images', '--format', '{{.Tag}}', name), ['used']);
    await ok('rm', user);
    await ok('rmi', `${name}:used`);
  });

  test(`${cli} system df tells what images share and what each has alone`, async () => {
    const name = unique('measured');
    await load(cli, [`${name}:1`], { [name]: '1' });
    await load(cli, [`${name}:2`], { [name]: '2' });
    await ok('create', '--name', name, `${name}:2`);
    const format =
      '{{range .Images}}{{.Repository}}:{{.Tag}} {{.Size}} {{.SharedSize}} {{.UniqueSize}} {{.Containers}}\n{{end}}';
    const rows = await lines('system', 'df', '-v', '--format', format);
    assert.deepEqual(
      rows.filter((row) => row.startsWith(name)),
      [`${name}:1 59kB 50kB 9kB 0`, `${name}:2 59kB 50kB 9kB 1`],
    );
    assert.match(
      await ok('system', 'df', '-v'),
      /^Images space usage:\n\nREPOSITORY +TAG +IMAGE ID +CREATED +SIZE +SHARED SIZE +UNIQUE SIZE +CONTAINERS\n/,
    );
    const [images] = JSON.parse(
      `[${(await lines('system', 'df', '--format', 'json')).filter((line) => line.includes('Images')).join()}]`,
    );
    assert.deepEqual([images.Type, Number(images.Active) >= 1], ['Images', true]);
    await ok('rm', name);
    await ok('rmi', `${name}:1`, `${name}:2`);
  });

  test(`${cli} history and inspect of what several images are`, async () => {
    const name = unique('told');
    const id = await load(cli, [`${name}:1`], { [name]: 'x' });
    const history = await ok('history', '--format', '{{.ID}} {{.Size}}', `${name}:1`);
    assert.equal(history, `${id.slice(7, 19)} 9kB\n<missing> 50kB`);
    assert.equal(await ok('history', '-q', '--no-trunc', name.concat(':1')), `${id}\n<missing>`);
    assert.match(await ok('history', '-H=false', `${name}:1`), / 2024-01-01T00:00:00Z .* 50000 /);
    const several = await engine()[cli](['image', 'inspect', '-f', '{{.Id}} {{.Size}}', `${name}:1`, 'no/such', id]);
    assert.deepEqual([several.code, several.stdout], [1, `${id} 59000\n`.repeat(2)]);
    assert.match(several.stderr, /No such image: no\/such:latest/);
    assert.equal(JSON.parse(await ok('image', 'inspect', `${name}:1`, id)).length, 2);
    await ok('rmi', `${name}:1`);
  });
}

test('types of system df that are none, and images of no version', async () => {
  const bogus = await engine().api('GET', '/system/df?type=bogus');
  assert.deepEqual([bogus.status, bogus.body], [400, '{"message":"unknown object type: bogus"}\n']);
  const { body } = await engine().api('GET', '/v1.46/images/json?manifests=1');
  const [image] = JSON.parse(body);
  assert.deepEqual(['Manifests' in image, 'Descriptor' in image], [false, false]);
  const summaries = JSON.parse((await engine().api('GET', '/v1.47/images/json?manifests=1')).body);
  assert.equal(summaries[0].Manifests[0].Kind, 'image');
  const conflict = await engine().api(
    'GET',
    '/images/busybox/json?manifests=1&platform={"os":"linux","architecture":"amd64"}',
  );
  assert.equal(conflict.status, 400);
  assert.deepEqual(JSON.parse((await engine().api('GET', '/images/busybox/attestations')).body), []);
});

const skip = CLIS.length > 1 ? false : 'no docker CLI on this machine to compare with';
test('both command lines print the same tables, trees and reports', { skip }, async () => {
  const [name, user] = [unique('same'), unique('same-user')];
  const nameless = await load('gantry', [], { [name]: 'nameless' });
  // Two tags in one repository: docker prints several repositories of one image in no certain order.
  await load('gantry', [`${name}:1`, `${name}:longer-than-the-other`], { [name]: 'x' });
  await engine().ok('gantry', ['create', '--name', user, `${name}:1`]);
  for (const args of [
    ['images'],
    ['images', '-a', '--digests', '--no-trunc'],
    ['images', '--format', 'json', name],
    ['images', '--format', 'raw', name],
    ['images', '--format', 'raw', '--digests', name],
    ['images', '-q', '--format', 'raw', name],
    ['system', 'df', '--format', 'raw'],
    ['ps', '-a', '--format', 'raw', '--filter', `name=${user}`],
    ['ps', '-as', '--format', 'raw', '--filter', `name=${user}`],
    ['ps', '-aq', '--format', 'raw', '--filter', `name=${user}`],
    ['network', 'ls', '--format', 'raw'],
    ['network', 'ls', '-q', '--format', 'raw'],
    ['volume', 'ls', '--format', 'raw'],
    ['images', '--tree'],
    ['images', '--tree', '-a', '--filter', `label=${name}`],
    ['images', '--tree', 'no/such'],
    ['images', '--tree', '--quiet'],
    ['images', 'a', 'b'],
    ['history', `${name}:1`],
    ['history', '--no-trunc', '-H=false', `${name}:1`],
    ['history', 'no/such'],
    ['image', 'inspect', `${name}:1`, 'no/such'],
    ['image', 'inspect', '-f', '{{.ID}}|{{.Variant}}|{{.OsVersion}}|{{.VirtualSize}}|{{json .Manifests}}', `${name}:1`],
    [
      'inspect',
      '-f',
      '{{.ID}}|{{.Container}}|{{json .ContainerConfig}}|{{.Descriptor}}',
      '--type',
      'image',
      `${name}:1`,
    ],
    ['inspect', '--size', '--type', 'image', '-f', '{{.Size}}', `${name}:1`],
    ['inspect', '-f', '{{.ID}}', user],
    ['system', 'df'],
    ['system', 'df', '-v'],
    ['system', 'df', '-v', '--format', 'json'],
    ['rmi', 'no/such'],
    ['tag', 'UPPER', 'x'],
    ['login', '-u', '', '-p', 'x', 'localhost:1'],
    ['login', '-u', 'x', '-p', '', 'localhost:1'],
    ['save', '-o', '/dev/null', 'busybox'],
    ['load', '-i', '/no/such'],
  ]) {
    // Again when a second has passed between the two: they tell ages.
    await eventually(() => bothPrint(args));
  }
  await engine().ok('gantry', ['rm', user]);
  await engine().ok('gantry', ['rmi', nameless, `${name}:1`, `${name}:longer-than-the-other`]);
});

async function bothPrint(args: readonly string[]): Promise<void> {
  const [docker, gantry] = await Promise.all([engine().docker(args), engine().gantry(args)]);
  // docker colours the tree's header wherever it goes, and warns that the tree is an experiment.
  const plain = stripVTControlCharacters(docker.stdout).replace(/^WARNING: This is an experimental .*\n/, '');
  assert.deepEqual(
    { code: gantry.code, stdout: gantry.stdout, stderr: gantry.stderr.replaceAll('gantry', 'docker') },
    { code: docker.code, stdout: plain, stderr: docker.stderr.replace('\nSRun', '\nRun') },
    args.join(' '),
  );
}
