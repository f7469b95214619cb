import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { findBusybox } from '../support/busybox-image.ts';
import { command } from '../support/command.ts';
import { eventually, unique, useEngine } from '../support/fixture.ts';
import { parentLink } from '../support/parent-link.ts';
import { powerCut } from '../support/power-cut.ts';

const engine = useEngine({ flags: ['--log-level', 'debug'] });
const ok = (...args: string[]): Promise<string> => engine().ok('gantry', args);
const folder = mkdtempSync(join(tmpdir(), 'gantry-reboot-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface State {
  readonly Status: string;
  readonly Running: boolean;
  readonly StartedAt: string;
  readonly Error: string;
}

async function stateOf(name: string): Promise<State> {
  const { body } = await engine().api('GET', `/containers/${name}/json`);
  return (JSON.parse(body) as { readonly State: State }).State;
}

async function runs(name: string): Promise<State> {
  return eventually(async () => {
    const state = await stateOf(name);
    assert.equal(state.Status, 'running', `${name}: ${JSON.stringify(state)}`);
    return state;
  });
}

/** Waits until a container waits for its restart and says why. */
async function waits(name: string, why: RegExp): Promise<void> {
  await eventually(async () => {
    const state = await stateOf(name);
    assert.equal(state.Status, 'restarting', state.Error);
    assert.match(state.Error, why);
  });
}

/** A server that refuses at once where the kernel has NFS. Where it has none, the mount fails too. */
const NO_SERVER = { type: 'nfs', device: ':/nothing', o: 'addr=127.0.0.1,port=1,soft,timeo=1,retrans=1' };

/** Changes a volume's options while the engine is down. No verb does: options last as long as their volume. */
function setVolumeOptions(name: string, options: object | null): void {
  using db = new DatabaseSync(join(engine().dataRoot, 'state.db'));
  const { changes } = db
    .prepare("UPDATE volumes SET record = json_set(record, '$.options', json(?)) WHERE key = ?")
    .run(JSON.stringify(options), name);
  assert.equal(changes, 1);
}

async function reboot(meanwhile: () => Promise<unknown> | unknown = () => {}): Promise<void> {
  await powerCut(engine());
  await meanwhile();
  await engine().start();
}

test('after a reboot containers are started in the order of their needs', async () => {
  const base = unique('base');
  // Each needs the one before it; of some the record comes first in the table, of others last.
  const chain: readonly (readonly [name: string, ...options: string[]])[] = [
    [base, '--ipc=shareable', '-v', '/data'],
    [unique('net'), `--network=container:${base}`],
    [unique('ipc'), `--ipc=container:${base}`],
    [unique('pid'), `--pid=container:${base}`],
    [unique('link'), '--link', `${base}:linked`],
    [unique('volumes'), '--volumes-from', base],
  ];
  for (const [name, ...options] of chain) {
    await ok('run', '-d', '--name', name, '--restart=always', ...options, 'busybox', 'sleep', '1000000');
  }
  const last = unique('last');
  const above = chain[4]?.[0] ?? '';
  await ok(
    'run',
    '-d',
    '--name',
    last,
    '--restart=always',
    `--network=container:${above}`,
    'busybox',
    'sleep',
    '1000000',
  );
  const before = engine().log().length;
  await reboot();
  const first = await runs(base);
  for (const name of [...chain.map(([each]) => each), last]) {
    const { StartedAt } = await runs(name);
    assert.ok(StartedAt >= first.StartedAt, `${name} at ${StartedAt}, its base at ${first.StartedAt}`);
  }
  assert.doesNotMatch(
    engine().log().slice(before),
    /cannot be started|restart of a container failed/,
    'at the first attempt',
  );
  assert.equal(await ok('exec', above, 'sh', '-c', 'ping -c 1 -W 5 linked >/dev/null && echo reached'), 'reached');
  await ok('rm', '-f', '-v', last, ...chain.map(([name]) => name).reverse());
});

test('a container whose host address is not there yet waits for it, says so, and is started then', async () => {
  const address = `10.255.${process.pid % 250}.77`;
  const link = (verb: string) => command('ip', ['address', verb, `${address}/32`, 'dev', 'lo']);
  assert.equal((await link('add')).code, 0);
  try {
    const [name, joined] = [unique('address'), unique('joined')];
    const page = ['sh', '-c', 'mkdir -p /www; echo page >/www/index.html; exec httpd -f -p 80 -h /www'];
    await ok('run', '-d', '--name', name, '--restart=always', '-p', `${address}::80`, 'busybox', ...page);
    await ok(
      'run',
      '-d',
      '--name',
      joined,
      '--restart=always',
      `--network=container:${name}`,
      'busybox',
      'sleep',
      '1000000',
    );
    const before = engine().log().length;
    await reboot(() => link('delete'));
    await waits(name, /cannot assign requested address/);
    await waits(joined, /is restarting, wait until the container is running/);
    const logged = engine().log().slice(before);
    assert.match(
      logged,
      new RegExp(`level=warn msg="a container cannot be started yet.*name=${name} error=.*cannot assign`),
    );
    // An engine that ends meanwhile goes on waiting when it is back, and what a client asks in between is answered.
    assert.equal(await engine().stop(), 0);
    await engine().start();
    await waits(name, /cannot assign requested address/);
    assert.equal((await link('add')).code, 0);
    await runs(name);
    await runs(joined);
    const at = await ok('port', name, '80/tcp');
    await eventually(async () => assert.equal(await (await fetch(`http://${at}/`)).text(), 'page\n'));
    assert.equal((await stateOf(name)).Error, '');
    await ok('rm', '-f', joined, name);
  } finally {
    await link('delete');
  }
});

test('a container whose network has no parent interface yet waits for it and says so', async () => {
  await using parent = await parentLink();
  const [network, name] = [unique('mac'), unique('needs-parent')];
  const options = ['--subnet', parent.subnet, '--gateway', parent.address, '-o', `parent=${parent.name}`];
  await ok('network', 'create', '-d', 'macvlan', ...options, network);
  await ok('run', '-d', '--name', name, '--restart=always', '--network', network, 'busybox', 'sleep', '1000000');
  const before = engine().log().length;
  await reboot(() => parent.remove());
  const missing = `the requested parent interface ${parent.name} was not found on the Docker host`;
  await waits(name, new RegExp(missing));
  const logged = engine().log().slice(before);
  assert.match(logged, new RegExp(`level=warn msg="a network has no parent interface: ${missing}"`));
  assert.match(
    logged,
    new RegExp(`level=warn msg="a container cannot be started yet.*name=${name} error=.*${missing}`),
  );
  await parent.make();
  await runs(name);
  assert.equal(
    await ok('exec', name, 'sh', '-c', `ping -c 1 -W 5 ${parent.address} >/dev/null && echo reached`),
    'reached',
  );
  await ok('rm', '-f', name);
  await ok('network', 'rm', network);
});

test('a container whose volume cannot be mounted yet waits for it, and one that a user stops does not', async () => {
  const [source, away] = [join(folder, 'source'), join(folder, 'away')];
  mkdirSync(source);
  writeFileSync(join(source, 'file'), 'of the source');
  const volume = unique('volume');
  await ok('volume', 'create', '-o', 'type=none', '-o', 'o=bind', '-o', `device=${source}`, volume);
  const [name, stopped, removed] = [unique('mounts'), unique('stopped'), unique('removed')];
  for (const each of [name, stopped, removed]) {
    await ok('run', '-d', '--name', each, '--restart=always', '-v', `${volume}:/data`, 'busybox', 'sleep', '1000000');
  }
  await reboot(() => renameSync(source, away));
  for (const each of [name, stopped, removed]) await waits(each, /no such file or directory/i);
  await ok('stop', stopped);
  await ok('rm', '-f', removed);
  renameSync(away, source);
  await runs(name);
  assert.equal(await ok('exec', name, 'cat', '/data/file'), 'of the source');
  assert.equal((await stateOf(stopped)).Status, 'exited');
  await ok('rm', '-f', name, stopped);
  await ok('volume', 'rm', volume);
});

test('a container whose network volume no server gives waits for it and says so, and holds up nobody', async () => {
  const [volume, name, other] = [unique('far'), unique('needs-server'), unique('needs-nothing')];
  await ok('volume', 'create', volume);
  for (const options of [
    ['--name', name, '-v', `${volume}:/data`],
    ['--name', other],
  ])
    await ok('run', '-d', '--restart=always', ...options, 'busybox', 'sleep', '1000000');
  const before = engine().log().length;
  // As if a server had answered before the reboot: no kernel of ours can have mounted it then.
  await reboot(() => setVolumeOptions(volume, NO_SERVER));
  await runs(other);
  const why = new RegExp(
    `^error while mounting volume '.*/${volume}/_data': failed to mount local volume: mount :/nothing:.*, data: ${NO_SERVER.o}: .`,
  );
  await waits(name, why);
  const logged = engine().log().slice(before);
  assert.match(
    logged,
    new RegExp(`level=warn msg="a container cannot be started yet.*name=${name} error=.*failed to mount local volume`),
  );
  const attempts = (): number => engine().log().slice(before).split(`name=${name} `).length - 1;
  await eventually(async () => assert.ok(attempts() >= 4, `${attempts()} attempts are logged`));
  // Nobody waits behind the container that waits: the volume can be inspected, and others start.
  assert.match(await ok('volume', 'inspect', '-f', '{{.Options}}', volume), /type:nfs/);
  assert.equal(await ok('run', '--rm', 'busybox', 'echo', 'works'), 'works');
  assert.equal(await ok('ps', '-a', '--filter', `name=${name}`, '--format', '{{.State}}'), 'restarting');
  await reboot(() => setVolumeOptions(volume, null));
  await runs(name);
  assert.equal((await stateOf(name)).Error, '');
  await ok('rm', '-f', name, other);
  await ok('volume', 'rm', volume);
});

test('a start that the runtime refuses is not tried again', async () => {
  const [name, program] = [unique('refused'), join(folder, 'sleep')];
  copyFileSync(findBusybox(), program);
  await ok('run', '-d', '--name', name, '--restart=always', '-v', `${folder}:/own`, 'busybox', '/own/sleep', '1000000');
  await reboot(() => rmSync(program));
  await eventually(async () => assert.equal((await stateOf(name)).Status, 'exited'));
  assert.match((await stateOf(name)).Error, /no such file or directory/);
  assert.match(engine().log(), /level=error msg="restart of a container failed"/);
  await ok('rm', '-f', name);
});
