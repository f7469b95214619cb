import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { busyboxArchive } from '../../test/support/busybox-image.ts';
import { linkIndex } from '../linux/index.ts';
import { networkFixture, sandboxRequest } from './testing/network-fixture.ts';
import { privateHost } from './testing/private-host.ts';
import { askTcp, serveIn } from './testing/sandbox-traffic.ts';

/**
 * docker0 shared with a real dockerd, in a network namespace of their own. `bridge.test.ts` shows the same with
 * recorded rules of dockerd 28.5; these tests show that dockerd still behaves so.
 */
const command = (process.env['PEER_DOCKERD_COMMAND'] ?? '').split(' ').filter(Boolean);
const skip = command.length > 0 ? false : 'PEER_DOCKERD_COMMAND does not say how to start a dockerd';
const signal = new AbortController().signal;
const publish = { portBindings: { '80/tcp': [{ HostPort: '18080' }] } };
if (skip === false) {
  const outside = privateHost();
  after(() => outside[Symbol.dispose]());
}

test('docker0 that ours made stays while a dockerd uses it', { skip }, async () => {
  const fixture = await networkFixture({ bridgeName: 'docker0' });
  await using dockerd = await startDockerd();
  await fixture[Symbol.asyncDispose]();
  assert.ok(linkIndex('docker0') !== undefined);
  assert.match(await dockerd.runContainer(), /^10\.219\.0\.\d+$/);
});

test('docker0 that a dockerd made stays when ours, which took it up, ends', { skip }, async () => {
  cleanHost();
  await using dockerd = await startDockerd();
  {
    await using fixture = await networkFixture({ bridgeName: 'docker0' });
    const web = await fixture.networks.attach(sandboxRequest('web', publish), signal);
    await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
    assert.match(await askTcp('127.0.0.1', 18080), /^web .* hello$/);
  }
  assert.match(await dockerd.runContainer(), /^172\.17\.0\.\d+$/);
});

test('docker0 that a dockerd with bridge none removes is put back with the containers of ours', { skip }, async () => {
  cleanHost();
  await using fixture = await networkFixture({ bridgeName: 'docker0' });
  const web = await fixture.networks.attach(sandboxRequest('web', publish), signal);
  await using _server = await serveIn(web.netnsPath, 'web', ['tcp:80']);
  {
    await using _dockerd = await startDockerd('--bridge', 'none');
    await until(() => /docker0 was removed/.test(fixture.logged.join()), 'the removal is told');
    await until(async () => /^web .* hello$/.test(await askTcp('127.0.0.1', 18080)), 'the port answers again');
  }
});

interface Dockerd extends AsyncDisposable {
  /** Runs a container that ends at once. @returns its address */
  runContainer(): Promise<string>;
}

async function startDockerd(...options: readonly string[]): Promise<Dockerd> {
  const folder = mkdtempSync(join(tmpdir(), 'dockerd-'));
  const socket = join(folder, 'socket');
  const places = ['--host', `unix://${socket}`, '--pidfile', join(folder, 'pid')];
  const roots = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')];
  const [program = '', ...args] = [...command, ...places, ...roots, ...options];
  const child = spawn(program, args, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  await until(async () => existsSync(socket) && (await send(socket, 'GET', '/_ping')) === 'OK', 'dockerd answers');
  return {
    async runContainer() {
      await send(socket, 'POST', '/images/load', await busyboxArchive());
      const made = await send(socket, 'POST', '/containers/create', { Image: 'busybox', Cmd: ['sleep', '100'] });
      const { Id } = JSON.parse(made) as { readonly Id: string };
      assert.equal(await send(socket, 'POST', `/containers/${Id}/start`), '');
      const { NetworkSettings } = JSON.parse(await send(socket, 'GET', `/containers/${Id}/json`)) as {
        readonly NetworkSettings: { readonly IPAddress: string };
      };
      await send(socket, 'DELETE', `/containers/${Id}?force=1`);
      return NetworkSettings.IPAddress;
    },
    async [Symbol.asyncDispose]() {
      // By the process's own id: the command may be a wrapper that does not pass signals on.
      process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGTERM');
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

function send(socketPath: string, method: string, path: string, body?: object): Promise<string> {
  const isArchive = body instanceof Uint8Array;
  const headers = { 'Content-Type': isArchive ? 'application/x-tar' : 'application/json' };
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path, headers, agent: false }, async (response) => {
      let text = '';
      for await (const bytes of response) text += String(bytes);
      resolve(text);
    });
    asked.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNREFUSED' ? resolve('') : reject(error)));
    asked.end(isArchive || body === undefined ? body : JSON.stringify(body));
  });
}

/** Removes everything that a dockerd leaves on its host. */
function cleanHost(): void {
  execFileSync('nft', ['flush', 'ruleset']);
  if (linkIndex('docker0') !== undefined) execFileSync('ip', ['link', 'delete', 'docker0']);
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (await condition()) return;
    await setTimeout(100);
  }
  assert.fail(what);
}
