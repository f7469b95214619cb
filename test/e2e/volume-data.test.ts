import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { tarArchive } from '../support/busybox-image.ts';
import { eventually, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const gantry = (...args: string[]): Promise<string> => engine().ok('gantry', args);
const run = (volume: string, script: string): Promise<string> =>
  gantry('run', '--rm', '-v', `${volume}:/v`, 'busybox', 'sh', '-c', script);
const fails = async (args: readonly string[], text: RegExp): Promise<void> => {
  const { code, stderr } = await engine().gantry(args);
  assert.equal(code, 1, args.join(' '));
  assert.match(stderr, text);
};
const folders = (): readonly string[] => readdirSync(join(engine().dataRoot, 'volumes')).sort();

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-volume-data-'));
});
after(() => rmSync(folder, { recursive: true }));

test('volume clone, also of a volume in use, makes a volume of its own', async () => {
  const [name, source, target] = [unique('uses'), unique('source'), unique('target')];
  await gantry('volume', 'create', '--label', 'tier=db', source);
  await gantry('run', '-d', '--name', name, '-v', `${source}:/v`, 'busybox', 'sleep', '600');
  await gantry('exec', name, 'sh', '-c', 'echo one >/v/file; chown 70:71 /v /v/file; chmod 2750 /v');
  assert.equal(await gantry('volume', 'clone', source, target), target);
  await gantry('exec', name, 'sh', '-c', 'echo two >/v/file');
  assert.equal(await run(target, 'cat /v/file; stat -c "%a %u:%g" /v /v/file'), 'one\n2750 70:71\n644 70:71');
  assert.equal(await gantry('volume', 'inspect', '-f', '{{.Labels.tier}}', target), 'db');
  await fails(['volume', 'clone', source, target], /a volume named \S+ already exists/);
  await fails(['volume', 'clone', 'nope', 'new'], /no such volume/);
  await gantry('rm', '-f', name);
  await gantry('volume', 'rm', source, target);
});

test('the progress of a clone is one JSON object per line, and the last holds the new volume', async () => {
  const [source, target] = [unique('source'), unique('target')];
  await run(source, 'dd if=/dev/zero of=/v/file bs=1M count=3 2>/dev/null');
  const { status, body } = await engine().api('POST', `/gantry/volumes/${source}/clone?to=${target}`);
  assert.equal(status, 200);
  const lines = body
    .trim()
    .split('\r\n')
    .map((line) => JSON.parse(line));
  const total = 3 << 20;
  assert.deepEqual(lines.at(-2), { id: target, status: 'Copying', progressDetail: { current: total, total } });
  assert.equal(lines.at(-1).aux.Name, target);
  assert.equal((await engine().api('POST', `/gantry/volumes/${source}/clone?to=${target}`)).status, 409);
  assert.equal((await engine().api('POST', `/gantry/volumes/${source}/clone`)).status, 400);
  assert.equal((await engine().api('POST', '/gantry/volumes/nope/clone?to=new')).status, 404);
  await gantry('volume', 'rm', source, target);
});

test('volume rename keeps the content, and refuses a volume that a container refers to', async () => {
  const [name, from, to] = [unique('uses'), unique('from'), unique('to')];
  await run(from, 'echo one >/v/file');
  await gantry('create', '--name', name, '-v', `${from}:/v`, 'busybox', 'true');
  await fails(['volume', 'rename', from, to], /volume is in use - \[[0-9a-f]{64}\]/);
  await gantry('rm', name);
  assert.equal(await gantry('volume', 'rename', from, to), '');
  assert.equal(await run(to, 'cat /v/file'), 'one');
  await fails(['volume', 'inspect', from], /no such volume/);
  await gantry('volume', 'rm', to);
});

