import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEventLog, type EventLog } from './event-log.ts';

const forever = new AbortController().signal;

/** A log whose clock the test sets, in seconds. */
function logAt(seconds: number): { log: EventLog; clock: { seconds: number } } {
  const clock = { seconds };
  return { log: createEventLog(() => BigInt(Math.round(clock.seconds * 1000)) * 1_000_000n), clock };
}

async function actions(events: AsyncIterable<{ Action: string }>): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of events) seen.push(event.Action);
  return seen;
}

test('since and until in the past replay what lies between and end', async () => {
  const { log, clock } = logAt(10);
  for (const action of ['create', 'start', 'die']) {
    log.emit('container', action, 'c1', {});
    clock.seconds += 10;
  }
  const query = { since: 15_000_000_000n, until: 25_000_000_000n, filters: {} };
  assert.deepEqual(await actions(log.subscribe(query, forever)), ['start']);
  assert.equal(log.listeners(), 0);
});

test('without since only what happens after the subscription is seen, in order', async () => {
  const { log } = logAt(10);
  log.emit('container', 'create', 'c1', {});
  const abort = new AbortController();
  const seen = actions(log.subscribe({ since: undefined, until: undefined, filters: {} }, abort.signal));
  log.emit('container', 'start', 'c1', {});
  log.emit('container', 'die', 'c1', {});
  await new Promise((resolve) => setImmediate(resolve));
  abort.abort();
  assert.deepEqual(await seen, ['start', 'die']);
  assert.equal(log.listeners(), 0);
});

test('a reader that leaves in the middle is forgotten', async () => {
  const { log } = logAt(10);
  const events = log.subscribe({ since: undefined, until: undefined, filters: {} }, forever);
  log.emit('container', 'start', 'c1', {});
  for await (const event of events) {
    assert.equal(event.Action, 'start');
    break;
  }
  assert.equal(log.listeners(), 0);
});

test('only the latest events are kept', async () => {
  const { log, clock } = logAt(1);
  for (let index = 0; index < 3000; index += 1) log.emit('image', `tag${index}`, 'i', {});
  clock.seconds = 2;
  const seen = await actions(log.subscribe({ since: 1n, until: 1_500_000_000n, filters: {} }, forever));
  assert.equal(seen.length, 1024);
  assert.equal(seen[0], 'tag1976');
  assert.equal(seen.at(-1), 'tag2999');
});

test('a reader that is too slow is cut off with an error', async () => {
  const { log } = logAt(1);
  const events = log.subscribe({ since: undefined, until: undefined, filters: {} }, forever);
  for (let index = 0; index < 20_000; index += 1) log.emit('image', 'tag', 'i', {});
  await assert.rejects(actions(events), { kind: 'unavailable' });
  assert.equal(log.listeners(), 0);
});

test('filters: alternatives within a name, all names together, prefixes of ids, images without tag, labels', async () => {
  const { log, clock } = logAt(1);
  log.emit('container', 'start', 'abcdef', { name: 'web', image: 'busybox:latest', tier: 'front' });
  log.emit('container', 'exec_create: sh -c true', 'abcdef', { name: 'web', image: 'busybox:latest' });
  log.emit('container', 'die', 'ffff', { name: 'db', image: 'other' });
  log.emit('network', 'connect', 'n1', { name: 'bridge', container: 'abcdef' });
  clock.seconds = 5;
  const seen = (filters: Record<string, string[]>): Promise<string[]> =>
    actions(log.subscribe({ since: 1n, until: 4_000_000_000n, filters }, forever));
  assert.deepEqual(await seen({ event: ['start', 'die'] }), ['start', 'die']);
  assert.deepEqual(await seen({ event: ['exec_create'] }), ['exec_create: sh -c true']);
  assert.deepEqual(await seen({ container: ['abc'] }), ['start', 'exec_create: sh -c true']);
  assert.deepEqual(await seen({ container: ['web'], event: ['start'] }), ['start']);
  assert.deepEqual(await seen({ image: ['busybox'] }), ['start', 'exec_create: sh -c true']);
  assert.deepEqual(await seen({ label: ['tier=front'] }), ['start']);
  assert.deepEqual(await seen({ label: ['tier', 'other'] }), []);
  for (const label of ['constructor', 'toString', '__proto__']) assert.deepEqual(await seen({ label: [label] }), []);
  assert.deepEqual(await seen({ type: ['network'] }), ['connect']);
});
