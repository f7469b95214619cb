import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Digest, ObjectId } from '../../base/ids.ts';
import { memoryRecords } from '../../base/records.ts';
import type { ContainerConfig } from '../../spec/index.ts';
import { type ContainerRecord, NEVER_STARTED } from '../model/record.ts';
import { ContainerTable } from '../tables/container-table.ts';
import { linkedEnv, linkFacts, linkNames, linksOf, resolveLinks } from './links.ts';

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

// As a dockerd 28.5 sets them for the same two containers.
test('a link gives a name in /etc/hosts and dockerd’s variables, with those of ports in a row', () => {
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
    'DATA_BASE_PORT_90_TCP_START=tcp://172.17.0.2:90',
    'DATA_BASE_PORT_90_TCP_PORT_START=90',
    'DATA_BASE_PORT_90_TCP_END=tcp://172.17.0.2:91',
    'DATA_BASE_PORT_90_TCP_PORT_END=91',
    'DATA_BASE_ENV_SECRET=x',
    'DATA_BASE_ENV_EMPTY=',
    ...own,
  ];
  assert.deepEqual([...env].sort(), expected.sort());
});

test('ports in a row are of one protocol, as in dockerd 28.5', () => {
  for (const [ports, rows] of [
    [['80/tcp', '82/tcp'], []],
    [['80/tcp', '81/udp'], []],
    [['80/udp', '81/udp'], ['80_UDP 81']],
    [
      ['80/tcp', '81/tcp', '83/tcp', '84/tcp', '85/tcp'],
      ['80_TCP 81', '83_TCP 85'],
    ],
    [['9/udp', '10/tcp', '11/tcp', '11/udp', '12/tcp'], ['10_TCP 12']],
  ] as const) {
    const target = record('database', { ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])) });
    const { env } = linkFacts(tableOf(target), record('web', {}, ['/database:/web/a']));
    const shown = env.flatMap((line) => /^A_PORT_(\w+)_PORT_END=(\d+)$/.exec(line)?.slice(1).join(' ') ?? []);
    assert.deepEqual(shown, rows, ports.join());
  }
});

const message = (text: string, kind: string) => ({ kind, message: text });

/** As create stores it. */
function linked(table: ContainerTable, one: ContainerRecord): ContainerRecord {
  return { ...one, links: resolveLinks(table, one) };
}

test('a link needs a container, at the start a running one; beside the default bridge it is an alias', () => {
  const stopped = record('database', {}, [], false);
  const table = tableOf(stopped);
  assert.throws(
    () => resolveLinks(table, record('web', {}, ['gone:x'])),
    message('could not get container for gone: No such container: gone', 'invalid'),
  );
  assert.deepEqual(
    resolveLinks(table, record('web', {}, ['database', 'database:x', 'database:x'])).map(({ alias }) => alias),
    ['database', 'x'],
  );
  const web = linked(table, record('web', {}, ['database:db']));
  assert.throws(
    () => linkFacts(table, web),
    message('Cannot link to a non running container: /database AS /web/db', 'conflict'),
  );
  const elsewhere = { ...record('web', {}, ['gone:x']), hostConfig: { NetworkMode: 'own', Links: ['gone:x'] } };
  assert.deepEqual(resolveLinks(table, elsewhere), []);
});

test('a target that is gone keeps its name in the message, and an exec runs without it', () => {
  const table = tableOf(record('database', {}), record('cache', {}));
  const web = linked(table, record('web', {}, ['database:db', 'cache']));
  table.rename(table.resolve('cache'), 'store');
  table.drop(table.resolve('database'));
  assert.deepEqual(
    linksOf(table, web).map(({ alias, targetName, target }) => [alias, targetName, target !== undefined]),
    [
      ['db', 'database', false],
      ['cache', 'store', true],
    ],
  );
  assert.throws(
    () => linkFacts(table, web),
    message('Cannot link to a non running container: /database AS /web/db', 'conflict'),
  );
  assert.deepEqual(linkedEnv(table, web), ['CACHE_NAME=/web/cache']);
});

test('a link to a container on the host’s network is refused, one to a joined network leads to its end', () => {
  const joins = (name: string, mode: string) => ({ ...record(name, {}), hostConfig: { NetworkMode: mode } });
  const table = tableOf(record('database', {}), joins('near', 'container:database'), joins('far', 'container:near'));
  for (const one of [joins('host', 'host'), joins('onhost', 'container:host')]) table.insert(one);
  assert.equal(resolveLinks(table, record('web', {}, ['far:db']))[0]?.target, table.resolve('database').id);
  const refusal =
    "conflicting options: host type networking can't be used with links. This would result in undefined behavior";
  for (const target of ['host', 'onhost'])
    assert.throws(() => resolveLinks(table, record('web', {}, [target])), message(refusal, 'invalid'));
});

test('a target that is not on the default bridge has no address to link to', () => {
  const { sandbox: _, ...lonely } = record('lonely', {});
  const table = tableOf({ ...lonely, hostConfig: { NetworkMode: 'none' } });
  const web = linked(table, record('web', {}, ['lonely:x']));
  assert.throws(
    () => linkFacts(table, web),
    message(`container ${lonely.id} not attached to default bridge network`, 'failed'),
  );
});

test('a container is found by the names of its links, which follow the names of their owners', () => {
  const table = tableOf(record('database', {}));
  table.insert(linked(table, record('web', {}, ['database:db', 'database'])));
  const database = table.resolve('database');
  assert.equal(table.resolve('web/db'), database);
  assert.equal(table.resolve('/web/database'), database);
  for (const ref of ['web/x', 'web/db/x', 'nope/db', '/db']) assert.equal(table.find(ref), undefined, ref);
  assert.deepEqual([...linkNames(table)], [[database.id, ['/web/db', '/web/database']]]);
  table.rename(table.resolve('web'), 'site');
  assert.equal(table.resolve('site/db'), database);
  assert.equal(table.find('web/db'), undefined);
});
