import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { PostedUploads } from './posted-uploads.ts';

const never = new AbortController().signal;

test('a context is read by its build, whichever comes first', async () => {
  const uploads = new PostedUploads();
  for (const isFirst of [true, false]) {
    const id = String(isFirst);
    const taking = isFirst ? undefined : uploads.take(id, never);
    const offering = uploads.offer(id, Readable.from(['con', 'text']), never);
    using upload = await (taking ?? uploads.take(id, never));
    await assert.rejects(uploads.take(id, never), { kind: 'conflict' });
    await assert.rejects(uploads.offer(id, Readable.from(['other']), never), { kind: 'conflict' });
    assert.equal(await text(upload.body), 'context');
    await offering;
  }
});

test('a build that ends without its context ends the request that has it', async () => {
  const uploads = new PostedUploads();
  const offering = uploads.offer('x', new Readable({ read: () => undefined }), never);
  (await uploads.take('x', never))[Symbol.dispose]();
  await offering;
});

test('who waits alone fails, and so does who goes', async () => {
  const uploads = new PostedUploads(5);
  await assert.rejects(uploads.take('x', never), /the context of build x has not come/);
  await assert.rejects(uploads.offer('x', Readable.from([]), never), /no build has asked for the context/);
  await assert.rejects(uploads.take('x', AbortSignal.abort()), { kind: 'cancelled' });
});
