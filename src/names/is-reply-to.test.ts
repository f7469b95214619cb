import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { isReplyTo } from './is-reply-to.ts';
import { queryFor } from './names.fixture.ts';

const bytes = queryFor('Web.example', 1);
const asked = { bytes, questionEnd: bytes.length };
const isReply = (reply: Buffer): boolean => isReplyTo(reply, 7, asked);

test('a reply has the id and the question, in any case', () => {
  assert.equal(isReply(queryFor('wEb.EXAMPLE', 1, { id: 7, flags: 0x8180 })), true);
  assert.equal(isReply(queryFor('web.example', 1, { id: 8, flags: 0x8180 })), false);
  assert.equal(isReply(queryFor('web.example', 1, { id: 7, flags: 0x0100 })), false);
  assert.equal(isReply(queryFor('web.example', 28, { id: 7, flags: 0x8180 })), false);
  assert.equal(isReply(queryFor('web.examplf', 1, { id: 7, flags: 0x8180 })), false);
  assert.equal(isReply(queryFor('web', 1, { id: 7, flags: 0x8180 })), false);
  assert.equal(isReply(Buffer.alloc(5)), false);
});

test('an error may come without the question', () => {
  assert.equal(isReply(queryFor('', 1, { id: 7, flags: 0x8181, questions: 0 }).subarray(0, 12)), true);
  assert.equal(isReply(queryFor('', 1, { id: 7, flags: 0x8180, questions: 0 }).subarray(0, 12)), false);
  assert.equal(isReply(queryFor('', 1, { id: 7, flags: 0x8183, questions: 0 }).subarray(0, 12)), false);
});
