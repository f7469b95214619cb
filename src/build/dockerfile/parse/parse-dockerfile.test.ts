import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOf } from '../source-error.ts';
import { parseDockerfile } from './parse-dockerfile.ts';
import type { ParsedInstruction } from './tree.ts';

function only(text: string): ParsedInstruction {
  const { instructions } = parseDockerfile(text);
  assert.equal(instructions.length, 1);
  return instructions[0] as ParsedInstruction;
}

function errorOf(text: string): { message: string; place: ReturnType<typeof placeOf> } {
  try {
    parseDockerfile(text);
  } catch (error) {
    return { message: (error as Error).message, place: placeOf(error) };
  }
  throw new Error('no error');
}

test('an instruction has a keyword, flags, words and a place', () => {
  const copy = only('  COPY --from=x --link a "b" c  \n');
  assert.equal(copy.name, 'COPY');
  assert.deepEqual(copy.flags, ['--from=x', '--link']);
  assert.deepEqual(copy.words, ['a', '"b"', 'c']);
  assert.equal(copy.original, 'COPY --from=x --link a "b" c  ');
  assert.deepEqual(copy.range, { start: { line: 1, column: 3 }, end: { line: 1, column: 33 } });
});

test('lines are joined, comments and blank lines within left out', () => {
  const text = '# first\nRUN a \\\n# comment\n\n  b \\  \n  # another\n  c\nRUN d\n';
  const { instructions, emptyContinuations } = parseDockerfile(text);
  assert.deepEqual(
    instructions.map(({ original }) => original),
    ['RUN a   b   c', 'RUN d'],
  );
  assert.deepEqual(instructions[0]?.range, { start: { line: 2, column: 1 }, end: { line: 7, column: 4 } });
  assert.deepEqual(instructions[0]?.comments, ['first']);
  assert.deepEqual(instructions[1]?.comments, []);
  assert.deepEqual(emptyContinuations, [7]);
});

test('an escaped escape at the end continues nothing', () => {
  assert.deepEqual(
    parseDockerfile('RUN a \\\\\nRUN b\n').instructions.map(({ original }) => original),
    ['RUN a \\\\', 'RUN b'],
  );
});

test('another escape character is chosen by a directive', () => {
  const parsed = parseDockerfile('# escape=`\r\nRUN a\\\r\nRUN b `\r\n c\r\n');
  assert.equal(parsed.escapeChar, '`');
  assert.deepEqual(
    parsed.instructions.map(({ original }) => original),
    ['RUN a\\', 'RUN b  c'],
  );
  assert.deepEqual(
    parsed.directives.map(({ name, value }) => [name, value]),
    [['escape', '`']],
  );
});

test('a directive after a comment, a blank line or an instruction is a comment', () => {
  for (const head of ['# x\n', '\n', 'ARG a\n', '# unknown=x\n']) {
    assert.equal(parseDockerfile(`${head}# escape=\`\nFROM a\n`).escapeChar, '\\', head);
  }
});

test('a byte order mark is not part of the first line', () => {
  assert.equal(only('\ufeffFROM a').name, 'FROM');
});

test('a JSON list is the exec form, and other text in brackets is not', () => {
  assert.deepEqual(only('CMD [ "a", "b c" ]').words, ['a', 'b c']);
  assert.equal(only('CMD ["a"]').isJson, true);
  assert.deepEqual(only("CMD ['a']").words, ["['a']"]);
  assert.deepEqual(only('COPY ["a b", "c"]').words, ['a b', 'c']);
  assert.deepEqual(only('COPY ["a b", c]').words, ['["a', 'b",', 'c]']);
  assert.match(errorOf('CMD ["a", 1]').message, /^when using JSON array syntax/);
});

test('key and value pairs have a new and an old form', () => {
  assert.deepEqual(only('ENV a=b "c d"=\'e f\' g=h\\ i').pairs, [
    { key: 'a', value: 'b', isLegacy: false },
    { key: '"c d"', value: "'e f'", isLegacy: false },
    { key: 'g', value: 'h\\ i', isLegacy: false },
  ]);
  assert.deepEqual(only('LABEL a  b c=d').pairs, [{ key: 'a', value: 'b c=d', isLegacy: true }]);
});

test('an instruction within ONBUILD is split too', () => {
  const { inner, heredocs } = only('ONBUILD COPY --link <<A /x\ny\nA\n');
  assert.deepEqual([inner?.name, inner?.flags, inner?.words], ['COPY', ['--link'], ['<<A', '/x']]);
  assert.deepEqual(
    heredocs.map(({ name, content }) => [name, content]),
    [['A', 'y\n']],
  );
});

test('heredocs follow their instruction, in order, and belong to its place', () => {
  const run = only('RUN <<A cat 3<<-"B C"\na $x\nA\n\tb\n\tB C\n');
  assert.deepEqual(run.heredocs, [
    { name: 'A', cutsTabs: false, expands: true, fileDescriptor: 0, content: 'a $x\n' },
    { name: 'B C', cutsTabs: true, expands: false, fileDescriptor: 3, content: '\tb\n' },
  ]);
  assert.deepEqual(run.range.end, { line: 5, column: 5 });
});

test('a quoted << and one in a JSON list or another keyword starts no heredoc', () => {
  for (const text of ['RUN echo "<<A"', 'RUN ["<<A"]', 'CMD <<A', 'RUN a <<<A', 'RUN a<<A', 'RUN echo \\<<A']) {
    assert.deepEqual(only(text).heredocs, [], text);
  }
});

test('errors have a place', () => {
  assert.deepEqual(errorOf('FROM a\nENV \\\n b\n'), {
    message: 'ENV must have two arguments',
    place: { start: { line: 2, column: 1 }, end: { line: 3, column: 3 } },
  });
  assert.deepEqual(errorOf('FROM a\nRUN <<E\nx\n'), {
    message: 'unterminated heredoc',
    place: { start: { line: 2, column: 1 }, end: { line: 3, column: 2 } },
  });
  assert.deepEqual(errorOf('# escape=x\nFROM a').place?.start, { line: 1, column: 1 });
});
