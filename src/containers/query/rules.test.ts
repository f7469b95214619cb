import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notFound } from '../../base/errors.ts';
import type { Digest, ObjectId } from '../../base/ids.ts';
import { memoryRecords } from '../../base/records.ts';
import type { StoredImage } from '../../store/index.ts';
import { type ContainerRecord, NEVER_STARTED } from '../model/record.ts';
import type { Filters } from '../model/requests.ts';
import { mergeConfig } from '../plan/merge-config.ts';
import { ContainerTable } from '../tables/container-table.ts';
import { createListRules } from './list-rules.ts';
import { humanDuration, statusText } from './status-text.ts';

const IMAGE_ID = `sha256:${'a'.repeat(64)}` as Digest;

function record(id: string, change: Partial<ContainerRecord> = {}): ContainerRecord {
  return {
    id: id.padEnd(64, '0') as ObjectId,
    name: `name-${id}`,
    createdAt: '2024-01-01T00:00:00Z',
    phase: 'ready',
    state: NEVER_STARTED,
    imageId: IMAGE_ID,
    diffIds: [],
    platform: { os: 'linux', architecture: 'amd64' },
    path: 'true',
    args: [],
    config: { Image: 'busybox' },
    hostConfig: { NetworkMode: 'bridge' },
    mounts: [],
    networks: {},
    hasStarted: false,
    manuallyStopped: false,
    restartCount: 0,
    ...change,
  };
}

function matching(filters: Filters, ...records: ContainerRecord[]): readonly string[] {
  const table = new ContainerTable(memoryRecords());
  for (const one of records) table.insert(one);
  const resolve = (ref: string): StoredImage => {
    if (ref === 'busybox') return { id: IMAGE_ID } as StoredImage;
    throw notFound('image', ref);
  };
  const { matches } = createListRules({ resolve }).matcher(filters, table);
  return records.filter((one) => matches(one)).map(({ name }) => name);
}

const running = { ...NEVER_STARTED, running: true, startedAt: '2024-01-01T00:00:00Z' };
const exited = { ...NEVER_STARTED, startedAt: '2024-01-01T00:00:00Z', finishedAt: '2024-01-01T00:01:00Z', exitCode: 3 };

test('values of one filter are alternatives, filters are all required', () => {
  const a = record('a', { state: running, config: { Labels: { tier: 'web' } } });
  const b = record('b', { state: exited, config: { Labels: { tier: 'db' } } });
  assert.deepEqual(matching({ status: ['running', 'exited'] }, a, b), ['name-a', 'name-b']);
  assert.deepEqual(matching({ status: ['running', 'exited'], label: ['tier=db'] }, a, b), ['name-b']);
  assert.deepEqual(matching({ label: ['tier'] }, a, b), ['name-a', 'name-b']);
  assert.deepEqual(matching({ exited: ['3'] }, a, b), ['name-b']);
  assert.deepEqual(matching({ exited: ['0'] }, a, b), []);
});

test('names match as regular expressions, with or without the slash, and bad ones as text', () => {
  const web = record('a', { name: 'web' });
  const webs = record('b', { name: 'webs' });
  assert.deepEqual(matching({ name: ['we'] }, web, webs), ['web', 'webs']);
  assert.deepEqual(matching({ name: ['^/web$'] }, web, webs), ['web']);
  assert.deepEqual(matching({ name: ['('] }, web, webs), []);
});

test('before and since compare with a container that must be there', () => {
  const old = record('a', { createdAt: '2024-01-01T00:00:00Z' });
  const recent = record('b', { createdAt: '2024-01-02T00:00:00Z' });
  assert.deepEqual(matching({ before: ['name-b'] }, old, recent), ['name-a']);
  assert.deepEqual(matching({ since: ['name-a'] }, old, recent), ['name-b']);
  assert.throws(() => matching({ since: ['gone'] }, old), { kind: 'notFound', message: 'No such container: gone' });
});

test('images, networks, volumes and ports are found by what they are called', () => {
  const plain = record('a');
  const other = record('b', {
    imageId: `sha256:${'b'.repeat(64)}` as Digest,
    config: { Image: 'nginx', ExposedPorts: { '80/tcp': {} } },
    hostConfig: { NetworkMode: 'none', PortBindings: { '53/udp': [] } },
  });
  assert.deepEqual(matching({ ancestor: ['busybox'] }, plain, other), ['name-a']);
  assert.deepEqual(matching({ ancestor: ['gone'] }, plain, other), []);
  assert.deepEqual(matching({ network: ['none'] }, plain, other), ['name-b']);
  assert.deepEqual(matching({ expose: ['79-81'] }, plain, other), ['name-b']);
  assert.deepEqual(matching({ publish: ['53/udp'] }, plain, other), ['name-b']);
  assert.deepEqual(matching({ publish: ['53'] }, plain, other), []);
});

