import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trimSpace } from '../../../base/go-space.ts';
import { csvFields } from './csv-fields.ts';
import { parseDuration } from './duration.ts';
import { parseBoolean, parseInteger, parseUnsigned } from './numbers.ts';
import { quote } from './quote.ts';
import { didYouMean, didYouMeanAnyCase } from './suggest.ts';

test('a text is quoted as Go quotes it', () => {
  assert.equal(quote('a "b"\\\n\t\x01\x7f\u00a0é😀\u200b'), '"a \\"b\\"\\\\\\n\\t\\x01\\x7f\\u00a0é😀\\u200b"');
});

test('white space is that of Go', () => {
  assert.equal(trimSpace('\u0085 \u00a0a\ufeff\u3000'), 'a\ufeff');
  assert.equal(trimSpace(' \t '), '');
});

test('booleans and numbers have the forms of Go', () => {
  assert.deepEqual(['1', 'T', 'True', '0', 'f', 'yes', 'TrUe'].map(parseBoolean), [
    true,
    true,
    true,
    false,
    false,
    undefined,
    undefined,
  ]);
  assert.deepEqual(
    [parseUnsigned('755', 8), parseUnsigned('9', 8), parseUnsigned('4294967296', 10)],
    [0o755, undefined, undefined],
  );
  assert.equal(parseInteger('-3'), -3);
  assert.throws(() => parseInteger('x'), { message: 'strconv.ParseInt: parsing "x": invalid syntax' });
  assert.throws(() => parseInteger('2147483648'), /value out of range$/);
});

test('durations have several units and fractions', () => {
  assert.equal(parseDuration('1h1m1.5s'), 3661.5e9);
  assert.equal(parseDuration('-1.5us'), -1500);
  assert.equal(parseDuration('0'), 0);
  assert.throws(() => parseDuration('1'), { message: 'time: missing unit in duration "1"' });
  assert.throws(() => parseDuration('1x'), { message: 'time: unknown unit "x" in duration "1x"' });
  assert.throws(() => parseDuration('x'), { message: 'time: invalid duration "x"' });
  assert.throws(() => parseDuration(''), { message: 'time: invalid duration ""' });
});

test('comma separated values may be quoted as a whole', () => {
  assert.deepEqual(csvFields('a,"b,""c""",,d'), ['a', 'b,"c"', '', 'd']);
  assert.throws(() => csvFields('a,b"c'), { message: 'parse error on line 1, column 4: bare " in non-quoted-field' });
  assert.throws(() => csvFields('"a'), /column 3: extraneous or missing " in quoted-field$/);
});

test('a suggestion is at most two edits away, and never the text itself', () => {
  assert.equal(didYouMean('chwon', ['from', 'chown'], '--'), ' (did you mean --chown?)');
  assert.equal(didYouMean('xyz', ['chown']), '');
  assert.equal(didYouMean('chown', ['chmod', 'chown']), '');
  assert.equal(didYouMeanAnyCase('FRON', ['from']), ' (did you mean FROM?)');
  assert.equal(didYouMeanAnyCase('fRon', ['from']), ' (did you mean from?)');
});
