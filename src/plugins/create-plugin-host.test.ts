import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as z from 'zod/mini';
import { PluginServer, type PluginServerOptions } from '../../test/support/plugin-server.ts';
import { silentLogger } from '../base/logger.ts';
import { createPluginHost } from './create-plugin-host.ts';
import type { PluginTimes } from './plugin-times.ts';
import type { PluginHost } from './plugins.ts';

const ANSWER = z.object({ Value: z.string() });
const TIMES: PluginTimes = { firstDelayMs: 10, patienceMs: 5000, answerMs: 20_000, handshakeMs: 20_000 };
const VOLUMES: PluginServerOptions = {
  implements: ['VolumeDriver'],
  handle: ({ method, body }) => (method === 'VolumeDriver.Echo' ? { Value: String(body['Text']), Err: '' } : undefined),
};

interface Fixture extends Disposable {
  readonly sockets: string;
  readonly specs: string;
  host(times?: Partial<PluginTimes>): PluginHost;
}

function openFixture(): Fixture {
  const root = mkdtempSync(join(tmpdir(), 'gantry-plugins-'));
  const [sockets, specs] = [join(root, 'run'), join(root, 'etc')];
  mkdirSync(sockets);
  return {
    sockets,
    specs,
    host: (times = {}) =>
      createPluginHost({ folders: [sockets, specs], logger: silentLogger, times: { ...TIMES, ...times } }),
    [Symbol.dispose]: () => rmSync(root, { recursive: true }),
  };
}

async function echo(host: PluginHost, name: string, text = 'x'): Promise<string> {
  const plugin = await host.get(name, 'VolumeDriver');
  return (await plugin.call('VolumeDriver.Echo', { Text: text }, ANSWER)).Value;
}

test('a plugin is found when it is needed, and does the handshake once', async () => {
  using fixture = openFixture();
  const host = fixture.host();
  await assert.rejects(host.get('echo', 'VolumeDriver'), { kind: 'notFound', message: 'plugin "echo" not found' });
  assert.deepEqual(host.names(), []);
  await using server = await PluginServer.listen(join(fixture.sockets, 'echo.sock'), VOLUMES);
  assert.deepEqual([host.names(), host.active('VolumeDriver')], [['echo'], []]);
  assert.deepEqual(await Promise.all([echo(host, 'echo', 'a'), echo(host, 'echo', 'b')]), ['a', 'b']);
  assert.equal(await echo(host, 'echo', 'c'), 'c');
  assert.deepEqual(server.methods(), ['Plugin.Activate', ...Array(3).fill('VolumeDriver.Echo')]);
  assert.equal(server.requests[1]?.headers.accept, 'application/vnd.docker.plugins.v1.2+json');
  assert.deepEqual([host.active('VolumeDriver'), host.active('NetworkDriver')], [['echo'], []]);
  await assert.rejects(host.get('echo', 'NetworkDriver'), {
    kind: 'notFound',
    message:
      'legacy plugin: Plugin does not implement the requested driver: plugin="echo", requested implementation="NetworkDriver"',
  });
});

test('a socket in a folder of its name, a spec and a json file are found, and a socket comes first', async () => {
  using fixture = openFixture();
  for (const folder of ['sub', 'file']) mkdirSync(join(fixture.sockets, folder));
  mkdirSync(join(fixture.specs, 'jsonsub'), { recursive: true });
  await using _sub = await PluginServer.listen(join(fixture.sockets, 'sub/sub.sock'), VOLUMES);
  await using tcp = await PluginServer.listen(undefined, VOLUMES);
  await using both = await PluginServer.listen(join(fixture.sockets, 'both.sock'), VOLUMES);
  const write = (file: string, text: string): void => writeFileSync(join(fixture.specs, file), text);
  write('both.spec', `tcp://127.0.0.1:${tcp.port}`);
  write('tcp.spec', `tcp://127.0.0.1:${tcp.port}\n`);
  write('http.spec', `http://127.0.0.1:${tcp.port}/ignored`);
  write('unix.spec', `unix://${join(fixture.sockets, 'both.sock')}`);
  write('jsonsub/jsonsub.json', JSON.stringify({ Name: 'jsonsub', Addr: `tcp://127.0.0.1:${tcp.port}` }));
  writeFileSync(join(fixture.sockets, 'file/file.txt'), '');
  writeFileSync(join(fixture.sockets, 'plain.sock'), 'no socket');
  const host = fixture.host();
  const names = ['both', 'http', 'jsonsub', 'sub', 'tcp', 'unix'];
  assert.deepEqual(host.names(), names);
  for (const name of names) assert.equal(await echo(host, name, name), name);
  assert.deepEqual(both.methods().length, 4);
  await assert.rejects(echo(host, 'plain'), { kind: 'notFound' });
});

