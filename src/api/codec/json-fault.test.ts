import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonFault } from './json-fault.ts';

/** Recorded from dockerd 28.5, after its `invalid JSON: `. */
const RECORDED: readonly (readonly [text: string, fault: string])[] = [
  ...[
    '{',
    '[',
    '"',
    '"a',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    'tru',
    '-',
    '1.',
    '1e',
    '1e+',
    '{"a":"\\u12',
    '[[',
    '',
  ].map((text) => [text, 'unexpected EOF'] as const),
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
  ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair"],
  ['{"a":1]', "invalid character ']' after object key:value pair"],
  ['[1 2]', "invalid character '2' after array element"],
  ['[1}', "invalid character '}' after array element"],
  ['[1,]', "invalid character ']' looking for beginning of value"],
  ['{"a":}', "invalid character '}' looking for beginning of value"],
  ['trux', "invalid character 'x' in literal true (expecting 'e')"],
  ['nulx', "invalid character 'x' in literal null (expecting 'l')"],
  ['falsy', "invalid character 'y' in literal false (expecting 'e')"],
  ['-a', "invalid character 'a' in numeric literal"],
  ['1.a', "invalid character 'a' in numeric literal"],
  ['1ex', "invalid character 'x' in numeric literal"],
  ['{"a":"\u0001"}', "invalid character '\\x01' in string"],
  ['{"a":"\n"}', "invalid character '\\n' in string"],
  ['{"a":"\t"}', "invalid character '\\t' in string"],
  ['{"a":"\\q"}', 'invalid escape sequence `\\q` in string'],
  ['{"a":"\\u12x4"}', 'invalid escape sequence `\\u12x4` in string'],
  ...['x', '}', ']', ',', ':', '[[[x', '{"a":.5}', '{"a":+1}', '{"a":NaN}', '/*x*/{}', 'ÿþ{}', '😀'].map((text) => {
    const char = [...text].find((each) => !'[{"a:'.includes(each) || text === ':') ?? '';
    return [text, `invalid character '${char}' looking for beginning of value`] as const;
  }),
  ['{} x', 'unexpected content after JSON'],
  ['{}{}', 'unexpected content after JSON'],
  ['[{"a":[1,2,{"b":null}]}, true, -1.5e3, "\\u00e9\\n"] ]', 'unexpected content after JSON'],
];

test('a text that is not JSON is described as dockerd does', () => {
  for (const [text, fault] of RECORDED) {
    assert.throws(() => JSON.parse(text), SyntaxError, text);
    assert.equal(jsonFault(text), fault, text);
  }
});

test('as deep as a body may be', () => {
  assert.equal(jsonFault('['.repeat(1_000_000)), 'unexpected EOF');
  assert.equal(jsonFault('{"a":'.repeat(1_000_000)), 'unexpected EOF');
});
