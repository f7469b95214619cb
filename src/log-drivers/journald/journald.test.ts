import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeEntry, fieldName } from './journal-entry.ts';

test('an entry has a line for each field, and the length of a value with a line feed', () => {
  assert.equal(
    encodeEntry([
      ['PRIORITY', '6'],
      ['MESSAGE', Buffer.from('a\0b')],
    ]).toString(),
    'PRIORITY=6\nMESSAGE=a\0b\n',
  );
  assert.equal(encodeEntry([['X', 'a\nb']]).toString(), 'X\n\x03\0\0\0\0\0\0\0a\nb\n');
});

test('names of labels and variables become names of fields as with dockerd', () => {
  assert.deepEqual(['A', 'b-c', 'l.m', '__x', '_', 'com.example/1'].map(fieldName), [
    'A',
    'B_C',
    'L_M',
    'X',
    '',
    'COM_EXAMPLE_1',
  ]);
});
