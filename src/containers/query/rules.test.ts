import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notFound } from '../../base/errors.ts';
import type { Digest, ObjectId } from '../../base/ids.ts';
import { memoryRecords } from '../../base/records.ts';
import type { Filters } from '../../spec/index.ts';
import type { StoredImage } from '../../store/index.ts';
import { type ContainerRecord, NEVER_STARTED } from '../model/record.ts';
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

async function matching(filters: Filters, ...records: ContainerRecord[]): Promise<readonly string[]> {
  const table = new ContainerTable(memoryRecords());
  for (const one of records) table.insert(one);
  const resolve = (ref: string): StoredImage => {
    if (ref === 'busybox') return { id: IMAGE_ID } as StoredImage;
    throw notFound('image', ref);
  };
  const { matches } = await createListRules({ resolve }).matcher(filters, table);
  return records.filter((one) => matches(one)).map(({ name }) => name);
}

const running = { ...NEVER_STARTED, running: true, startedAt: '2024-01-01T00:00:00Z' };
const exited = { ...NEVER_STARTED, startedAt: '2024-01-01T00:00:00Z', finishedAt: '2024-01-01T00:01:00Z', exitCode: 3 };

test('values of one filter are alternatives, filters are all required', async () => {
  const a = record('a', { state: running, config: { Labels: { tier: 'web' } } });
  const b = record('b', { state: exited, config: { Labels: { tier: 'db' } } });
  assert.deepEqual(await matching({ status: ['running', 'exited'] }, a, b), ['name-a', 'name-b']);
  assert.deepEqual(await matching({ status: ['running', 'exited'], label: ['tier=db'] }, a, b), ['name-b']);
  assert.deepEqual(await matching({ label: ['tier'] }, a, b), ['name-a', 'name-b']);
  assert.deepEqual(await matching({ exited: ['3'] }, a, b), ['name-b']);
  assert.deepEqual(await matching({ exited: ['0'] }, a, b), []);
});

test('names match as regular expressions, with or without the slash, and bad ones as text', async () => {
  const web = record('a', { name: 'web' });
  const webs = record('b', { name: 'webs' });
  assert.deepEqual(await matching({ name: ['we'] }, web, webs), ['web', 'webs']);
  assert.deepEqual(await matching({ name: ['^/web$'] }, web, webs), ['web']);
  assert.deepEqual(await matching({ name: ['('] }, web, webs), []);
});

test('before and since compare with a container that must be there', async () => {
  const old = record('a', { createdAt: '2024-01-01T00:00:00Z' });
  const recent = record('b', { createdAt: '2024-01-02T00:00:00Z' });
  assert.deepEqual(await matching({ before: ['name-b'] }, old, recent), ['name-a']);
  assert.deepEqual(await matching({ since: ['name-a'] }, old, recent), ['name-b']);
  // Times are written without their last zeros.
  const [tenth, later] = [
    record('c', { createdAt: '2024-01-03T00:00:00.1Z' }),
    record('d', { createdAt: '2024-01-03T00:00:00.12Z' }),
  ];
  assert.deepEqual(await matching({ before: ['name-d'] }, tenth, later), ['name-c']);
  assert.deepEqual(await matching({ since: ['name-c'] }, tenth, later), ['name-d']);
  await assert.rejects(matching({ since: ['gone'] }, old), { kind: 'notFound', message: 'No such container: gone' });
});

test('images and networks are found by what they are called', async () => {
  const plain = record('a');
  const other = record('b', {
    imageId: `sha256:${'b'.repeat(64)}` as Digest,
    config: { Image: 'nginx' },
    hostConfig: { NetworkMode: 'none' },
  });
  assert.deepEqual(await matching({ ancestor: ['busybox'] }, plain, other), ['name-a']);
  assert.deepEqual(await matching({ ancestor: ['gone'] }, plain, other), []);
  assert.deepEqual(await matching({ network: ['none'] }, plain, other), ['name-b']);
});

test('publish is the port of the host, expose that of the container, of those that run', async () => {
  const ports = { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '18080' }], '90/udp': null };
  const web = record('a', { sandbox: { ports } as unknown as NonNullable<ContainerRecord['sandbox']> });
  const made = record('b', {
    config: { ExposedPorts: { '80/tcp': {} } },
    hostConfig: { PortBindings: { '80/tcp': [{ HostPort: '18080' }] } },
  });
  const found = (filters: Filters): Promise<readonly string[]> => matching(filters, web, made);
  for (const filters of [
    { publish: ['18080'] },
    { publish: ['18080/tcp'] },
    { publish: ['1-65535'] },
    { expose: ['80'] },
    { expose: ['79-81/TCP'] },
    { expose: ['90/udp'] },
    { publish: ['18080'], expose: ['7'] },
  ]) {
    assert.deepEqual(await found(filters), ['name-a'], JSON.stringify(filters));
  }
  for (const filters of [{ publish: ['80'] }, { publish: ['18080/udp'] }, { expose: ['18080'] }, { publish: ['0'] }]) {
    assert.deepEqual(await found(filters), [], JSON.stringify(filters));
  }
});

test('ports that are none are refused in the words of dockerd', async () => {
  const refused = async (value: string, why: string): Promise<void> =>
    assert.rejects(matching({ publish: [value] }), {
      kind: 'invalid',
      message: `error while looking up for publish ${value}: ${why}`,
    });
  await refused('x/tcp', 'strconv.ParseUint: parsing "x": invalid syntax');
  await refused('80-', 'strconv.ParseUint: parsing "": invalid syntax');
  await refused('1-70000', 'strconv.ParseUint: parsing "70000": value out of range');
  await refused('90-80', 'Invalid range specified for the Port: 90-80');
  await refused('/tcp', 'Empty string specified for ports.');
});

test('a list without -a shows what runs, unless it asks for a status', async () => {
  const showsAll = async (filters: Filters): Promise<boolean> => {
    const table = new ContainerTable(memoryRecords());
    table.insert(record('a'));
    const rules = createListRules({ resolve: () => ({ id: IMAGE_ID }) as StoredImage });
    return (await rules.matcher(filters, table)).showsAll;
  };
  assert.equal(await showsAll({ status: ['created'] }), true);
  for (const filters of [{ since: ['name-a'] }, { before: ['name-a'] }, { exited: ['0'] }, { status: [] }]) {
    assert.equal(await showsAll(filters), false, JSON.stringify(filters));
  }
});

test('a list calls an image as the user did while the name is the image’s, then by its full id', () => {
  const other = `sha256:${'b'.repeat(64)}` as Digest;
  const ids: Record<string, Digest> = { kept: IMAGE_ID, moved: other, aaaaaaaaaaaa: IMAGE_ID };
  const nameOf = createListRules({
    resolve: (ref) => {
      const id = ids[ref];
      if (id === undefined) throw notFound('image', ref);
      return { id } as StoredImage;
    },
  }).imageNamer();
  const shown = ['kept', 'moved', 'aaaaaaaaaaaa', 'gone'].map((Image) => nameOf(record('a', { config: { Image } })));
  assert.deepEqual(shown, ['kept', IMAGE_ID, 'aaaaaaaaaaaa', IMAGE_ID]);
});

test('unknown filters and values are refused', async () => {
  for (const filters of [{ bogus: ['x'] }, { status: ['asleep'] }, { exited: ['x'] }, { publish: ['x'] }]) {
    await assert.rejects(matching(filters as unknown as Filters), { kind: 'invalid' }, JSON.stringify(filters));
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
