// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Dockerfiles look like those of templates
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createExpander } from './expand.ts';

const VARIABLES = new Map([
  ['A', 'value'],
  ['EMPTY', ''],
  ['SPACED', 'a b'],
  ['P', '/usr/lib/x.tar.gz'],
]);

function expand(text: string, mode = {}): string {
  return createExpander('\\').expand(text, VARIABLES, mode).text;
}

test('names that are used and names without a value are told apart', () => {
  const { used, undefined: missing } = createExpander('\\').expand('$A ${B:-$C} "${A:+$D}"', VARIABLES);
  assert.deepEqual([...used], ['A']);
  assert.deepEqual([...missing].sort(), ['B', 'C', 'D']);
});

test('a value with a default, an alternative and a message', () => {
  assert.equal(expand('${B:-x}${EMPTY:-y}${EMPTY-z}${A:+w}${EMPTY:+v}'), 'xyw');
  assert.throws(() => expand('${B?not here}'), { message: 'failed to process "${B?not here}": B: not here' });
  assert.throws(() => expand('${EMPTY:?}'), /EMPTY: is not allowed to be empty$/);
});

test('patterns cut and replace', () => {
  assert.equal(expand('${P#*/} ${P##*/} ${P%.*} ${P%%.*}'), 'usr/lib/x.tar.gz x.tar.gz /usr/lib/x.tar /usr/lib/x');
  assert.equal(expand('${P/\\//_} ${P//\\//_} ${P//x?/-}'), '_usr/lib/x.tar.gz _usr_lib_x.tar.gz /usr/lib/-tar.gz');
});

test('unquoted blanks split words, also those of values', () => {
  const { words } = createExpander('\\').expand('a "b c" $SPACED "$SPACED" d\\ e \'\'', VARIABLES);
  assert.deepEqual(words, ['a', 'b c', 'a', 'b', 'a b', 'd e']);
});

test('another escape character leaves backslashes alone', () => {
  const { text } = createExpander('`').expand('C:\\$A `$A "`$A"', VARIABLES);
  assert.equal(text, 'C:\\value $A $A');
});

test('what a mode keeps stays', () => {
  assert.equal(
    expand('"$A" \'b\' \\c $B ${B:-d}', { keepsQuotes: true, keepsEscapes: true, keepsUnset: true }),
    '"value" \'b\' \\c $B ${B:-d}',
  );
  assert.equal(expand('"$A\' \\$A', { ignoresQuotes: true }), '"value\' $A');
});

test('quotes and braces need an end', () => {
  assert.throws(() => expand('"a'), /looking for matching double-quote$/);
  assert.throws(() => expand("'a"), /looking for matching single-quote$/);
  assert.throws(() => expand('${A'), /unsupported modifier|missing '}'/);
  assert.throws(() => expand('${A:-b'), /syntax error: missing '}'$/);
  assert.throws(() => expand('${}'), /syntax error: bad substitution$/);
});

test('deep nesting ends in an error', () => {
  const deep = `${'${a:-'.repeat(20_000)}x${'}'.repeat(20_000)}`;
  assert.throws(() => expand(deep), /substitutions are nested too deeply$/);
  assert.equal(expand(`${'${a:-'.repeat(100)}x${'}'.repeat(100)}`), 'x');
});

test('values that double end in an error', () => {
  const expander = createExpander('\\');
  let value = 'x'.repeat(1024);
  assert.throws(() => {
    for (let round = 0; round < 64; round++) value = expander.expand('$v$v', new Map([['v', value]])).text;
  }, /the expanded text is too long$/);
});

test('all expansions of a file together have a limit', () => {
  const expander = createExpander('\\', 1000);
  expander.expand('x'.repeat(900), VARIABLES);
  assert.throws(() => expander.expand('x'.repeat(200), VARIABLES), /takes too long$/);
});

test('a pattern with many stars takes time in proportion to its length', () => {
  const variables = new Map([['v', 'a'.repeat(10_000)]]);
  assert.equal(createExpander('\\').expand(`\${v#${'*a'.repeat(500)}b}`, variables).text.length, 10_000);
  const long = new Map([['v', 'a'.repeat(1_000_000)]]);
  assert.throws(() => createExpander('\\').expand(`\${v#${'*a'.repeat(30_000)}b}`, long), /takes too long$/);
});
