import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { one, two } from '../support/archives.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { faultyRegistry } from '../support/faulty-registry.ts';
import { CLIS } from '../support/fixture.ts';

const [cli = 'gantry'] = CLIS;
const folder = mkdtempSync(join(tmpdir(), 'gantry-hosts-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The host's address on the engine's bridge: no loopback, which is trusted anyway. */
async function bridgeAddress(engine: TestEngine): Promise<string> {
  return engine.ok(cli, ['network', 'inspect', 'bridge', '--format', '{{(index .IPAM.Config 0).Gateway}}']);
}

/** Passes what comes to a port of the loopback, with TLS if there are options for it. Answers `ADDRESS:PORT`. */
async function forward(
  address: string,
  to: string,
  tls?: TlsOptions,
): Promise<AsyncDisposable & { readonly host: string }> {
  const port = Number(to.split(':')[1]);
  const sockets = new Set<Socket>();
  const pass = (socket: Socket): void => {
    sockets.add(socket);
    const inner = connect(port, '127.0.0.1');
    socket.on('error', () => inner.destroy()).on('close', () => inner.destroy());
    inner.on('error', () => socket.destroy()).on('close', () => socket.destroy());
    socket.pipe(inner).pipe(socket);
  };
  const server = tls === undefined ? createServer(pass) : createTlsServer(tls, pass);
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return {
    host: `${address}:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A certificate that signs itself: authority, server and client in one. */
function certificate(name: string, address: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=IP:${address}`];
  execFileSync('openssl', [...request, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

/** Files for a registry under `certs.d`; gone, with the folders that were made for them, when disposed. */
function certsFor(host: string, files: Readonly<Record<string, string>>): Disposable {
  const place = join('/etc/docker/certs.d', host);
  const made = [place, dirname(place), dirname(dirname(place))].filter((path) => !existsSync(path));
  mkdirSync(place, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(place, name), content, { mode: 0o600 });
  return {
    [Symbol.dispose]() {
      for (const name of Object.keys(files)) rmSync(join(place, name), { force: true });
      for (const path of made) rmdirSync(path);
    },
  };
}

test('a registry without TLS is only spoken to where it is listed as insecure, by address or by network', async () => {
  const flags: string[] = [];
  await using engine = await startEngine({ flags });
  const address = await bridgeAddress(engine);
  await using registry = await faultyRegistry();
  await using outside = await forward(address, registry.host);
  registry.publish('app', 'latest', [one]);
  const name = `${outside.host}/app`;
  const refused = await engine[cli](['pull', name]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /server gave HTTP response to HTTPS client/);
  assert.deepEqual(registry.journal, []);
  for (const listed of [outside.host, `${address}/32`]) {
    await engine.stop();
    flags.splice(0, flags.length, '--insecure-registry', listed);
    await engine.start();
    assert.match(await engine.ok(cli, ['pull', name]), /Status: Downloaded newer image/);
    await engine.ok(cli, ['rmi', name]);
  }
});

test('a registry with its own authority that asks for a certificate gets both from certs.d, to pull and to push', async () => {
  await using engine = await startEngine();
  const address = await bridgeAddress(engine);
  const [server, client] = [certificate('server', address), certificate('client', address)];
  await using registry = await faultyRegistry();
  await using outside = await forward(address, registry.host, {
    ...server,
    requestCert: true,
    rejectUnauthorized: true,
    ca: client.cert,
  });
  registry.publish('app', 'latest', [one]);
  const name = `${outside.host}/app`;
  const unknown = await engine[cli](['pull', name]);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /x509: certificate signed by unknown authority/);
  {
    using _half = certsFor(outside.host, { 'ca.crt': server.cert });
    const nobody = await engine[cli](['pull', name]);
    assert.equal(nobody.code, 1);
    assert.match(nobody.stderr, /certificate required|bad certificate|handshake/i);
  }
  {
    using _lone = certsFor(outside.host, { 'ca.crt': server.cert, 'client.cert': client.cert });
    assert.match(
      (await engine[cli](['pull', name])).stderr,
      /missing key client\.key for client certificate client\.cert/,
    );
  }
  using _whole = certsFor(outside.host, {
    'ca.crt': server.cert,
    'client.cert': client.cert,
    'client.key': client.key,
  });
  assert.match(await engine.ok(cli, ['pull', name]), /Status: Downloaded newer image/);
  await engine.ok(cli, ['tag', name, `${name}:copy`]);
  assert.match(await engine.ok(cli, ['push', `${name}:copy`]), /copy: digest: sha256:/);
  assert.ok(registry.manifests.has('app:copy'));
});

test('mirrors of any registry are asked in order, and the registry itself for what they lack', async () => {
  await using hub = await faultyRegistry();
  await using team = await faultyRegistry();
  await using origin = await faultyRegistry();
  await using dead = await faultyRegistry();
  const gone = dead.host;
  await dead[Symbol.asyncDispose]();
  hub.publish('library/hello', 'latest', [one]);
  team.publish('team/app', 'v1', [two]);
  team.publish('common', 'latest', [one]);
  origin.publish('own', 'latest', [two]);
  const mirrors = [
    `http://${gone}`,
    `http://${hub.host}`,
    `registry.invalid=http://${team.host}`,
    `${origin.host}=http://${team.host}/`,
  ];
  await using engine = await startEngine({ flags: mirrors.flatMap((mirror) => ['--registry-mirror', mirror]) });
  for (const name of ['hello', 'registry.invalid/team/app:v1', `${origin.host}/common`, `${origin.host}/own`]) {
    assert.match(await engine.ok(cli, ['pull', name]), /Status: Downloaded newer image/, name);
    // Nobody sees in its names where it came from.
    const tags = await engine.ok(cli, ['image', 'inspect', '--format', '{{json .RepoDigests}}', name]);
    assert.ok(!tags.includes(hub.host) && !tags.includes(team.host), tags);
  }
  assert.ok(hub.journal.some((line) => line.includes('library/hello/blobs/')));
  assert.ok(team.journal.some((line) => line.includes('team/app/blobs/')));
  assert.ok(
    origin.journal.every((line) => !line.includes('/common/')),
    'the mirror had it',
  );
  assert.ok(
    origin.journal.some((line) => line.includes('/own/manifests/')),
    'the mirror did not have it',
  );
  const { body } = await engine.api('GET', '/info');
  const { Mirrors } = (JSON.parse(body) as { RegistryConfig: { Mirrors: readonly string[] } }).RegistryConfig;
  assert.deepEqual(
    Mirrors.map((mirror) => mirror.replace(/\/$/, '')),
    [`http://${gone}`, `http://${hub.host}`],
  );
});
