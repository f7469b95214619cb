import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { forAll, inOrder } from './in-order.ts';

const NEEDS: Readonly<Record<string, readonly string[]>> = { web: ['db', 'cache'], worker: ['db'], outside: ['web'] };

test('visits each name after those that it needs, and others side by side', async () => {
  const seen: string[] = [];
  const visit = async (name: string): Promise<void> => {
    seen.push(`${name} begins`);
    await sleep(name === 'db' ? 20 : 1);
    seen.push(`${name} ends`);
  };
  await inOrder(['web', 'worker', 'db', 'cache'], (name) => NEEDS[name] ?? [], visit);
  const at = (what: string): number => seen.indexOf(what);
  assert.ok(at('cache begins') < at('db ends'), 'db and cache at once');
  assert.ok(at('db ends') < at('web begins') && at('cache ends') < at('web begins'));
  assert.ok(at('worker begins') < at('web ends'));
  assert.equal(seen.length, 8);
});

test('begins nothing after a failure, and waits for what has begun', async () => {
  const seen: string[] = [];
  const visit = async (name: string): Promise<void> => {
    if (name === 'cache') throw new Error('no cache');
    await sleep(10);
    seen.push(name);
  };
  await assert.rejects(
    inOrder(['web', 'worker', 'db', 'cache'], (name) => NEEDS[name] ?? [], visit),
    { message: 'no cache' },
  );
  assert.deepEqual(seen, ['db']);
});

test('waits for all before it throws', async () => {
  let ended = 0;
  const work = async (item: number): Promise<void> => {
    if (item === 0) throw new Error('first');
    await sleep(5);
    ended += 1;
  };
  await assert.rejects(forAll([0, 1, 2], work), { message: 'first' });
  assert.equal(ended, 2);
});