test('unknown filters and values are refused', () => {
  for (const filters of [{ bogus: ['x'] }, { status: ['asleep'] }, { exited: ['x'] }, { publish: ['x'] }]) {
    assert.throws(() => matching(filters as unknown as Filters), { kind: 'invalid' }, JSON.stringify(filters));
  }
});

test('prune filters by age and labels', () => {
  const { pruneMatcher } = createListRules({
    resolve: (ref) => {
      throw notFound('image', ref);
    },
  });
  const old = record('a', { config: { Labels: { keep: '' } } });
  assert.equal(pruneMatcher({ until: ['24h'] })(old), true);
  assert.equal(pruneMatcher({ until: ['2023-06-01'] })(old), false);
  assert.equal(pruneMatcher({ 'label!': ['keep'] })(old), false);
  assert.equal(pruneMatcher({ label: ['keep'] })(old), true);
  assert.throws(() => pruneMatcher({ until: ['soon'] }), { kind: 'invalid' });
  assert.throws(() => pruneMatcher({ name: ['x'] }), { kind: 'invalid' });
});

test('the status column says what dockerd says', () => {
  const now = 1_704_067_260_000_000_000n; // 2024-01-01T00:01:00Z
  const text = (state: ContainerRecord['state']): string => statusText(record('a', { state }), now);
  assert.equal(text(NEVER_STARTED), 'Created');
  assert.equal(text(running), 'Up About a minute');
  assert.equal(text({ ...running, paused: true }), 'Up About a minute (Paused)');
  assert.equal(text(exited), 'Exited (3) Less than a second ago');
  assert.equal(
    text({ ...exited, running: true, restarting: true, finishedAt: '2024-01-01T00:00:57Z' }),
    'Restarting (3) 3 seconds ago',
  );
});

test('durations are told in their largest unit', () => {
  const told = [0.4, 1, 59, 60, 150, 3600, 7200, 3 * 86_400, 20 * 86_400, 90 * 86_400, 900 * 86_400].map(humanDuration);
  assert.deepEqual(told, [
    'Less than a second',
    '1 second',
    '59 seconds',
    'About a minute',
    '2 minutes',
    'About an hour',
    '2 hours',
    '3 days',
    '2 weeks',
    '3 months',
    '2 years',
  ]);
});

test('a request’s command replaces the image’s, its entrypoint both', () => {
  const image = { Entrypoint: ['/entry'], Cmd: ['serve'], Env: ['PATH=/bin', 'A=image'], WorkingDir: '/app' };
  const parts = (wanted: object): unknown => {
    const { Entrypoint, Cmd } = mergeConfig(wanted, image);
    return [Entrypoint, Cmd];
  };
  assert.deepEqual(parts({}), [['/entry'], ['serve']]);
  assert.deepEqual(parts({ Cmd: ['ls'] }), [['/entry'], ['ls']]);
  assert.deepEqual(parts({ Entrypoint: ['sh'] }), [['sh'], null]);
  assert.deepEqual(parts({ Entrypoint: [''], Cmd: ['ls'] }), [null, ['ls']]);
  assert.throws(() => mergeConfig({}, {}), { kind: 'invalid', message: 'no command specified' });
});

test('environment, labels and what is left out come from the image', () => {
  const image = {
    Cmd: ['x'],
    Env: ['PATH=/bin', 'A=image'],
    Labels: { a: '1', b: '2' },
    User: 'web',
    StopSignal: 'INT',
  };
  const merged = mergeConfig({ Env: ['A=own', 'C'], Labels: { b: '3' } }, image);
  assert.deepEqual(merged.Env, ['A=own', 'C', 'PATH=/bin']);
  assert.deepEqual(merged.Labels, { a: '1', b: '3' });
  assert.deepEqual([merged.User, merged.StopSignal], ['web', 'INT']);
});

test('a health check round-trips and inherits what it does not set', () => {
  const image = { Cmd: ['x'], Healthcheck: { Test: ['CMD', 'true'], Interval: 5, Retries: 2 } };
  assert.deepEqual(mergeConfig({ Healthcheck: { Interval: 7 } }, image).Healthcheck, {
    Test: ['CMD', 'true'],
    Interval: 7,
    Retries: 2,
  });
  assert.deepEqual(mergeConfig({ Healthcheck: { Test: ['NONE'] } }, { Cmd: ['x'] }).Healthcheck, { Test: ['NONE'] });
});
