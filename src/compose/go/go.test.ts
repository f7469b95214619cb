import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byBytes } from './by-bytes.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { formatFloat, jsonFloat } from './format-float.ts';
import { naturalOrder } from './natural-order.ts';
import { resolveScalar } from './resolve-scalar.ts';
import { shellWords } from './shell-words.ts';

test('durations are read and written as in Go', () => {
  const texts = ['0', '1m30s', '-1.5h', '2w1d', '1500us', '.5s', '1h0m0.25s'];
  const shown = texts.map((text) => formatDuration(parseDuration(text) ?? -1n));
  assert.deepEqual(shown, ['0s', '1m30s', '-1h30m0s', '360h0m0s', '1.5ms', '500ms', '1h0m0.25s']);
  for (const text of ['', '1', 's', '1x', '1 s', '1s1', '999999999h'])
    assert.equal(parseDuration(text), undefined, text);
});

test('floats have the shortest digits, and an exponent where Go has one', () => {
  assert.deepEqual(
    [0.5, 123456, 1234567, 1e6, 1e21, 0.0001, 0.00001].map((value) => formatFloat(value, 64)),
    ['0.5', '123456', '1.234567e+06', '1e+06', '1e+21', '0.0001', '1e-05'],
  );
  assert.equal(formatFloat(Math.fround(0.1), 32), '0.1');
  assert.deepEqual(
    [1e6, 1e-7].map((value) => jsonFloat(value, 64)),
    ['1000000', '1e-7'],
  );
});

test('keys are sorted by numbers within, and for JSON by bytes', () => {
  const names = ['web10', 'web2', 'Web', 'web-a', 'web', '10', '9', '01', '1'];
  assert.deepEqual([...names].sort(naturalOrder), ['1', '01', '9', '10', 'Web', 'web', 'web-a', 'web2', 'web10']);
  assert.deepEqual(['\u{1f600}', '\uffee', 'b', 'a'].sort(byBytes), ['a', 'b', '\uffee', '\u{1f600}']);
});

test('plain scalars are what Go reads them as', () => {
  const read = (text: string): string => `${resolveScalar(text).tag} ${resolveScalar(text).value}`;
  assert.deepEqual(
    [
      '1',
      '0777',
      '0o17',
      '0x1F',
      '0b11',
      '1_000',
      '1.5',
      '1e3',
      '.5',
      '-.inf',
      'yes',
      'True',
      '~',
      '2024-01-02',
      '1:30',
    ].map(read),
    [
      ...['int 1', 'int 511', 'int 15', 'int 31', 'int 3', 'int 1000', 'float 1.5', 'float 1000', 'float 0.5'],
      ...['float -Infinity', 'str yes', 'bool true', 'null null', 'timestamp 2024-01-02', 'str 1:30'],
    ],
  );
});

test('a command is split like that of a shell, up to the first operator', () => {
  assert.deepEqual(shellWords(`a 'b c' "d e" f\\ g '' && h`), ['a', 'b c', 'd e', 'f g', '']);
  assert.deepEqual(shellWords('run 2>file'), ['run']);
  assert.deepEqual(shellWords('a $(b c) `d e`'), ['a', '$(b c)', '`d e`']);
  for (const line of [`'a`, '"a', 'a \\', '(a)', '`a']) assert.equal(shellWords(line), undefined, line);
});
