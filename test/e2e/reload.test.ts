import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { catches } from '../support/catches.ts';
import { command } from '../support/command.ts';
import type { TestEngine } from '../support/engine.ts';
import { eventually, unique, useEngine } from '../support/fixture.ts';
import { hijack } from '../support/hijack.ts';

const { SIGHUP } = constants.signals;

const folder = mkdtempSync(join(tmpdir(), 'gantry-reload-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'daemon.json');
writeFileSync(file, '{"userland-proxy": true}');
const engine = useEngine({ flags: ['--config-file', file, '--shutdown-timeout', '20'] });

/** Sends SIGHUP and waits until the log has one more line that matches. Returns what was logged since. */
async function reload(content: string | undefined, outcome: RegExp): Promise<string> {
  if (content === undefined) rmSync(file);
  else writeFileSync(file, content);
  const before = engine().log().length;
  process.kill(engine().pid(), 'SIGHUP');
  await eventually(async () => assert.match(engine().log().slice(before), outcome));
  return engine().log().slice(before);
}

const RELOADED = /configuration reloaded/;
const REFUSED = /level=error msg="cannot reload the configuration: the old one stays in force"/;

interface Info {
  readonly Debug: boolean;
  readonly Labels: readonly string[];
  readonly DefaultRuntime: string;
  readonly Runtimes: Readonly<Record<string, { readonly path: string }>>;
  readonly RegistryConfig: {
    readonly Mirrors: readonly string[];
    readonly IndexConfigs: Readonly<Record<string, { readonly Secure: boolean }>>;
  };
}

const get = async <T>(path: string): Promise<T> => JSON.parse((await engine().api('GET', path)).body) as T;
const info = (): Promise<Info> => get('/info');

/** Attributes of each `reload` event since a time. */
async function reloads(since: number): Promise<readonly Record<string, string>[]> {
  const query = `since=${since}&until=${Date.now() / 1000 + 0.001}&filters={"type":["daemon"],"event":["reload"]}`;
  const { body } = await engine().api('GET', `/events?${query}`);
  return body
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { Actor: { Attributes: Record<string, string> } }).Actor.Attributes);
}

async function absolutePath(program: string): Promise<string> {
  return (await command('sh', ['-c', `command -v ${program}`])).stdout.trim();
}

async function running(on: TestEngine): Promise<string> {
  const name = unique('reload');
  return await on.ok('gantry', ['run', '-d', '-i', '--name', name, 'busybox', 'cat']);
}