test('a file with a wrong address is an error that names the file', async () => {
  using fixture = openFixture();
  mkdirSync(fixture.specs);
  const refused = async (file: string, text: string, message: RegExp): Promise<void> => {
    writeFileSync(join(fixture.specs, file), text);
    await assert.rejects(echo(fixture.host(), file.replace(/\..*/, '')), { kind: 'failed', message });
    rmSync(join(fixture.specs, file));
  };
  const begin = 'legacy plugin: cannot read the plugin file .*/';
  await refused('a.spec', 'ftp://x', new RegExp(`^${begin}a\\.spec: "ftp://x" is not an address`));
  await refused('a.spec', '', new RegExp(`^${begin}a\\.spec: "" is not an address`));
  await refused('a.spec', 'unix://relative', /has no absolute path$/);
  await refused('a.json', '{', new RegExp(`^${begin}a\\.json: `));
  await refused('a.json', '{"Addr":5}', /Addr must be of type string$/);
  await refused('a.json', `{"Addr":"tcp://x","Name":"${'x'.repeat(70_000)}"}`, /more than 65536 bytes$/);
  await refused(
    'a.json',
    '{"Addr":"https://127.0.0.1:1","TLSConfig":{"CAFile":"/none"}}',
    /cannot read a file for TLS: /,
  );
});

test('a name never leads out of the folders', async () => {
  using fixture = openFixture();
  await using _server = await PluginServer.listen(join(fixture.sockets, '../out.sock'), VOLUMES);
  const host = fixture.host();
  for (const name of ['../out', './x', '', '.', '..', 'a/b', 'a\0b', 'x'.repeat(300)]) {
    await assert.rejects(host.get(name, 'VolumeDriver'), { kind: 'notFound' }, JSON.stringify(name));
  }
});

test('a plugin that is not there yet is waited for, and not longer than the patience allows', async () => {
  using fixture = openFixture();
  const path = join(fixture.sockets, 'late.sock');
  await leaveStaleSocket(path);
  const reason = `Post "http://plugin.moby.localhost/Plugin.Activate": dial unix ${path}: connect: connection refused`;
  await assert.rejects(echo(fixture.host({ patienceMs: 15 }), 'late'), {
    kind: 'unavailable',
    message: `legacy plugin: ${reason}`,
  });
  const host = fixture.host();
  await assert.rejects(host.getOnce('late', 'VolumeDriver'), { kind: 'unavailable' });
  const aborted = AbortSignal.timeout(30);
  await assert.rejects(host.get('late', 'VolumeDriver', aborted), { kind: 'cancelled' });
  const waiting = echo(host, 'late');
  rmSync(path);
  await using server = await PluginServer.listen(path, VOLUMES);
  assert.equal(await waiting, 'x');
  assert.deepEqual(server.methods(), ['Plugin.Activate', 'VolumeDriver.Echo']);
});

test('a plugin that went away and came back gets the handshake again', async () => {
  using fixture = openFixture();
  const path = join(fixture.sockets, 'echo.sock');
  const host = fixture.host();
  const first = await PluginServer.listen(path, VOLUMES);
  const plugin = await host.get('echo', 'VolumeDriver');
  await first[Symbol.asyncDispose]();
  await assert.rejects(plugin.callOnce('VolumeDriver.Echo', { Text: 'a' }, ANSWER), {
    kind: 'unavailable',
    message: 'plugin "echo" not found',
  });
  const waiting = plugin.call('VolumeDriver.Echo', { Text: 'a' }, ANSWER);
  {
    await using second = await PluginServer.listen(path, VOLUMES);
    assert.deepEqual(await waiting, { Value: 'a' });
    assert.deepEqual(second.methods(), ['Plugin.Activate', 'VolumeDriver.Echo']);
  }
  // Nobody called it while it was away.
  await using third = await PluginServer.listen(path, VOLUMES);
  assert.equal(await echo(host, 'echo'), 'x');
  assert.deepEqual(third.methods(), ['Plugin.Activate', 'VolumeDriver.Echo']);
});

test('a lost connection is tried again, and the plugin’s own error is not', async () => {
  using fixture = openFixture();
  await using server = await PluginServer.listen(join(fixture.sockets, 'echo.sock'), VOLUMES);
  const host = fixture.host();
  const plugin = await host.get('echo', 'VolumeDriver');
  const call = () => plugin.call('VolumeDriver.Echo', { Text: 'x' }, ANSWER);
  Object.assign(server, { fault: 'close', faultyRequests: 2 });
  assert.deepEqual(await call(), { Value: 'x' });
  Object.assign(server, { fault: 'close', faultyRequests: 1 });
  await assert.rejects(plugin.callOnce('VolumeDriver.Echo', {}, ANSWER), {
    kind: 'unavailable',
    message: 'Post "http://plugin.moby.localhost/VolumeDriver.Echo": EOF',
  });
  server.requests.length = 0;
  server.fault = 'error';
  server.faultyRequests = Number.POSITIVE_INFINITY;
  await assert.rejects(call(), { kind: 'failed', message: 'the disk is on fire' });
  assert.equal(server.requests.filter(({ method }) => method === 'VolumeDriver.Echo').length, 1);
});

