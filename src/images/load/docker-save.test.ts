import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { test } from 'node:test';
import { imageArchive, tarArchive } from '../../../test/support/busybox-image.ts';
import { imageHost } from '../../../test/support/image-host.ts';
import { peer } from '../../../test/support/peer.ts';

const { socket: SOCKET, skip } = await peer('dockerd');

function call(method: string, path: string, body?: Buffer): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const headers = body === undefined ? {} : { 'Content-Type': 'application/x-tar', 'Content-Length': body.length };
  const sent = request({ socketPath: SOCKET, method, path, headers }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => resolve(Buffer.concat(chunks)));
    response.on('error', reject);
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

test('what the real docker saves is loaded with the same ids, names and history', { skip }, async () => {
  const repository = `gantry-test/${randomUUID()}`;
  const names = [`${repository}:1`, `${repository}:2`];
  const layers = ['a', 'b'].map((name) => tarArchive([{ name, content: name.repeat(5000) }]));
  await call('POST', '/images/load', imageArchive({ tags: names, layers, config: { Cmd: ['x'], Labels: { a: 'b' } } }));
  try {
    const query = names.map((name) => `names=${encodeURIComponent(name)}`).join('&');
    const archive = await call('GET', `/images/get?${query}`);
    await using host = await imageHost();
    assert.deepEqual(
      (await host.load(archive)).sort(),
      names.map((name) => `Loaded image: ${name}`),
    );
    // Without the fields that API 1.50 removes, since `api` removes them here.
    const theirs = JSON.parse((await call('GET', `/v1.45/images/${repository}:1/json`)).toString());
    const ours = await host.images.inspect(`${repository}:1`, { manifests: false });
    const { GraphDriver: _theirs, Size: _size, Descriptor: _newer, ...expected } = theirs;
    // The descriptor is of API 1.48, which may be newer than the tested engine.
    const { GraphDriver: _ours, Size: _bytes, Descriptor: _descriptor, ...actual } = ours;
    assert.deepEqual(actual, { ...expected, RepoTags: names });
    const history = JSON.parse((await call('GET', `/images/${repository}:1/history`)).toString());
    assert.deepEqual(
      (await host.images.history(`${repository}:1`, {})).map((step) => ({ ...step, Size: 0 })),
      history.map((step: object) => ({ ...step, Size: 0 })),
    );
  } finally {
    for (const name of names) await call('DELETE', `/images/${name}?force=1`);
  }
});
