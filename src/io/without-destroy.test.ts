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

test('the owner drains what a destroyed wrapper has left', async () => {
  const source = new Readable({ read() {} });
  source.push('x'.repeat(100_000));
  const borrowed = withoutDestroy(source);
  for await (const _chunk of borrowed) break;
  source.push('y'.repeat(100_000));
  const ended = new Promise((resolve) => source.once('end', resolve));
  source.resume();
  source.push(null);
  await ended;
  assert.deepEqual(source.listenerCount('readable') + source.listenerCount('data'), 0);
});

test('a source that has ended, or broke, before it is wrapped', async () => {
  const ended = Readable.from([]);
  await ended.toArray();
  assert.deepEqual(await withoutDestroy(ended).toArray(), []);
  const broken = new Readable({ read() {} });
  broken.on('error', () => {}).destroy(new Error('broken'));
  await assert.rejects(withoutDestroy(broken).toArray(), /broken/);
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
