import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MIGRATIONS } from './migrate.ts';
import { openStateDb } from './state-db.ts';

test('networks of schema 1 get pools, scope and flags', (t) => {
  const path = mkdtempSync(join(tmpdir(), 'gantry-db-'));
  t.after(() => rmSync(path, { recursive: true }));
  const old = openStateDb(path, { ballastBytes: 65536, migrations: MIGRATIONS.slice(0, 1) });
  const common = { created: 'then', builtIn: true, options: { o: '1' }, labels: {} };
  const stored = old.table<object>('networks', { durable: true });
  stored.put('b', { ...common, id: 'b', name: 'bridge', driver: 'bridge', subnet: '10.0.0.0/24', gateway: '10.0.0.1' });
  stored.put('n', { ...common, id: 'n', name: 'none', driver: 'null' });
  old.close();

  const db = openStateDb(path, { ballastBytes: 65536 });
  const added = {
    ...{ scope: 'local', enableIpv4: true, enableIpv6: false, internal: false, attachable: false, ingress: false },
    ...{ configOnly: false, configFrom: '' },
  };
  const ipam = (...pools: readonly object[]) => ({ ipam: { driver: 'default', options: null, pools } });
  assert.deepEqual(db.table('networks', { durable: true }).all(), [
    {
      ...{ ...common, id: 'b', name: 'bridge', driver: 'bridge' },
      ...added,
      ...ipam({ subnet: '10.0.0.0/24', gateway: '10.0.0.1' }),
    },
    { ...common, id: 'n', name: 'none', driver: 'null', ...added, ...ipam() },
  ]);
  db.close();
});