test('answers that are late, huge, cut off or rubbish fail with a clear text', async () => {
  using fixture = openFixture();
  await using server = await PluginServer.listen(join(fixture.sockets, 'echo.sock'), VOLUMES);
  const plugin = await fixture.host({ answerMs: 50 }).get('echo', 'VolumeDriver');
  const patient = await fixture.host().get('echo', 'VolumeDriver');
  const call = (from = patient) => from.call('VolumeDriver.Echo', { Text: 'x' }, ANSWER);
  const refused = async (fault: PluginServer['fault'], message: string | RegExp): Promise<void> => {
    server.fault = fault;
    const kind = fault === 'cut' ? 'unavailable' : 'failed';
    await assert.rejects(call(), { kind, message });
  };
  server.fault = 'silent';
  await assert.rejects(call(plugin), {
    kind: 'unavailable',
    message: 'VolumeDriver.Echo: no answer within 0.05 seconds',
  });
  await refused('huge', 'VolumeDriver.Echo: the answer has more than 4194304 bytes');
  await refused('cut', /^VolumeDriver\.Echo: the connection broke within the answer: /);
  await refused('rubbish', /^VolumeDriver\.Echo: the answer is not JSON: Unexpected token/);
  await refused('status', 'VolumeDriver.Echo: out of [31morder');
  server.fault = 'none';
  await assert.rejects(patient.call('VolumeDriver.Echo', {}, z.object({ Value: z.number() })), {
    kind: 'failed',
    message: 'VolumeDriver.Echo: the answer is malformed: Value must be of type number',
  });
  await assert.rejects(patient.call('VolumeDriver.Nope', {}, ANSWER), {
    kind: 'notImplemented',
    message: 'VolumeDriver.Nope: 404 page not found',
  });
  server.fault = 'silent';
  const signal = AbortSignal.timeout(30);
  await assert.rejects(patient.call('VolumeDriver.Echo', {}, ANSWER, signal), { kind: 'cancelled' });
});

test('a handshake that fails is an error of its first user, and the next user tries again', async () => {
  using fixture = openFixture();
  await using server = await PluginServer.listen(join(fixture.sockets, 'echo.sock'), VOLUMES);
  const host = fixture.host();
  server.handshakeFault = 'rubbish';
  await assert.rejects(echo(host, 'echo'), /legacy plugin: Plugin\.Activate: the answer is not JSON/);
  server.handshakeFault = 'status';
  await assert.rejects(echo(host, 'echo'), { message: 'legacy plugin: Plugin.Activate: out of [31morder' });
  server.handshakeFault = 'none';
  assert.equal(await echo(host, 'echo'), 'x');
});

test('TLS checks the plugin’s certificate, and shows the engine’s', async () => {
  using fixture = openFixture();
  mkdirSync(fixture.specs);
  const [own, client] = [certificate(fixture.specs, 'server'), certificate(fixture.specs, 'client')];
  const tls = { key: own.key, cert: own.cert, ca: client.cert };
  await using server = await PluginServer.listen(undefined, { ...VOLUMES, tls });
  const path = (file: string): string => join(fixture.specs, file);
  const write = (name: string, TLSConfig: object, scheme = 'https'): void =>
    writeFileSync(
      path(`${name}.json`),
      JSON.stringify({ Name: name, Addr: `${scheme}://127.0.0.1:${server.port}`, TLSConfig }),
    );
  const shown = { CertFile: path('client.crt'), KeyFile: path('client.key') };
  write('checked', { CAFile: path('server.crt'), ...shown });
  write('tcp', { CAFile: path('server.crt'), ...shown }, 'tcp');
  write('unchecked', { InsecureSkipVerify: true, ...shown });
  write('stranger', shown);
  write('silent', { CAFile: path('server.crt') });
  const host = fixture.host();
  for (const name of ['checked', 'tcp', 'unchecked']) assert.equal(await echo(host, name, name), name);
  await assert.rejects(echo(host, 'stranger'), { kind: 'failed', message: /: self-signed certificate$/ });
  await assert.rejects(host.getOnce('silent', 'VolumeDriver'), (error: Error) => /certificate|EOF/.test(error.message));
});

function certificate(folder: string, name: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync('openssl', [...request, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

/** Leaves a socket behind that nobody listens on, as a killed program does. */
async function leaveStaleSocket(path: string): Promise<void> {
  const server = createServer().listen(`${path}.real`);
  await new Promise((resolve) => server.once('listening', resolve));
  renameSync(`${path}.real`, path);
  await new Promise((resolve) => server.close(resolve));
}
