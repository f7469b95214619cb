import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../base/logger.ts';
import { lockBridge, lockDataRoot, writePidfile } from './lock.ts';

function folder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'gantry-lock-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test('a data root belongs to one engine at a time', () => {
  using dir = folder();
  const root = join(dir.path, 'data');
  {
    using _lock = lockDataRoot(root);
    assert.throws(() => lockDataRoot(root), { kind: 'conflict', message: /another engine is running/ });
  }
  using _again = lockDataRoot(root);
});

test('a bridge belongs to one engine at a time, and its lock leaves nothing', () => {
  const bridge = `test-${process.pid}`;
  {
    using _lock = lockBridge(bridge, silentLogger);
    using _other = lockBridge(`${bridge}-2`, silentLogger);
    assert.throws(() => lockBridge(bridge, silentLogger), {
      kind: 'conflict',
      message: /another engine is running on the bridge .* own --bridge-name and --bip/,
    });
  }
  {
    using _again = lockBridge(bridge, silentLogger);
  }
  const left = existsSync('/run/gantry-bridges') ? readdirSync('/run/gantry-bridges') : [];
  assert.deepEqual(
    left.filter((name) => name.includes(bridge)),
    [],
  );
});

test('a pid file is replaced when its process is gone or is not an engine, and removed at the end', () => {
  using dir = folder();
  const path = join(dir.path, 'run', 'pid');
  {
    using _file = writePidfile(path, silentLogger);
    assert.equal(readFileSync(path, 'utf8'), `${process.pid}\n`);
  }
  assert.equal(existsSync(path), false);
  for (const stale of ['999999999\n', '1\n', 'nonsense', '']) {
    writeFileSync(path, stale);
    using _file = writePidfile(path, silentLogger);
    assert.equal(readFileSync(path, 'utf8'), `${process.pid}\n`);
  }
});

test('a pid file that another engine has written since stays', () => {
  using dir = folder();
  const path = join(dir.path, 'pid');
  {
    using _file = writePidfile(path, silentLogger);
    writeFileSync(path, '999999999\n');
  }
  assert.equal(readFileSync(path, 'utf8'), '999999999\n');
});
