import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildOutput, heldBack } from './build-output.ts';

test('stderr of a step is red, and no character is divided', () => {
  const sent: unknown[] = [];
  const write = buildOutput((message) => sent.push(message)).step();
  const bytes = Buffer.from('aü');
  write('stdout', bytes.subarray(0, 2));
  write('stderr', Buffer.from('wrong\n'));
  write('stdout', bytes.subarray(2));
  assert.deepEqual(sent, [{ stream: 'a' }, { stream: '\u001b[91mwrong\n\u001b[0m' }, { stream: 'ü' }]);
});

test('messages that are held back are sent once, and only when they are released', () => {
  const sent: unknown[] = [];
  const held = heldBack((message) => sent.push(message));
  held.send({ stream: 'one' });
  assert.deepEqual(sent, []);
  held.release();
  held.release();
  assert.deepEqual(sent, [{ stream: 'one' }]);
});
