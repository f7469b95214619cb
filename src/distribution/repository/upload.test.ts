import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { faultyRegistry, sendError } from '../../../test/support/faulty-registry.ts';
import { blobOf, memorySink, never, openTestRepository } from '../../../test/support/repository.ts';
import type { UploadBlob } from './repository.ts';

const content = randomBytes(2_000_000);

function blobToSend(mountFrom: readonly string[] = []): UploadBlob & { readonly opened: number[] } {
  const opened: number[] = [];
  return {
    descriptor: blobOf(content),
    mountFrom,
    opened,
    open(offset) {
      opened.push(offset);
      const pieces = [];
      for (let at = offset; at < content.length; at += 65_536) pieces.push(content.subarray(at, at + 65_536));
      return Readable.from(pieces, { objectMode: false });
    },
    progress() {},
  };
}

test('a blob is sent once: what is there already is not', async () => {
  await using registry = await faultyRegistry();
  await using client = openTestRepository(registry.host, 'app');
  const blob = blobToSend();
  assert.deepEqual(await client.repository.upload(blob, never), { how: 'uploaded' });
  assert.deepEqual(await client.repository.upload(blob, never), { how: 'exists' });
  assert.deepEqual(blob.opened, [0]);
  const sink = memorySink();
  await client.repository.download(blob.descriptor, sink, never);
  assert.ok(sink.bytes().equals(content));
});

test('an empty blob is sent too', async () => {
  await using registry = await faultyRegistry();
  await using client = openTestRepository(registry.host, 'app');
  const blob = { ...blobToSend(), descriptor: blobOf(Buffer.alloc(0)), open: () => Readable.from([]) };
  assert.deepEqual(await client.repository.upload(blob, never), { how: 'uploaded' });
});

test('an upload that breaks goes on where the registry says', async () => {
  await using registry = await faultyRegistry();
  await using client = openTestRepository(registry.host, 'app');
  let breaks = 0;
  registry.intercept = ({ request, url }) => {
    if (request.method === 'PATCH' && breaks++ < 2) {
      // The registry keeps the received bytes, and then the connection breaks.
      let bytes = 0;
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > 500_000) request.socket.destroy();
      });
      request.on('error', () => {});
      registry.keepUpload(url, request);
      return true;
    }
    return false;
  };
  const blob = blobToSend();
  assert.deepEqual(await client.repository.upload(blob, never), { how: 'uploaded' });
  assert.equal(blob.opened.length, 3);
  assert.ok((blob.opened[1] ?? 0) >= 400_000 && (blob.opened[2] ?? 0) >= 800_000, `opened at ${blob.opened}`);
});

test('what is shorter than the registry’s shortest chunk goes with the end of the upload, and so does a short rest', async () => {
  await using registry = await faultyRegistry();
  await using client = openTestRepository(registry.host, 'app');
  let shortest = content.length + 1;
  let breaks = 0;
  registry.intercept = ({ request, response, url }) => {
    response.setHeader('OCI-Chunk-Min-Length', shortest);
    if (request.method !== 'PATCH') return false;
    if (Number(request.headers['content-length']) < shortest) {
      request.resume();
      sendError(response, 416, 'BLOB_UPLOAD_INVALID', 'chunk too short');
      return true;
    }
    if (breaks++ > 0) return false;
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > 1_000_000) request.socket.destroy();
    });
    request.on('error', () => {});
    registry.keepUpload(url, request);
    return true;
  };
  const blob = blobToSend();
  assert.deepEqual(await client.repository.upload(blob, never), { how: 'uploaded' });
  assert.deepEqual(
    registry.journal.filter((line) => line.includes('uploads')).map((line) => line.split(' ')[0]),
    ['POST', 'PUT'],
  );
  registry.blobs.clear();
  registry.journal.length = 0;
  shortest = content.length;
  const broken = blobToSend();
  assert.deepEqual(await client.repository.upload(broken, never), { how: 'uploaded' });
  assert.deepEqual(
    registry.journal.filter((line) => line.includes('uploads')).map((line) => line.split(' ')[0]),
    ['POST', 'PATCH', 'GET', 'PUT'],
  );
  assert.ok((broken.opened[1] ?? 0) >= 900_000);
});

