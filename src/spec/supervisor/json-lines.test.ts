import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JsonLines } from './json-lines.ts';

test('lines are found however the bytes are cut', () => {
  const bytes = Buffer.from('{"a":"é"}\n{"b":2}\n{"c":');
  for (let step = 1; step <= bytes.length; step++) {
    const lines = new JsonLines(100);
    const found: unknown[] = [];
    for (let at = 0; at < bytes.length; at += step) found.push(...lines.push(bytes.subarray(at, at + step)));
    assert.deepEqual(found, [{ a: 'é' }, { b: 2 }]);
  }
});

test('the first line is taken, the rest is given back untouched', () => {
  const lines = new JsonLines(100);
  assert.equal(lines.first(Buffer.from('{"k":')), undefined);
  const first = lines.first(Buffer.from('1}\nraw\nbytes'));
  assert.deepEqual(first?.value, { k: 1 });
  assert.equal(first?.rest.toString(), 'raw\nbytes');
});

test('a line without end, and bad JSON, are refused', () => {
  assert.throws(() => new JsonLines(10).push(Buffer.alloc(11, 'x')), RangeError);
  assert.throws(() => new JsonLines(10).push(Buffer.from('{]\n')), SyntaxError);
});
