import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { silentLogger } from '../base/logger.ts';
import { createMetrics } from './metrics.ts';
import { createWebhook, type WebhookDeps } from './notifications/webhook.ts';
import { listen, pushImage, sha256, startTestRegistry } from './testing.ts';

interface Event {
  readonly action: string;
  readonly target: { readonly repository: string; readonly tag?: string; readonly digest: string };
}

/** Answers with these statuses in turn, then with 200. */
async function receiver(
  statuses: number[],
): Promise<AsyncDisposable & { url: string; events: Event[]; secrets: Set<string> }> {
  const events: Event[] = [];
  const secrets = new Set<string>();
  const server = await listen((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const status = statuses.shift() ?? 200;
      secrets.add(String(request.headers['x-secret']));
      if (status === 200) events.push(...(JSON.parse(Buffer.concat(chunks).toString()) as { events: Event[] }).events);
      response.writeHead(status).end();
    });
  });
  return { url: server.url, events, secrets, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const deps: WebhookDeps = {
  logger: silentLogger,
  post: async (url, { headers, body }, signal) => {
    const { status } = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body), signal });
    return status;
  },
};

test('pushes and deletions are told, in order and once, to a receiver that fails at first', async () => {
  await using hook = await receiver([500, 429]);
  await using webhook = createWebhook(deps, {
    url: hook.url,
    headers: { 'X-Secret': 'shared' },
    actions: ['push', 'delete'],
    retryMs: 1,
  });
  await using server = await startTestRegistry({ events: webhook.notify });
  const digest = await pushImage(server.url, { repository: 'app', tag: 'v1', layers: ['layer'] });
  await fetch(`${server.url}/v2/app/manifests/v1`);
  await fetch(`${server.url}/v2/app/manifests/v1`, { method: 'DELETE' });
  await webhook.idle();
  const told = hook.events.map(({ action, target }) => [action, target.repository, target.digest, target.tag]);
  assert.deepEqual(told, [
    ['push', 'app', sha256('{"of":"app:v1"}'), undefined],
    ['push', 'app', sha256('layer'), undefined],
    ['push', 'app', digest, 'v1'],
    ['delete', 'app', digest, 'v1'],
  ]);
  assert.deepEqual([...hook.secrets], ['shared']);
});

test('a receiver that is down, or never answers, holds up neither pushes nor the end', async () => {
  const connected = Promise.withResolvers<void>();
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => {
    sockets.add(socket);
    connected.resolve();
  }).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  for (const url of ['http://127.0.0.1:1/', `http://127.0.0.1:${port}/`]) {
    const webhook = createWebhook(deps, { url, headers: {} });
    await using server = await startTestRegistry({ events: webhook.notify });
    await pushImage(server.url, { repository: 'app', tag: 'v1', layers: [] });
    assert.equal((await fetch(`${server.url}/v2/app/manifests/v1`)).status, 200, url);
    if (!url.includes(':1/')) await connected.promise;
    await webhook[Symbol.asyncDispose]();
  }
  for (const socket of sockets) socket.destroy();
  silent.close();
});

test('requests and what is stored are counted', async () => {
  await using server = await startTestRegistry();
  await pushImage(server.url, { repository: 'app', tag: 'v1', layers: ['layer'] });
  const metrics = createMetrics();
  for (const milliseconds of [1, 30, 70_000])
    metrics.answered({ route: 'blob', method: 'GET', status: 200, milliseconds });
  const text = metrics.text(server.registry);
  for (const line of [
    'gantry_registry_requests_total{route="blob",method="GET",status="200"} 3',
    'gantry_registry_request_seconds_bucket{route="blob",le="0.005"} 1',
    'gantry_registry_request_seconds_bucket{route="blob",le="0.1"} 2',
    'gantry_registry_request_seconds_bucket{route="blob",le="60"} 2',
    'gantry_registry_request_seconds_bucket{route="blob",le="+Inf"} 3',
    'gantry_registry_repositories 1',
    'gantry_registry_tags 1',
    'gantry_registry_uploads 0',
    `gantry_registry_stored_bytes ${server.registry.index.storedBytes()}`,
  ]) {
    assert.ok(text.split('\n').includes(line), `${line} in\n${text}`);
  }
  for (const line of text.trimEnd().split('\n'))
    assert.match(line, /^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{.*\})? [\d.e+-]+)$/);
});
