import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { readBody } from './read-body.ts';

test('a body is read whole; one too large, by its length or its bytes, is refused before more is read', async () => {
  const body = new PassThrough();
  body.write('small ');
  body.end('body');
  assert.equal((await readBody({ body, headers: {} }, 10)).toString(), 'small body');
  const stated = readBody({ body: new PassThrough(), headers: { 'content-length': '11' } }, 10);
  await assert.rejects(stated, { code: 'SIZE_INVALID', status: 413 });
  const longer = new PassThrough();
  longer.write('eleven bytes, and on it goes');
  await assert.rejects(readBody({ body: longer, headers: {} }, 10), { code: 'SIZE_INVALID', status: 413 });
  assert.equal(longer.destroyed, false, 'the answer goes over the same socket');
});

test('a body that trickles in for ever is given up', async () => {
  const body = new PassThrough();
  const trickle = setInterval(() => body.write('x'), 2);
  try {
    await assert.rejects(readBody({ body, headers: {} }, 1 << 20, 30), { status: 408 });
    assert.ok(body.destroyed);
  } finally {
    clearInterval(trickle);
  }
});
