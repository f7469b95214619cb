import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { busyboxArchive } from '../support/busybox-image.ts';
import { command } from '../support/command.ts';
import { startEngine } from '../support/engine.ts';
import { eventually } from '../support/fixture.ts';

const GANTRYD = fileURLToPath(new URL('../../bin/gantryd', import.meta.url));

function folder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'gantry-daemon-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

test('a wrong configuration ends with 125 before anything is made', async () => {
  using dir = folder();
  const file = join(dir.path, 'daemon.json');
  const data = join(dir.path, 'data');
  writeFileSync(file, '{"debug":true,"nope":1}');
  const run = (...args: string[]) => command(GANTRYD, ['--data-root', data, ...args]);
  for (const [args, text] of [
    [['--nope'], /unknown flag: --nope\nSee 'gantryd --help'/],
    [['--config-file', file], /the following directives don't match any configuration option: nope/],
    [['--config-file', join(dir.path, 'missing.json')], /no such file or directory/],
    [['--host', 'tcp://0.0.0.0:0'], /refusing to listen/],
  ] as const) {
    const { code, stderr } = await run(...args);
    assert.equal(code, 125);
    assert.match(stderr, text);
  }
  for (const [args, text] of [
    [['--default-runtime', 'kata'], /^default-runtime: specified default runtime 'kata' does not exist$/m],
    [['--log-driver', 'local', '--log-opt', 'tag=x'], /^unknown log opt 'tag' for log driver local$/m],
    [['--log-opt', 'max-size=x'], /^invalid value for max-size: x$/m],
    [['--registry-listen', 'foo'], /^registry-listen: "foo" is not an address to listen on: ADDRESS:PORT$/m],
    [
      ['--bip', '10.79.3.0/24'],
      /^network options: invalid bridge address: 10\.79\.3\.0\/24 is not the address of a host$/m,
    ],
  ] as const) {
    for (const mode of [['--validate'], []]) {
      const { code, stderr } = await run(...mode, ...args);
      assert.equal(code, 125);
      assert.match(stderr, text);
    }
  }
  const missing = await run('--exec-root', join(dir.path, 'x'), '--bridge', 'nobr0', '--host', `unix://${dir.path}/s`);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /err="bridge device with non default name nobr0 must be created manually"/);
  await eventually(async () => assert.equal(existsSync(join(dir.path, 'x/tasks')), false));
  rmSync(data, { recursive: true, force: true });
  writeFileSync(file, '{"debug":true}');
  assert.deepEqual(await run('--config-file', file, '--validate'), {
    code: 0,
    stdout: 'configuration OK\n',
    stderr: '',
  });
  assert.equal((await run('--config-file', file, '--validate', '-D')).code, 125);
  assert.match((await run('--version')).stdout, /^gantryd version \d+\.\d+\.\d+\n$/);
  assert.match((await run('--help')).stdout, /Examples:\n/);
  assert.equal(existsSync(data), false);
});

test('a data root takes one engine, and the second says so', async () => {
  using dir = folder();
  await using engine = await startEngine();
  const second = await command(GANTRYD, [
    ...['--data-root', engine.dataRoot, '--exec-root', join(dir.path, 'exec')],
    ...['--host', `unix://${join(dir.path, 's')}`],
  ]);
  assert.equal(second.code, 1);
  assert.match(second.stderr, /another engine is running on/);
  assert.equal(existsSync(join(dir.path, 's')), false);
  assert.equal((await engine.api('GET', '/_ping')).body, 'OK');
});