test('SIGHUP ends nothing, and puts in force what can change in a running engine', async () => {
  const id = await running(engine());
  const before = await get<{ State: { Pid: number } }>(`/containers/${id}/json`);
  const path = `/containers/${id}/attach?stream=1&stdin=1&stdout=1`;
  using client = await hijack(engine().socketPath, path, { tty: false });
  const since = Date.now() / 1000;
  const daemon = engine().pid();
  const { DefaultRuntime } = await info();
  const runtime = await absolutePath(DefaultRuntime);

  const logged = await reload(
    JSON.stringify({
      debug: true,
      labels: ['of=the reload'],
      'default-shm-size': '9m',
      runtimes: { custom: { path: runtime } },
      'default-runtime': 'custom',
      'registry-mirrors': ['https://mirror.example'],
      'insecure-registries': ['registry.example'],
      'max-concurrent-downloads': 7,
      'max-concurrent-uploads': 9,
      dns: ['10.0.0.53'],
      mtu: 1400,
    }),
    /restart the engine/,
  );
  assert.match(logged, RELOADED);
  assert.match(logged, /changed=.*"labels\\":\\"\[of=the reload\]/);
  assert.match(logged, /level=warn .*restart the engine to apply them" options="\[\\"dns\\",\\"mtu\\"\]"/);

  const now = await info();
  assert.deepEqual([now.Debug, now.Labels, now.DefaultRuntime], [true, ['of=the reload'], 'custom']);
  assert.equal(now.Runtimes['custom']?.path, runtime);
  assert.deepEqual(now.RegistryConfig.Mirrors, ['https://mirror.example']);
  assert.equal(now.RegistryConfig.IndexConfigs['registry.example']?.Secure, false);

  const fresh = await running(engine());
  const { HostConfig } = await get<{ HostConfig: Record<string, unknown> }>(`/containers/${fresh}/json`);
  assert.deepEqual([HostConfig['ShmSize'], HostConfig['Runtime'], HostConfig['Dns']], [9 << 20, 'custom', []]);

  assert.deepEqual(await reloads(since), [
    {
      debug: 'true',
      'default-cgroupns-mode': '',
      'default-runtime': 'custom',
      'default-shm-size': String(9 << 20),
      'insecure-registries': '["registry.example"]',
      labels: '["of=the reload"]',
      'live-restore': 'true',
      'log-level': 'debug',
      'max-concurrent-downloads': '7',
      'max-concurrent-uploads': '9',
      name: hostname(),
      'registry-mirrors': '["https://mirror.example"]',
      runtimes: `custom:${runtime}`,
      'shutdown-timeout': '20',
    },
  ]);

  assert.equal(engine().pid(), daemon);
  assert.deepEqual((await get<typeof before>(`/containers/${id}/json`)).State.Pid, before.State.Pid);
  client.send('still attached\n');
  await client.until(/still attached/);
  await engine().ok('gantry', ['rm', '-f', id]);

  await test('what is no longer given has its default, and the containers of a runtime that is gone can be used', async () => {
    await reload('{}', RELOADED);
    const after = await info();
    assert.deepEqual([after.Debug, after.Labels, after.DefaultRuntime], [false, [], DefaultRuntime]);
    assert.deepEqual([after.Runtimes['custom'], after.RegistryConfig.Mirrors], [undefined, []]);
    assert.equal(await engine().ok('gantry', ['exec', fresh, 'echo', 'in']), 'in');
    const refused = await engine().gantry(['create', '--runtime', 'custom', 'busybox']);
    assert.match(refused.stderr, /unknown or invalid runtime name: custom/);
    await engine().ok('gantry', ['rm', '-f', fresh]);
  });
});

/** Faults of a file, and what is said of each. */
const FAULTS: Readonly<Record<string, readonly [content: string | undefined, said: RegExp]>> = {
  'is not JSON': ['{"labels": [', /unable to configure the engine with file .*JSON/],
  'has an unknown key': ['{"no-such-key": 1}', /don't match any configuration option: no-such-key/],
  'has a value of another type': ['{"debug": "yes"}', /debug: must be true or false/],
  'has a value that is not allowed': ['{"max-concurrent-downloads": 0}', /invalid max-concurrent-downloads/],
  'has labels that contradict': ['{"labels": ["a=1", "a=2"]}', /conflict labels for a=2 and a=1/],
  'has an option of the flags': ['{"shutdown-timeout": 3}', /specified both as a flag and in the configuration file/],
  'has a fault in what needs a restart': ['{"debug": true, "mtu": -5}', /invalid mtu: -5/],
  'names a runtime that is not there': [
    '{"debug": true, "default-runtime": "none"}',
    /default runtime 'none' does not/,
  ],
  'is gone': [undefined, /no such file or directory/],
};

for (const [fault, [content, said]] of Object.entries(FAULTS)) {
  test(`a configuration that ${fault} changes nothing, and the log says why`, async () => {
    await reload('{"labels": ["kept=1"]}', RELOADED);
    const since = Date.now() / 1000;
    const logged = await reload(content, REFUSED);
    assert.match(logged, said);
    const now = await info();
    assert.deepEqual([now.Debug, now.Labels], [false, ['kept=1']]);
    assert.deepEqual(await reloads(since), []);
  });
}

test('a key of Docker that is not used is warned of at the start and at a reload', async () => {
  const warning = /level=warn msg=".*daemon\.json: userland-proxy has no effect: /;
  assert.match(engine().log().split('API listens')[0] ?? '', warning);
  assert.match(await reload('{"userland-proxy": true}', RELOADED), warning);
  assert.doesNotMatch(await reload('{}', RELOADED), warning);
});

test('an engine that is sent SIGHUP while it starts reloads when it is up', async () => {
  await reload('{"labels": ["at=start"]}', RELOADED);
  assert.equal(await engine().stop(), 0);
  const before = engine().log().length;
  const started = engine().start();
  writeFileSync(file, '{"labels": ["while=starting"]}');
  await eventually(async () => assert.ok(catches(engine().pid(), SIGHUP), 'the engine takes signals'));
  process.kill(engine().pid(), 'SIGHUP');
  await started;
  await eventually(async () => assert.deepEqual((await info()).Labels, ['while=starting']));
  assert.match(engine().log().slice(before), /API listens/);
});
