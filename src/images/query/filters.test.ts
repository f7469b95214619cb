import assert from 'node:assert/strict';
import { test } from 'node:test';
import { booleanFilter, labelsExcluded, labelsMatch } from './filters.ts';

test('labels match by key, or by key and value, and all of them', () => {
  const labels = { a: '1', b: '' };
  assert.ok(labelsMatch(['a', 'a=1', 'b='], labels));
  assert.ok(!labelsMatch(['a', 'c'], labels));
  assert.ok(!labelsMatch(['toString'], labels));
  assert.ok(labelsExcluded(['c', 'a=2'], labels));
  assert.ok(!labelsExcluded(['c', 'a'], labels));
});

test('booleans are Go’s', () => {
  assert.deepEqual(
    ['1', 'T', 'false', '0'].map((value) => booleanFilter({ x: [value] }, 'x')),
    [true, true, false, false],
  );
  assert.throws(() => booleanFilter({ x: ['yes'] }, 'x'), { kind: 'invalid' });
  assert.throws(() => booleanFilter({ x: ['true', 'false'] }, 'x'), { kind: 'invalid' });
});