test('a bridge takes one engine, and the second leaves the first one’s firewall alone', async () => {
  using dir = folder();
  await using engine = await startEngine();
  const table = (): string =>
    execFileSync('nft', ['list', 'table', 'ip', `gantry-${engine.bridge}`], { encoding: 'utf8' });
  const before = table();
  const second = await command(GANTRYD, [
    ...['--data-root', join(dir.path, 'data'), '--exec-root', join(dir.path, 'exec'), '--bridge-name', engine.bridge],
    ...['--host', `unix://${join(dir.path, 's')}`, '--pidfile', join(dir.path, 'pid')],
  ]);
  assert.equal(second.code, 1);
  assert.match(second.stderr, /another engine is running on the bridge .* own --bridge-name and --bip/);
  assert.equal(table(), before);
  // The lock ends with its process, however it ends.
  await engine.kill9();
  await engine.start();
});

test('after kill -9 the leftovers are replaced; a clean end removes socket, pid file and exec root', async () => {
  await using engine = await startEngine();
  const pidfile = join(engine.socketPath, '..', 'gantryd.pid');
  assert.equal(statSync(engine.socketPath).mode & 0o777, 0o660);
  await engine.kill9();
  assert.equal(existsSync(engine.socketPath), true);
  assert.equal(existsSync(pidfile), true);
  await engine.start();
  assert.equal(readFileSync(pidfile, 'utf8'), `${engine.pid()}\n`);
  assert.equal(await engine.stop(), 0);
  assert.deepEqual([engine.socketPath, pidfile, engine.execRoot].filter(existsSync), []);
  await engine.start();
});

test('tcp on loopback serves when it is allowed to', async () => {
  await using engine = await startEngine({
    flags: ['--allow-insecure-tcp', '--host', 'tcp://127.0.0.1:0'],
  });
  const address = /tcp:\/\/127\.0\.0\.1:\d+/.exec(engine.log())?.[0] ?? '';
  const answer = await fetch(`${address.replace('tcp', 'http')}/_ping`);
  assert.equal(await answer.text(), 'OK');
  const info = JSON.parse((await engine.api('GET', '/info')).body) as { readonly Warnings: readonly string[] };
  assert.match(info.Warnings.join('\n'), /API is accessible on http:\/\/127\.0\.0\.1:\d+ without encryption/);
});

test('a bridge on which others have a port stays when the engine ends, and goes with the next end', async () => {
  await using engine = await startEngine();
  const port = `${engine.bridge}p`;
  const ip = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await command('ip', args);
    assert.equal(code, 0, `ip ${args.join(' ')}: ${stderr}`);
  };
  await ip('link', 'add', port, 'type', 'veth', 'peer', 'name', `${port}2`);
  try {
    await ip('link', 'set', port, 'master', engine.bridge);
    assert.equal(await engine.stop(), 0);
    await ip('link', 'show', engine.bridge);
  } finally {
    await ip('link', 'del', port);
  }
  await engine.start();
  assert.equal(await engine.stop(), 0);
  assert.equal((await command('ip', ['link', 'show', engine.bridge])).code, 1);
});

test('an engine that stops waits for none of those who wait for what will happen', async () => {
  await using engine = await startEngine({ flags: ['--shutdown-timeout', '600'] });
  await engine.ok('docker', ['load', '-q'], { input: busyboxArchive() });
  const id = await engine.ok('docker', ['run', '-d', 'busybox', 'sh', '-c', 'echo begun; sleep 1000']);
  await eventually(async () => assert.equal(await engine.ok('docker', ['logs', id]), 'begun'));
  const clients = [
    ['attach', id],
    ['logs', '-f', id],
    ['exec', id, 'sleep', '1000'],
    ['events'],
    ['wait', id],
    ['stats'],
  ];
  // The test's own time limit tells when they hold the engine up, not that of these commands.
  const waiting = clients.map((args) => engine.docker(args, { timeoutMs: 600_000 }));
  await eventually(async () =>
    assert.equal(JSON.parse((await engine.api('GET', `/containers/${id}/json`)).body).ExecIDs?.length, 1),
  );
  assert.equal(await engine.stop(), 0);
  await Promise.all(waiting);
  await engine.start();
  await engine.ok('docker', ['rm', '-f', id]);
});
