import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileOptions } from './file-options.ts';

const DEFAULTS = { maxSizeBytes: 5, maxFiles: 2, compress: false };

// Each message is that of dockerd 28.5 for these options, but for the limit of a size that -1 removes.
const REFUSED: readonly (readonly [driver: string, options: Readonly<Record<string, string>>, message: string])[] = [
  ['json-file', { 'max-size': 'x' }, "invalid size: 'x'"],
  ['json-file', { 'max-size': '' }, "invalid size: ''"],
  ['json-file', { 'max-size': '0' }, 'max-size must be a positive number'],
  ['json-file', { 'max-file': 'x' }, 'strconv.Atoi: parsing "x": invalid syntax'],
  ['json-file', { 'max-file': '0' }, 'max-file cannot be less than 1'],
  ['json-file', { compress: 'x' }, 'strconv.ParseBool: parsing "x": invalid syntax'],
  [
    'json-file',
    { compress: 'true', 'max-file': '1' },
    'compress cannot be true when max-file is less than 2 or max-size is not set',
  ],
  [
    'json-file',
    { compress: 'true', 'max-size': '-1' },
    'compress cannot be true when max-file is less than 2 or max-size is not set',
  ],
  ['local', { 'max-size': 'x' }, "invalid value for max-size: x: invalid size: 'x'"],
  ['local', { 'max-file': 'x' }, 'invalid value for max-file: x: strconv.Atoi: parsing "x": invalid syntax'],
  ['local', { compress: 'x' }, 'error reading compress log option: strconv.ParseBool: parsing "x": invalid syntax'],
  ['local', { compress: 'true', 'max-file': '1' }, 'compression cannot be enabled when max file count is 1'],
];

for (const [driver, options, message] of REFUSED) {
  test(`${driver} with ${JSON.stringify(options)} is refused`, () =>
    assert.throws(() => fileOptions(driver, options, DEFAULTS), { kind: 'invalid', message }));
}

test('options that are not given are those of the engine', () => {
  assert.deepEqual(fileOptions('json-file', {}, DEFAULTS), DEFAULTS);
  assert.deepEqual(fileOptions('local', { 'max-size': '10k', 'max-file': '3', compress: 'T' }, DEFAULTS), {
    maxSizeBytes: 10_240,
    maxFiles: 3,
    compress: true,
  });
  assert.deepEqual(fileOptions('json-file', { 'max-size': '-1' }, DEFAULTS), { ...DEFAULTS, maxSizeBytes: 0 });
});
