import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSlots } from '../../base/slots.ts';
import { createSharedWork } from './shared-work.ts';

const never = new AbortController().signal;

test('work is done once for all who want it at the time, and late comers see where it is', async () => {
  const shared = createSharedWork<number>();
  const go = Promise.withResolvers<void>();
  let runs = 0;
  const work = async (report: (step: number) => void): Promise<void> => {
    runs += 1;
    report(1);
    await go.promise;
    report(2);
  };
  const seen: string[] = [];
  const first = shared.run('a', work, { report: (step) => void seen.push(`first ${step}`), signal: never });
  const second = shared.run('a', work, { report: (step) => void seen.push(`second ${step}`), signal: never });
  const other = shared.run('b', work, { report: () => {}, signal: never });
  go.resolve();
  await Promise.all([first, second, other]);
  assert.equal(runs, 2);
  assert.deepEqual(seen.sort(), ['first 1', 'first 2', 'second 1', 'second 2']);
  await shared.run('a', work, { report: () => {}, signal: never });
  assert.equal(runs, 3);
});

test('one who goes leaves the work to the others; with the last it is stopped, and may be started anew', async () => {
  const shared = createSharedWork<number>();
  const stopped = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const work = (_report: (step: number) => void, signal: AbortSignal): Promise<void> => {
    signal.addEventListener('abort', () => stopped.resolve());
    return ended.promise;
  };
  const [one, two] = [new AbortController(), new AbortController()];
  const first = shared.run('a', work, { report: () => {}, signal: one.signal });
  const second = shared.run('a', work, { report: () => {}, signal: two.signal });
  one.abort();
  await assert.rejects(first, { kind: 'cancelled' });
  let isStopped = false;
  void stopped.promise.then(() => {
    isStopped = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isStopped, false);
  two.abort();
  const gone = assert.rejects(second, { kind: 'cancelled' });
  await stopped.promise;
  let again = 0;
  const rerun = async (): Promise<void> => {
    again += 1;
  };
  const third = shared.run('a', rerun, { report: () => {}, signal: never });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(again, 0, 'the stopped one is still on its way out');
  ended.resolve();
  await Promise.all([gone, third]);
  assert.equal(again, 1);
});

test('all who wait get the failure, and the next one tries again', async () => {
  const shared = createSharedWork<number>();
  const fail = () => Promise.reject(new Error('broken'));
  const watch = { report: () => {}, signal: never };
  await assert.rejects(shared.run('a', fail, watch), /broken/);
  await shared.run('a', async () => {}, watch);
});

test('the number of slots may change: a lower one holds for who comes, a higher one from the next that is freed on', async () => {
  let limit = 2;
  const slots = createSlots(() => limit);
  const [first, second] = [await slots.take(never), await slots.take(never)];
  limit = 1;
  let given = 0;
  const waiting = Array.from({ length: 3 }, () => slots.take(never).then(() => (given += 1)));
  first[Symbol.dispose]();
  await new Promise(setImmediate);
  assert.equal(given, 0, 'one is still held, and one is the limit');
  limit = 3;
  second[Symbol.dispose]();
  await Promise.all(waiting);
});

test('slots are given in order, and a place in the queue can be left', async () => {
  const slots = createSlots(() => 1);
  const held = await slots.take(never);
  const abort = new AbortController();
  const leaver = slots.take(abort.signal);
  const order: string[] = [];
  const waiter = slots.take(never).then((slot) => {
    order.push('waiter');
    return slot;
  });
  abort.abort();
  await assert.rejects(leaver, { kind: 'cancelled' });
  assert.deepEqual(order, []);
  held[Symbol.dispose]();
  held[Symbol.dispose]();
  const slot = await waiter;
  slot[Symbol.dispose]();
  await slots.take(never);
  await assert.rejects(slots.take(AbortSignal.abort()), { kind: 'cancelled' });
});
