import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Digest, ObjectId } from '../../base/ids.ts';
import { memoryRecords } from '../../base/records.ts';
import { type ContainerRecord, NEVER_STARTED } from '../model/record.ts';
import { ContainerTable } from './container-table.ts';

function record(id: string, name: string): ContainerRecord {
  return {
    id: id.padEnd(64, '0') as ObjectId,
    name,
    createdAt: '2024-01-01T00:00:00Z',
    phase: 'ready',
    state: NEVER_STARTED,
    imageId: `sha256:${'a'.repeat(64)}` as Digest,
    diffIds: [],
    platform: { os: 'linux', architecture: 'amd64' },
    path: 'true',
    args: [],
    config: {},
    hostConfig: {},
    mounts: [],
    networks: {},
    hasStarted: false,
    manuallyStopped: false,
    restartCount: 0,
  };
}

function table(...records: ContainerRecord[]) {
  const store = memoryRecords<ContainerRecord>();
  const result = new ContainerTable(store);
  for (const one of records) result.insert(one);
  return { table: result, store };
}

test('a container is found by id, by name with or without a slash and by a unique prefix of its id', () => {
  const web = record('abc1', 'web');
  const { table: all } = table(web, record('abd2', 'db'));
  for (const ref of [web.id, 'web', '/web', 'abc']) assert.equal(all.resolve(ref).id, web.id, ref);
});

test('a prefix of two ids is refused, a name that looks like one is not', () => {
  const { table: all } = table(record('abc1', 'web'), record('abd2', 'ab'));
  assert.throws(() => all.resolve('a'), { kind: 'invalid', message: 'multiple IDs found with provided prefix: a' });
  assert.equal(all.resolve('ab').record.name, 'ab');
});

test('a prefix of a name finds nothing', () => {
  const { table: all } = table(record('abc1', 'web'));
  assert.throws(() => all.resolve('we'), { kind: 'notFound', message: 'No such container: we' });
  assert.throws(() => all.resolve(''), { kind: 'notFound' });
});

test('a taken name is refused with the holder named, and nothing is stored', () => {
  const { table: all, store } = table(record('abc1', 'web'));
  assert.throws(() => all.insert(record('abd2', 'web')), {
    kind: 'conflict',
    message: `Conflict. The container name "/web" is already in use by container "${'abc1'.padEnd(64, '0')}". You have to remove (or rename) that container to be able to reuse that name.`,
  });
  assert.equal(store.all().length, 1);
});

test('a rename frees the old name and keeps it when the new one is taken', () => {
  const { table: all } = table(record('abc1', 'web'), record('abd2', 'db'));
  const web = all.resolve('web');
  assert.throws(() => all.rename(web, 'db'), { kind: 'conflict' });
  assert.equal(all.resolve('web'), web);
  all.rename(web, 'www');
  assert.equal(all.find('web'), undefined);
  assert.equal(all.resolve('www'), web);
});

test('a dropped container is unknown and its name free while its record waits to be forgotten', () => {
  const { table: all, store } = table(record('abc1', 'web'));
  const web = all.resolve('web');
  all.put(web, { ...web.record, phase: 'removing' });
  all.drop(web);
  assert.equal(all.find('web'), undefined);
  assert.equal(all.find(web.id), undefined);
  const second = all.insert(record('abd2', 'web'));
  all.put(web, { ...web.record, restartCount: 7 });
  assert.equal(store.get(web.id)?.restartCount, 0, 'a late change of a dropped container is not stored');
  all.forget(web.id);
  assert.deepEqual(
    store.all().map(({ id }) => id),
    [second.id],
  );
});