test('volume export and import carry a volume in a tar, which other programs read and write', async () => {
  const [source, target] = [unique('source'), unique('target')];
  const fill = 'echo one >/v/file; ln -s /etc/passwd /v/link; mkdir -m 700 /v/dir; chown 70:71 /v /v/dir; chmod 750 /v';
  await run(source, fill);
  const path = join(folder, 'data.tar');
  assert.equal(await gantry('volume', 'export', '-o', path, source), '');
  const look = 'ls -A /v; cat /v/file; readlink /v/link; stat -c "%a %u:%g" /v /v/dir';
  const expected = await run(source, look);
  assert.equal(await gantry('volume', 'import', target, path), target);
  assert.equal(await run(target, look), expected);
  await fails(['volume', 'import', target, path], /is not empty/);
  const other = tarArchive([{ name: 'other', type: 'file', content: 'two' }]);
  assert.equal(await engine().ok('gantry', ['volume', 'import', '--replace', target], { input: other }), target);
  assert.equal(await run(target, 'ls /v; cat /v/other'), 'other\ntwo');

  // The archive of a container's tar, as in every tutorial, and ours in a container's tar.
  const [made] = [unique('made')];
  const tutorial = join(folder, 'tutorial');
  const bind = ['-v', `${folder}:/out`];
  await gantry(
    'run',
    '--rm',
    '-v',
    `${source}:/v`,
    ...bind,
    'busybox',
    'tar',
    '-czf',
    '/out/tutorial',
    '-C',
    '/v',
    '.',
  );
  assert.equal(await gantry('volume', 'import', made, tutorial), made);
  assert.equal(await run(made, look), expected);
  await gantry('volume', 'rm', made);
  await gantry('run', '--rm', '-v', `${made}:/v`, ...bind, 'busybox', 'tar', '-xf', '/out/data.tar', '-C', '/v');
  assert.equal(await run(made, look), expected);
  await gantry('volume', 'rm', source, target, made);
});

test('volume import refuses a volume that a running container has mounted, and a broken archive changes nothing', async () => {
  const [name, volume] = [unique('uses'), unique('data')];
  await gantry(
    'run',
    '-d',
    '--name',
    name,
    '-v',
    `${volume}:/v`,
    'busybox',
    'sh',
    '-c',
    'echo one >/v/file; sleep 600',
  );
  const archive = tarArchive([{ name: 'file', type: 'file', content: 'two' }]);
  const imported = (input: Buffer, ...flags: string[]) =>
    engine().gantry(['volume', 'import', ...flags, volume], { input });
  const used = await imported(archive, '--replace');
  assert.deepEqual([used.code, used.stdout], [1, '']);
  assert.match(used.stderr, /volume is in use - \[[0-9a-f]{64}\]/);
  await gantry('stop', '-t', '0', name);
  const broken = await imported(archive.subarray(0, 514), '--replace');
  assert.equal(broken.code, 1);
  assert.equal(await run(volume, 'cat /v/file'), 'one');
  assert.equal((await imported(archive, '--replace')).code, 0);
  assert.equal(await run(volume, 'cat /v/file'), 'two');
  await gantry('rm', name);
  await gantry('volume', 'rm', volume);
  assert.equal(existsSync(join(engine().dataRoot, 'volumes', volume)), false);
});

test('volume snapshot keeps states of a volume, and volume restore brings one back', async () => {
  const [name, volume] = [unique('uses'), unique('data')];
  await gantry(
    'run',
    '-d',
    '--name',
    name,
    '-v',
    `${volume}:/v`,
    'busybox',
    'sh',
    '-c',
    'echo one >/v/file; sleep 600',
  );
  await eventually(async () => assert.equal(await gantry('exec', name, 'cat', '/v/file'), 'one'));
  assert.equal(await gantry('volume', 'snapshot', 'create', volume, 'before'), 'before');
  await gantry('exec', name, 'sh', '-c', 'echo longer >/v/file; mkdir /v/dir');
  const unnamed = await gantry('volume', 'snapshot', 'create', volume);
  assert.match(
    await gantry('volume', 'snapshot', 'ls', volume),
    /^SNAPSHOT +CREATED +SIZE\nbefore +\S+Z +4B\n\S+ +\S+Z +7B$/,
  );
  assert.equal(await gantry('volume', 'snapshot', 'ls', '-q', volume), `before\n${unnamed}`);
  await fails(['volume', 'restore', volume, 'before'], /volume is in use - \[[0-9a-f]{64}\]/);
  await gantry('stop', '-t', '0', name);
  assert.equal(await gantry('volume', 'restore', volume, 'before'), volume);
  assert.equal(await run(volume, 'ls /v; cat /v/file'), 'file\none');
  await gantry('volume', 'restore', volume, unnamed);
  assert.equal(await run(volume, 'ls /v; cat /v/file'), 'dir\nfile\nlonger');
  assert.equal(await gantry('volume', 'snapshot', 'rm', volume, 'before'), 'before');
  await fails(['volume', 'restore', volume, 'before'], /has no snapshot before/);
  await gantry('rm', name);
  await gantry('volume', 'rm', volume);
  assert.equal(existsSync(join(engine().dataRoot, 'volumes', volume)), false, 'its snapshots go with it');
});

