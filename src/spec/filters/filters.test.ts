import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyValue, booleanFilter, compileFilters, type FilterRules } from './filters.ts';
import { labelRule, notLabelRule } from './labels.ts';

interface Item {
  readonly kind: string;
  readonly labels: Readonly<Record<string, string>> | null;
}

const RULES: FilterRules<Item> = {
  kind: anyValue((item, value) => item.kind === value),
  label: labelRule((item) => item.labels),
  'label!': notLabelRule((item) => item.labels),
};

const passes = (filters: Parameters<typeof compileFilters>[0], labels: Item['labels'] = { a: '1', b: '' }): boolean =>
  compileFilters(filters, RULES, undefined)({ kind: 'web', labels });

test('values are alternatives, filters are all required, and none passes everything', () => {
  assert.ok(passes({}));
  assert.ok(passes({ kind: [] }));
  assert.ok(passes({ kind: ['db', 'web'] }));
  assert.ok(!passes({ kind: ['web'], label: ['c'] }));
});

test('labels match by key, or by key and value, and all of them', () => {
  assert.ok(passes({ label: ['a', 'a=1', 'b='] }));
  assert.ok(!passes({ label: ['a', 'c'] }));
  assert.ok(!passes({ label: ['a'] }, null));
  assert.ok(passes({ 'label!': ['c', 'a=2'] }));
  assert.ok(passes({ 'label!': ['a'] }, null));
  assert.ok(!passes({ 'label!': ['c', 'a'] }));
});

test('names that every object inherits are neither labels nor filters', () => {
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    assert.ok(!passes({ label: [name] }), name);
    assert.ok(passes({ 'label!': [name] }), name);
    const filters = Object.fromEntries([[name, ['x']]]);
    assert.throws(() => passes(filters), { kind: 'invalid', message: `invalid filter '${name}'` });
  }
  assert.ok(passes({ label: ['constructor=x'] }, { constructor: 'x' }));
});

test('booleans are those of dockerd', () => {
  assert.equal(booleanFilter({}, 'x'), undefined);
  const read = (...values: string[]): boolean | undefined => booleanFilter({ x: values }, 'x');
  assert.deepEqual([read('1'), read('true'), read('false'), read('0')], [true, true, false, false]);
  assert.throws(() => read('T'), { kind: 'invalid', message: "invalid filter 'x=[T]'" });
  assert.throws(() => read('true', 'false'), { message: "invalid filter 'x=[true false]'" });
  assert.throws(() => read(), { message: "invalid filter 'x'" });
});
