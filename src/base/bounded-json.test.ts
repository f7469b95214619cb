import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBoundedJson } from './bounded-json.ts';

const parse = (text: string): unknown => parseBoundedJson(Buffer.from(text));

test('JSON of a usual shape is parsed, whatever its strings hold', () => {
  const value = { a: ['x,y', '[[[', '\\', '"', '\\"]', 'ü'], b: { c: null, d: 1e3 } };
  assert.deepEqual(parse(JSON.stringify(value)), value);
  assert.deepEqual(parse(JSON.stringify({ brackets: '['.repeat(200_000) })), { brackets: '['.repeat(200_000) });
  assert.deepEqual(
    parse(`${'['.repeat(1000)}${']'.repeat(1000)}`),
    JSON.parse(`${'['.repeat(1000)}${']'.repeat(1000)}`),
  );
  const tags = Array.from({ length: 100_000 }, (_, index) => `v${index}`);
  assert.deepEqual(parse(JSON.stringify({ tags })), { tags });
});

test('what would take far more memory and time than its text is refused', () => {
  const refusals = [
    [`${'['.repeat(1001)}${']'.repeat(1001)}`, /nests deeper than 1000 levels/],
    ['{"a":'.repeat(1_000_000), /nests deeper than 1000 levels/],
    [`[${'[],'.repeat(60_000)}[]]`, /more than 50000 objects and lists/],
    [`[${'0,'.repeat(1_000_001)}0]`, /more than 1000000 values/],
  ] as const;
  for (const [text, message] of refusals) assert.throws(() => parse(text), { kind: 'invalid', message });
});

test('what is not JSON is a syntax error, strings without an end too', () => {
  for (const text of ['', '{', '"', '"\\', ']', '[}', '{"a"', ']]]][[[['])
    assert.throws(() => parse(text), SyntaxError);
});
