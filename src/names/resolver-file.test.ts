import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { nameServers, ResolverFile } from './resolver-file.ts';

test('only the addresses of nameserver lines count', () => {
  const text = `# nameserver 1.1.1.1
;nameserver 1.1.1.2
search example.com
  nameserver\t10.0.0.1 10.0.0.2
nameserver fe80::1%eth0
nameserver fd00::53
nameserver dns.example
nameserver
options ndots:0`;
  assert.deepEqual(nameServers(text), ['10.0.0.1', 'fd00::53']);
});

test('a changed file is read again, a second after the last look', () => {
  const directory = mkdtempSync(join(tmpdir(), 'resolver-'));
  const path = join(directory, 'resolv.conf');
  let now = 0;
  const file = new ResolverFile(path, () => now);
  assert.deepEqual(file.servers(), []);
  writeFileSync(path, 'nameserver 10.0.0.1\n');
  assert.deepEqual(file.servers(), []);
  now = 1000;
  assert.deepEqual(file.servers(), ['10.0.0.1']);
  writeFileSync(`${path}.new`, 'nameserver 10.0.0.2\n');
  renameSync(`${path}.new`, path);
  now = 1999;
  assert.deepEqual(file.servers(), ['10.0.0.1']);
  now = 2000;
  assert.deepEqual(file.servers(), ['10.0.0.2']);
  rmSync(directory, { recursive: true });
  now = 3000;
  assert.deepEqual(file.servers(), []);
});
