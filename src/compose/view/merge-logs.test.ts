import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PartSplitter } from './merge-logs.ts';

const [FIRST, SECOND] = ['2026-11-30T10:00:00.000000001Z', '2026-11-30T10:00:00.000000002Z'];

function splitter() {
  const found: ConstructorParameters<typeof PartSplitter>[1] = [];
  const taken = (): readonly string[] =>
    found.map(({ time, isBegin, text }) => `${isBegin ? time.at(-2) : '.'} ${JSON.stringify(String(text))}`);
  return { parts: new PartSplitter('out', found), taken };
}

test('passes on the parts of a long line, without the times that an engine repeats', () => {
  const { parts, taken } = splitter();
  parts.takeFrame(Buffer.from(`${FIRST} begin `));
  parts.takeFrame(Buffer.from(`${SECOND} middle `));
  parts.takeFrame(Buffer.from('end\n'));
  parts.takeFrame(Buffer.from(`${SECOND} ${FIRST} of the program\n`));
  assert.deepEqual(taken(), ['1 "begin "', '. "middle "', '. "end\\n"', `2 "${FIRST} of the program\\n"`]);
});

test('joins a time that came in two parts', () => {
  const { parts, taken } = splitter();
  parts.take(Buffer.from(`${FIRST} one\n${SECOND.slice(0, 7)}`));
  parts.take(Buffer.from(`${SECOND.slice(7)} two\n`));
  assert.deepEqual(taken(), ['1 "one\\n"', '2 "two\\n"']);
});
