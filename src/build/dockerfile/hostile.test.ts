import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../base/errors.ts';
import { ignoreRules, parseIgnoreFile } from '../../spec/index.ts';
import { type LintResult, lintDockerfile } from './lint/lint-dockerfile.ts';
import { parseDockerfile } from './parse/parse-dockerfile.ts';

const PLATFORM = { os: 'linux', architecture: 'amd64' };

function lint(text: string): LintResult {
  return lintDockerfile(text, { buildArgs: new Map(), targetPlatform: PLATFORM, buildPlatform: PLATFORM });
}

function errorOf(text: string): string | undefined {
  return lint(text).error?.message;
}

test('a file has at most 16 MiB, and a line 64 KiB', () => {
  assert.match(errorOf(`FROM a\n${'# x\n'.repeat(2 ** 22)}`) ?? '', /^Dockerfile exceeds maximum allowed size/);
  assert.throws(() => parseDockerfile('x'.repeat(2 ** 28)), /exceeds maximum allowed size/);
  assert.equal(errorOf(`FROM a\nLABEL a=${'x'.repeat(65_527)}\n`), undefined);
  assert.equal(
    errorOf(`FROM a\nLABEL a=${'é'.repeat(32_764)}\n`),
    'dockerfile line greater than max allowed size of 65535',
  );
});

test('an instruction has at most 1 MiB over all its lines', () => {
  assert.equal(errorOf(`FROM a\nRUN a${`\\\n${'b'.repeat(60_000)}`.repeat(20)}\n`), 'the instruction is too long');
});

test('a file has a limited number of instructions, words and stages', () => {
  assert.equal(errorOf(`FROM a\n${'RUN b\n'.repeat(50_000)}`), 'the Dockerfile has too many instructions');
  assert.equal(
    errorOf(`FROM a\n${`ARG${' b'.repeat(30_000)}\n`.repeat(20)}`),
    'the Dockerfile has too many instructions',
  );
  assert.equal(errorOf('FROM scratch\n'.repeat(1001)), 'the Dockerfile has too many stages');
});

test('a long chain of stages with many variables is looked at in bounded time', () => {
  const stage = (_: unknown, at: number): string =>
    `FROM ${at === 0 ? 'scratch' : `s${at - 1}`} AS s${at}\n${`ENV v${at}=$missing${at}\n`.repeat(10)}`;
  const { warnings, error } = lint(Array.from({ length: 1000 }, stage).join(''));
  assert.equal(error, undefined);
  assert.equal(warnings.length, 10_000);
});

test('a value that doubles in every instruction ends in an error', () => {
  assert.match(
    errorOf(`FROM a\nENV v=${'x'.repeat(1000)}\n${'ENV v=$v$v\n'.repeat(60)}`) ?? '',
    /expanded text is too long$/,
  );
});

test('nested ONBUILD, quotes and braces end in an error', () => {
  assert.match(errorOf(`FROM a\n${'ONBUILD '.repeat(8000)}RUN a\n`) ?? '', /Chaining ONBUILD/);
  assert.match(errorOf(`FROM a\nLABEL a=${'${b:-"'.repeat(10_000)}\n`) ?? '', /nested too deeply|double-quote|missing/);
  assert.match(errorOf(`FROM a\nRUN ${'['.repeat(60_000)}\n`) ?? 'none', /none/);
});

test('a directive line of blanks takes no time', () => {
  assert.equal(errorOf(`# escape=${' '.repeat(65_000)}\nFROM a\n`), undefined);
  assert.equal(errorOf(`# escape${' '.repeat(65_000)}\nFROM a\n`), undefined);
});

test('a heredoc with a million lines is read', () => {
  const { instructions } = parseDockerfile(`RUN <<A\n${'x\n'.repeat(1_000_000)}A\n`);
  assert.equal(instructions[0]?.heredocs[0]?.content.length, 2_000_000);
});

test('whatever the text, there is a result or an error with a message', () => {
  const parts = [
    'FROM ',
    'scratch',
    ' AS a',
    'RUN ',
    'COPY ',
    '--mount=',
    'type=cache',
    '--from=a',
    ' ',
    '\n',
    '\\\n',
    '\\',
    '`',
    '"',
  ];
  parts.push(
    "'",
    '$',
    '{',
    '}',
    ':-',
    '#',
    '%',
    '/',
    '<<',
    'EOF',
    '[',
    ']',
    ',',
    '=',
    '# check=',
    'ENV ',
    'ARG ',
    'a',
    'ONBUILD ',
  );
  parts.push(
    'EXPOSE ',
    '80:',
    'HEALTHCHECK ',
    'CMD ',
    '--interval=',
    '\r\n',
    '\t',
    '\ufeff',
    '\ud800',
    '😀',
    '\0',
    '*',
    '?',
    '!',
  );
  let seed = 1;
  const next = (limit: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % limit;
  };
  for (let round = 0; round < 5000; round++) {
    const text = Array.from({ length: next(60) }, () => parts[next(parts.length)]).join('');
    const { error } = lint(`FROM scratch\n${text}`);
    assert.notEqual(error?.message, '', text);
    assert.equal(ignoreFault(text), undefined, text);
  }
});

/** An error that is none of the text. */
function ignoreFault(text: string): unknown {
  try {
    ignoreRules(parseIgnoreFile(text)).ignores('a/b/EOF');
    return undefined;
  } catch (error) {
    return error instanceof EngineError && error.kind === 'invalid' ? undefined : error;
  }
}