test('a registry that forgot the upload gets it from the start', async () => {
  await using registry = await faultyRegistry();
  await using client = openTestRepository(registry.host, 'app');
  let forgot = false;
  registry.intercept = ({ request, response }) => {
    if (request.method !== 'PATCH' || forgot) return false;
    forgot = true;
    registry.uploads.clear();
    request.resume();
    sendError(response, 404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown');
    return true;
  };
  const blob = blobToSend();
  assert.deepEqual(await client.repository.upload(blob, never), { how: 'uploaded' });
  assert.deepEqual(blob.opened, [0, 0]);
});

test('an upload that fails for good says why, and is not tried for ever', async () => {
  await using registry = await faultyRegistry();
  await using client = openTestRepository(registry.host, 'app');
  registry.intercept = ({ request, response }) => {
    if (request.method !== 'PATCH') return false;
    sendError(response, 403, 'DENIED', 'requested access to the resource is denied');
    return true;
  };
  await assert.rejects(client.repository.upload(blobToSend(), never), {
    kind: 'forbidden',
    message: 'denied: requested access to the resource is denied',
  });
  registry.intercept = ({ request, response }) => {
    if (request.method !== 'PATCH') return false;
    response.destroy();
    return true;
  };
  await assert.rejects(client.repository.upload(blobToSend(), never), { kind: 'unavailable' });
});

test('a blob of another repository of the registry is mounted; where that is refused it is sent', async () => {
  await using registry = await faultyRegistry();
  await using client = openTestRepository(registry.host, 'app');
  await using other = openTestRepository(registry.host, 'other');
  await other.repository.upload(blobToSend(), never);
  const blob = blobToSend(['other']);
  assert.deepEqual(await client.repository.upload(blob, never), { how: 'mounted', from: 'other' });
  assert.deepEqual(blob.opened, []);

  await using third = openTestRepository(registry.host, 'third');
  const unknown = blobToSend(['third', 'nowhere']);
  assert.deepEqual(await third.repository.upload(unknown, never), { how: 'uploaded' });
  await using fourth = openTestRepository(registry.host, 'fourth');
  registry.intercept = ({ url, response }) => {
    if (!url.searchParams.has('mount')) return false;
    sendError(response, 403, 'DENIED', 'not yours');
    return true;
  };
  assert.deepEqual(await fourth.repository.upload(blobToSend(['other']), never), { how: 'uploaded' });
});

test('an upload is never sent to another host, which would get the token', async () => {
  await using registry = await faultyRegistry();
  await using elsewhere = await faultyRegistry();
  const credentials = { kind: 'registryToken', token: 'tok' } as const;
  await using client = openTestRepository(registry.host, 'app', { credentials });
  registry.intercept = ({ request, response }) => {
    if (request.method !== 'POST') return false;
    response.writeHead(202, { location: `http://${elsewhere.host}/v2/app/blobs/uploads/1` });
    response.end();
    return true;
  };
  await assert.rejects(client.repository.upload(blobToSend(), never), /sends uploads to another host: refused/);
  assert.deepEqual(elsewhere.journal, []);
});

test('cancelling ends an upload', async () => {
  await using registry = await faultyRegistry();
  await using client = openTestRepository(registry.host, 'app');
  const abort = new AbortController();
  registry.intercept = ({ request }) => {
    if (request.method === 'PATCH') abort.abort();
    return request.method === 'PATCH';
  };
  await assert.rejects(client.repository.upload(blobToSend(), abort.signal), { kind: 'cancelled' });
});

test('a manifest is put as it is, and read back the same', async () => {
  await using registry = await faultyRegistry();
  await using client = openTestRepository(registry.host, 'app');
  const bytes = Buffer.from('{ "schemaVersion": 2,\n "layers": [] }');
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const digest = await client.repository.putManifest('v1', { mediaType, bytes }, never);
  const { descriptor, bytes: back } = await client.repository.manifest('v1', never);
  assert.equal(descriptor.digest, digest);
  assert.ok(back.equals(bytes));
});