test('a daemon that is killed in an import or a clone has the volumes as before', async () => {
  const volume = unique('data');
  await run(volume, 'echo one >/v/file; dd if=/dev/zero of=/v/big bs=1M count=200 2>/dev/null');
  const before = folders();
  const archive = tarArchive([{ name: 'file', type: 'file', content: 'x'.repeat(100_000) }]);
  for (const path of [`/gantry/volumes/${volume}/import?replace=1`, '/gantry/volumes/new/import']) {
    // The client sends half of the archive, and waits.
    const client = request({ socketPath: engine().socketPath, method: 'POST', path });
    client.on('error', () => {});
    client.write(archive.subarray(0, 50_000));
    await eventually(async () => assert.ok(halfMade(volume)));
    await engine().kill9();
    client.destroy();
    await engine().start();
    assert.deepEqual([folders(), halfMade(volume)], [before, false]);
  }
  const cloning = engine().gantry(['volume', 'clone', volume, 'new']);
  await eventually(async () => assert.ok(halfMade(volume)));
  await engine().kill9();
  // Where blocks are shared the clone may be complete by now.
  const isDone = (await cloning).code === 0;
  await engine().start();
  assert.deepEqual([folders(), halfMade(volume)], [isDone ? [...before, 'new'].sort() : before, false]);
  assert.equal(await run(volume, 'cat /v/file'), 'one');
  if (isDone) await gantry('volume', 'rm', 'new');
  await gantry('volume', 'rm', volume);
  await fails(['volume', 'inspect', 'new'], /no such volume/);
});

/** Whether content that is not complete lies beside the content of a volume, or is there for a new one. */
function halfMade(volume: string): boolean {
  const root = join(engine().dataRoot, 'volumes');
  const beside = readdirSync(join(root, volume)).some((name) => name.startsWith('_new'));
  return beside || readdirSync(join(root, '.new')).length > 0;
}

test('a sparse file stays sparse in a clone, a snapshot and an archive', async () => {
  const [source, target] = [unique('source'), unique('target')];
  await run(source, 'dd if=/dev/null of=/v/sparse bs=1M seek=3000 2>/dev/null; echo end >>/v/sparse');
  const blocks = (volume: string): number =>
    statSync(join(engine().dataRoot, 'volumes', volume, '_data/sparse')).blocks;
  await gantry('volume', 'clone', source, target);
  assert.ok(blocks(target) < 1000);
  await gantry('volume', 'snapshot', 'create', source, 'first');
  await gantry('volume', 'restore', source, 'first');
  assert.ok(blocks(source) < 1000);
  const path = join(folder, 'sparse.tar');
  await gantry('volume', 'export', '-o', path, source);
  assert.ok(readFileSync(path).length < 1_000_000);
  await gantry('volume', 'import', '--replace', source, path);
  assert.ok(blocks(source) < 1000);
  assert.equal(await run(source, 'stat -c %s /v/sparse; tail -c 4 /v/sparse'), '3145728004\nend');
  await gantry('volume', 'rm', source, target);
});
