import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Digest, ObjectId } from '../../base/ids.ts';
import { memoryRecords } from '../../base/records.ts';
import type { ContainerConfig } from '../../spec/index.ts';
import { type ContainerRecord, NEVER_STARTED } from '../model/record.ts';
import { ContainerTable } from '../tables/container-table.ts';
import { linkedEnv, linkFacts, linksOf } from './links.ts';

function record(name: string, config: ContainerConfig, links: readonly string[] = [], running = true): ContainerRecord {
  const id = name.padEnd(64, '0') as ObjectId;
  return {
    id,
    name,
    createdAt: '2024-01-01T00:00:00Z',
    phase: 'ready',
    state: { ...NEVER_STARTED, running, pid: running ? 7 : 0 },
    imageId: `sha256:${'a'.repeat(64)}` as Digest,
    diffIds: [],
    platform: { os: 'linux', architecture: 'amd64' },
    path: 'true',
    args: [],
    config: { Hostname: id.slice(0, 12), ...config },
    hostConfig: { NetworkMode: 'bridge', Links: links },
    mounts: [],
    networks: {},
    sandbox: {
      containerId: id,
      sandboxId: id,
      netnsPath: '/netns',
      endpoints: { bridge: { IPAddress: '172.17.0.2' } },
      ports: {},
    },
    hasStarted: running,
    manuallyStopped: false,
    restartCount: 0,
  };
}

function tableOf(...records: readonly ContainerRecord[]): ContainerTable {
  const table = new ContainerTable(memoryRecords());
  for (const one of records) table.insert(one);
  return table;
}

// As a dockerd 26.1.5 set them for the same two containers.
test('a link gives a name in /etc/hosts and dockerd’s variables, with those of three and more ports in a row', () => {
  const ports = ['5432/tcp', '80/udp', '80/tcp', '81/tcp', '82/tcp', '83/tcp', '84/tcp', '90/tcp', '91/tcp'];
  const target = record('database', {
    ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])),
    Env: ['SECRET=x', 'EMPTY=', 'PATH=/bin', 'HOME=/root'],
  });
  const { hosts, env } = linkFacts(tableOf(target), record('web', {}, ['/database:/web/data-base']));
  assert.deepEqual(hosts, [{ address: '172.17.0.2', names: 'data-base database0000 database' }]);
  const own = ports.flatMap((key) => {
    const [port = '', protocol = ''] = key.split('/');
    const name = `DATA_BASE_PORT_${port}_${protocol.toUpperCase()}`;
    return [
      ...[`${name}=${protocol}://172.17.0.2:${port}`, `${name}_ADDR=172.17.0.2`],
      ...[`${name}_PORT=${port}`, `${name}_PROTO=${protocol}`],
    ];
  });
  const expected = [
    'DATA_BASE_NAME=/web/data-base',
    'DATA_BASE_PORT=tcp://172.17.0.2:80',
    'DATA_BASE_PORT_80_TCP_START=tcp://172.17.0.2:80',
    'DATA_BASE_PORT_80_TCP_PORT_START=80',
    'DATA_BASE_PORT_80_TCP_END=tcp://172.17.0.2:84',
    'DATA_BASE_PORT_80_TCP_PORT_END=84',
    'DATA_BASE_ENV_SECRET=x',
    'DATA_BASE_ENV_EMPTY=',
    ...own,
  ];
  assert.deepEqual([...env].sort(), expected.sort());
});

test('a link needs a container, at the start a running one; beside the default bridge it is an alias', () => {
  const stopped = record('database', {}, [], false);
  const table = tableOf(stopped);
  assert.throws(() => linksOf(table, record('web', {}, ['gone:x'])), {
    kind: 'invalid',
    message: 'could not get container for gone: No such container: gone',
  });
  assert.deepEqual(
    linksOf(table, record('web', {}, ['database'])).map(({ alias }) => alias),
    ['database'],
  );
  assert.throws(() => linkFacts(table, record('web', {}, ['database:db'])), {
    kind: 'conflict',
    message: 'Cannot link to a non running container: /database AS /web/db',
  });
  assert.deepEqual(linkedEnv(table, record('web', {}, ['database:db', 'gone:x'])), [], 'an exec runs all the same');
  assert.deepEqual(linkedEnv(tableOf(record('database', {})), record('web', {}, ['database:db', 'gone:x'])), [
    'DB_NAME=/web/db',
  ]);
  const elsewhere = { ...record('web', {}, ['gone:x']), hostConfig: { NetworkMode: 'own', Links: ['gone:x'] } };
  assert.deepEqual(linksOf(table, elsewhere), []);
});
