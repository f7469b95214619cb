import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { never, openTestRepository } from '../../../test/support/repository.ts';
import { readBytes } from './body-text.ts';
import { createNodeTransport } from './node-transport.ts';

const folder = mkdtempSync(join(tmpdir(), 'gantry-tls-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A self-signed certificate: authority, server and client in one. */
function certificate(name: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync('openssl', [...request, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

const own = certificate('server');
const client = certificate('client');

interface TlsRegistry extends AsyncDisposable {
  readonly host: string;
  readonly server: Server;
}

async function tlsRegistry(options: { readonly wantsClient: boolean }): Promise<TlsRegistry> {
  const trust = options.wantsClient ? { requestCert: true, rejectUnauthorized: true, ca: client.cert } : {};
  const server = createServer({ ...own, ...trust }, (request, response) => {
    const peer = (request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? 'nobody';
    response.setHeader('docker-distribution-api-version', 'registry/2.0');
    response.end(`{"schemaVersion":2,"hello":"${peer}"}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const get = (host: string) => ({ method: 'GET', url: new URL(`https://${host}/v2/`), headers: {} }) as const;

test('a certificate is checked against the authorities given for the registry', async () => {
  await using registry = await tlsRegistry({ wantsClient: false });
  await using transport = createNodeTransport();
  await assert.rejects(transport.send(get(registry.host), {}, never), {
    kind: 'unavailable',
    message:
      /^Get "https:\/\/127\.0\.0\.1:\d+\/v2\/": tls: failed to verify certificate: x509: certificate signed by unknown authority/,
  });
  const trusted = await transport.send(get(registry.host), { ca: [own.cert] }, never);
  assert.equal(trusted.status, 200);
  await readBytes(trusted.body, 1000);
  const insecure = await transport.send(get(registry.host), { skipVerify: true }, never);
  assert.equal(insecure.status, 200);
  await readBytes(insecure.body, 1000);
  await assert.rejects(transport.send(get(registry.host), { ca: [client.cert] }, never), { kind: 'unavailable' });
});

test("a registry that wants to know its clients gets the client's certificate", async () => {
  await using registry = await tlsRegistry({ wantsClient: true });
  await using transport = createNodeTransport();
  await assert.rejects(transport.send(get(registry.host), { ca: [own.cert] }, never), { kind: 'unavailable' });
  const response = await transport.send(get(registry.host), { ca: [own.cert], ...client }, never);
  assert.match((await readBytes(response.body, 1000)).toString(), /"hello":"client"/);
});

test('a registry on the loopback is reached by TLS where it speaks it, and never in plain after that', async () => {
  await using registry = await tlsRegistry({ wantsClient: false });
  await using opened = openTestRepository(registry.host, 'app');
  assert.equal((await opened.repository.manifest('v1', never)).bytes.length > 0, true);
  const first: Buffer[] = [];
  registry.server.removeAllListeners('connection');
  registry.server.closeAllConnections();
  registry.server.on('connection', (socket: Socket) => {
    socket.once('data', (chunk) => {
      first.push(chunk);
      socket.destroy();
    });
  });
  await assert.rejects(opened.repository.manifest('v1', never), { kind: 'unavailable' });
  assert.ok(first.length > 0);
  // 0x16 begins a TLS handshake. A plain request would begin with G.
  assert.ok(first.every((chunk) => chunk[0] === 0x16));
});
