import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyedLock } from './keyed-lock.ts';

test('holders of one key run one after the other, in order of arrival', async () => {
  const lock = new KeyedLock();
  const journal: string[] = [];
  const work = async (name: string): Promise<void> => {
    using _held = await lock.acquire('web');
    journal.push(`${name} in`);
    await new Promise((resolve) => setImmediate(resolve));
    journal.push(`${name} out`);
  };
  await Promise.all([work('a'), work('b'), work('c')]);
  assert.deepEqual(journal, ['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
});

test('a waiter that gives up lets the next one in only after the holder is done', async () => {
  const lock = new KeyedLock();
  const first = await lock.acquire('web');
  const abort = new AbortController();
  const second = lock.acquire('web', abort.signal);
  let third = false;
  const after = lock.acquire('web').then((held) => {
    third = true;
    held[Symbol.dispose]();
  });
  abort.abort();
  await assert.rejects(second, { kind: 'cancelled' });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(third, false);
  first[Symbol.dispose]();
  await after;
  assert.equal(third, true);
});
