import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Records } from '../../src/base/records.ts';

export interface Thing {
  readonly name: string;
  readonly size?: bigint;
}

/** Registers the tests that every table passes. */
export function recordsSuite(name: string, open: () => Records<Thing>): void {
  test(`${name}: records are found by key, replaced in their place and deleted, also twice`, () => {
    const records = open();
    assert.deepEqual([records.get('a'), records.all()], [undefined, []]);
    records.put('b', { name: 'b' });
    records.put('a', { name: 'a', size: 2n ** 60n });
    records.put('b', { name: 'changed' });
    assert.deepEqual(records.get('a'), { name: 'a', size: 2n ** 60n });
    assert.deepEqual(
      records.all().map((record) => record.name),
      ['changed', 'a'],
      'in the order of their first put',
    );
    for (const key of ['b', 'b', 'unknown']) records.delete(key);
    assert.equal(records.get('b'), undefined);
    assert.deepEqual(
      records.all().map((record) => record.name),
      ['a'],
    );
  });

  test(`${name}: a change of an object that was put does not reach the record`, () => {
    const records = open();
    const thing = { name: 'before' };
    records.put('a', thing);
    thing.name = 'after';
    assert.deepEqual(records.get('a'), { name: 'before' });
  });
}
