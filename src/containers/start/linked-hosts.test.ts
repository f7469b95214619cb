import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFullDisk } from '../../../test/support/full-disk.ts';
import { silentLogger } from '../../base/logger.ts';
import { containerPaths } from '../model/paths.ts';
import type { ContainerRecord } from '../model/record.ts';
import type { Entry } from '../tables/entry.ts';
import { updateLinkedHosts } from './linked-hosts.ts';

const target = { id: 'db' } as ContainerRecord;
const web = {
  id: 'web',
  state: { running: true },
  links: [{ target: 'db', alias: 'db' }],
} as unknown as ContainerRecord;

function linked(dataRoot: string, text: string) {
  const { folder, hosts } = containerPaths(dataRoot, 'web');
  mkdirSync(folder, { recursive: true });
  writeFileSync(hosts, text);
  const warnings: string[] = [];
  const deps = {
    dataRoot,
    logger: { ...silentLogger, warn: (_fields: object, message: string) => void warnings.push(message) },
    table: { entries: () => [{ record: web } as Entry].values() as IterableIterator<Entry> },
  };
  return { hosts, warnings, update: (address: string) => updateLinkedHosts(deps, target, address) };
}

test('the address of a link changes, other lines stay, and a huge file is left alone', () => {
  const dataRoot = mkdtempSync(join(tmpdir(), 'gantry-hosts-'));
  const { hosts, warnings, update } = linked(dataRoot, '1.2.3.4\tother\n172.17.0.2\tdb web-db\n');
  update('172.17.0.10');
  assert.equal(readFileSync(hosts, 'utf8'), '1.2.3.4\tother\n172.17.0.10\tdb web-db\n');
  assert.deepEqual(warnings, []);
  // Longer than the longest string of Node. The container pays for no block of it.
  truncateSync(hosts, 2 ** 30);
  update('172.17.0.2');
  assert.equal(statSync(hosts).size, 2 ** 30);
  assert.deepEqual(warnings, ['cannot update the hosts file of a container']);
  rmSync(dataRoot, { recursive: true });
});

test('on a full disk the file of a running container is not emptied', () => {
  using disk = makeFullDisk(4);
  const { hosts, update } = linked(disk.path, '172.17.0.2\tdb web-db\n');
  disk.fill();
  update('172.17.0.3');
  assert.equal(readFileSync(hosts, 'utf8'), '172.17.0.3\tdb web-db\n');
});
