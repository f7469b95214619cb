import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pruneOptions } from './prune-request.ts';

const NOW = Date.UTC(2026, 0, 2);
const request = (filters: Readonly<Record<string, readonly string[]>>) => ({
  ...{ all: false, filters, reservedSpace: 1, maxUsedSpace: 2, minFreeSpace: 3 },
});

test('filters of the API are conditions of BuildKit', () => {
  const options = pruneOptions(request({ id: ['abc'], type: ['regular'], inuse: [] }), NOW);
  assert.deepEqual(options, {
    all: false,
    filters: ['id~=abc,type==regular,inuse'],
    keepDurationMs: 0,
    ...{ reservedBytes: 1, maxUsedBytes: 2, minFreeBytes: 3 },
  });
  assert.deepEqual(pruneOptions(request({}), NOW).filters, []);
});

test('an age is a duration, or a time', () => {
  for (const name of ['until', 'unused-for']) {
    assert.equal(pruneOptions(request({ [name]: ['1h30m'] }), NOW).keepDurationMs, 90 * 60_000);
  }
  assert.equal(pruneOptions(request({ until: ['2026-01-01T00:00:00Z'] }), NOW).keepDurationMs, 24 * 3600_000);
  assert.equal(pruneOptions(request({ until: ['2027-01-01T00:00:00Z'] }), NOW).keepDurationMs, 0);
});

test('unknown filters, several values and two ages are refused', () => {
  assert.throws(() => pruneOptions(request({ mutable: [] }), NOW), { kind: 'invalid' });
  assert.throws(() => pruneOptions(request({ type: ['a', 'b'] }), NOW), { kind: 'invalid' });
  assert.throws(() => pruneOptions(request({ until: ['1h'], 'unused-for': ['1h'] }), NOW), { kind: 'conflict' });
  assert.throws(() => pruneOptions(request({ until: ['x'] }), NOW), { kind: 'invalid' });
});
