import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { decompress } from './compress.ts';
import { withoutDestroy } from './without-destroy.ts';

test('a source that breaks while nobody reads is told of at the next read', async () => {
  const source = new Readable({ read() {} });
  source.push(Buffer.alloc(600, 'x'));
  const { stream } = await decompress(withoutDestroy(source));
  const closed = new Promise((resolve) => stream.once('close', resolve));
  source.on('error', () => {});
  // It reads ahead, and so reaches the end before its reader does.
  source.destroy(new Error('cut'));
  await closed;
  await assert.rejects(stream.toArray(), /cut/);
});

test('what borrows may be destroyed, the source goes on', async () => {
  const source = new Readable({ read() {} });
  source.push('one');
  const borrowed = withoutDestroy(source);
  for await (const chunk of borrowed) {
    assert.equal(String(chunk), 'one');
    break;
  }
  assert.equal(source.destroyed, false);
});
