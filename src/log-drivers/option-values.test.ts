import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBool, parseDuration, parseInteger, parseSize } from './option-values.ts';

test('durations are Go’s', () => {
  const read: readonly (readonly [string, number])[] = [
    ['1s', 1000],
    ['1.5m2s', 92_000],
    ['-1h', -3_600_000],
    ['+.5s', 500],
    ['100us', 0.1],
    ['2µs1ns', 0.002_001],
    ['0', 0],
  ];
  for (const [text, milliseconds] of read) assert.ok(Math.abs(parseDuration(text) - milliseconds) < 1e-9, text);
  for (const [text, message] of [
    ['x', 'time: invalid duration "x"'],
    ['', 'time: invalid duration ""'],
    ['-', 'time: invalid duration "-"'],
    ['5', 'time: missing unit in duration "5"'],
    ['5x', 'time: unknown unit "x" in duration "5x"'],
    ['1s.', 'time: invalid duration "1s."'],
    ['5constructor', 'time: unknown unit "constructor" in duration "5constructor"'],
  ] as const)
    assert.throws(() => parseDuration(text), { kind: 'invalid', message });
});

test('booleans, sizes and integers are Go’s', () => {
  assert.deepEqual(['1', 'T', 'True', 'f', '0'].map(parseBool), [true, true, true, false, false]);
  assert.throws(() => parseBool('yes'), { message: 'strconv.ParseBool: parsing "yes": invalid syntax' });
  assert.equal(parseSize('10k'), 10_240);
  assert.throws(() => parseSize('-1'), { message: "invalid size: '-1'" });
  const port = { parser: 'ParseUint', min: 0, max: 65_535 } as const;
  assert.equal(parseInteger('080', port), 80);
  assert.throws(() => parseInteger('-1', port), { message: 'strconv.ParseUint: parsing "-1": invalid syntax' });
  assert.throws(() => parseInteger('99999', port), {
    message: 'strconv.ParseUint: parsing "99999": value out of range',
  });
  assert.equal(parseInteger('-1', { parser: 'Atoi', min: -1, max: 9 }), -1);
});
