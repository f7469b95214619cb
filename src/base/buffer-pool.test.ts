import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BufferPool } from './buffer-pool.ts';

test('memory that is given back is used again, and never twice at a time', () => {
  const pool = new BufferPool({ bytes: 1024, keep: 1 });
  const first = pool.copy(Buffer.alloc(1000, 'a'));
  const second = pool.copy(Buffer.alloc(900, 'b'));
  assert.equal(first.toString(), 'a'.repeat(1000));
  assert.equal(second.toString(), 'b'.repeat(900));
  pool.give(first);
  pool.give(second);
  const third = pool.take(1024);
  assert.equal(third.buffer, first.buffer);
  assert.notEqual(pool.take(1024).buffer, second.buffer, 'one piece is kept');
});

test('short and long copies are ordinary memory, and no piece of a small pool comes back large', () => {
  const pool = new BufferPool({ bytes: 1024, keep: 4 });
  for (const length of [0, 1, 255, 1025, 5000]) {
    const bytes = Buffer.alloc(length, 'x');
    const copy = pool.copy(bytes);
    assert.deepEqual(copy, bytes);
    pool.give(copy);
  }
  assert.equal(pool.take(256).length, 256);
});

test('a pool that rests keeps nothing', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const pool = new BufferPool({ bytes: 1024, keep: 4 });
  const first = pool.take(1024);
  pool.give(first);
  t.mock.timers.tick(999);
  const again = pool.take(1024);
  assert.equal(again.buffer, first.buffer);
  pool.give(again);
  t.mock.timers.tick(999);
  t.mock.timers.tick(1);
  assert.notEqual(pool.take(1024).buffer, first.buffer);
});
