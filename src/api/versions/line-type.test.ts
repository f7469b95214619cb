import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineType } from './line-type.ts';

test('a stream is written as the client likes best of what is known', () => {
  for (const [accept, type] of [
    [undefined, 'application/json'],
    ['*/*', 'application/json'],
    ['application/x-ndjson', 'application/x-ndjson'],
    ['text/html, application/json-seq;q=0.5', 'application/json-seq'],
    ['application/json-seq; q=0.5, application/x-ndjson;q=0.9', 'application/x-ndjson'],
    ['Application/JSON-seq, application/json', 'application/json-seq'],
    ['application/json-seq;q=0', 'application/json'],
    ['application/json-seq;q=x', 'application/json'],
  ] as const) {
    assert.equal(lineType(accept), type, accept);
  }
});
