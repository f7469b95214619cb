// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Dockerfiles look like those of templates
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOf } from '../source-error.ts';
import { type LintInput, lintDockerfile } from './lint-dockerfile.ts';

const PLATFORM = { os: 'linux', architecture: 'amd64' };

function details(text: string, input: Partial<LintInput> = {}): string[] {
  const { warnings, error } = lintDockerfile(text, {
    buildArgs: new Map(),
    targetPlatform: PLATFORM,
    buildPlatform: PLATFORM,
    ...input,
  });
  return [...warnings.map(({ rule, detail }) => `${rule}: ${detail}`), ...(error === undefined ? [] : [error.message])];
}

test('the variables and the shell of a base image count', () => {
  const text = 'FROM base\nLABEL a=$FROM_BASE b=$OTHER\nCMD x\n';
  const baseImage = (): { env: Map<string, string>; hasShell: boolean } => ({
    env: new Map([['FROM_BASE', 'x']]),
    hasShell: true,
  });
  assert.deepEqual(details(text, { baseImage }), ["UndefinedVar: Usage of undefined variable '$OTHER'"]);
});

test('build arguments count', () => {
  const text = 'ARG V\nFROM scratch:${V:-1}\nARG W\nWORKDIR $W\n';
  assert.deepEqual(details(text, { buildArgs: new Map([['W', '/x']]) }), []);
  assert.match(details(text)[0] ?? '', /^WorkdirRelativePath: Relative workdir ""/);
});

test('stages that are not built are not looked into', () => {
  const text = 'FROM scratch AS a\nLABEL x=$y\nFROM scratch\nLABEL x=$z\n';
  assert.deepEqual(details(text, { stages: new Set([1]) }), ["UndefinedVar: Usage of undefined variable '$z'"]);
});

test('the options of the build stand for those of the file', () => {
  const text = '# check=skip=all\nFROM scratch AS A\n';
  assert.deepEqual(details(text), []);
  assert.deepEqual(details(text, { checks: 'error=true' }), [
    "StageNameCasing: Stage name 'A' should be lowercase",
    'lint violation found for rules: StageNameCasing',
  ]);
  assert.deepEqual(details(text, { checks: 'foo' }), ['failed to parse check options: invalid check option "foo"']);
});

test('a comment before an instruction skips rules for it alone', () => {
  const text = 'FROM scratch\n# check=skip=UndefinedVar\nLABEL a=$b\nLABEL a=$c\n';
  assert.deepEqual(details(text), ["UndefinedVar: Usage of undefined variable '$c'"]);
});

test('names of files and versions are no secrets', () => {
  assert.deepEqual(details('FROM scratch\nENV TOKEN_FILE=a KEY_VERSION=b\n'), []);
});

test('an error keeps the warnings before it, and has a place', () => {
  const text = 'FROM scratch as A\nCOPY --foo a b\nMAINTAINER x\n';
  const { warnings, error } = lintDockerfile(text, {
    buildArgs: new Map(),
    targetPlatform: PLATFORM,
    buildPlatform: PLATFORM,
  });
  assert.deepEqual(
    warnings.map(({ rule }) => rule),
    ['StageNameCasing', 'FromAsCasing'],
  );
  assert.equal(error?.message, 'dockerfile parse error on line 2: unknown flag: --foo (did you mean from?)');
  assert.deepEqual(placeOf(error), { start: { line: 2, column: 1 }, end: { line: 2, column: 15 } });
});
