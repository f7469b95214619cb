import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** A path of the repository in backticks. Capitals, stars and dots stand for a name of the reader's choice. */
const NAMED = /`((?:src|test|tools|docs|bench|packaging)\/[^`\s:]*)`/g;
const PLACEHOLDER = /[A-Z]{3,}|[*<{…]|\.\.\.|kebab-case/;
/** A source file, by its name alone or by the end of its path. */
const SOURCE = /(?<![\w*.…-])(?:[\w.-]+\/)*\w[\w.-]*\.(?:ts|mjs)\b/g;
/** A link of Markdown to a file. */
const LINK = /\]\((?!https?:)([^)#\s]+)/g;
const COMMENT = /(?:^\s*\/?\*+|(?:^|\s)\/\/)\s(.*)$/gm;

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const list = (...patterns: readonly string[]): readonly string[] =>
  execFileSync('git', ['-C', ROOT, 'ls-files', ...patterns], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);

test('documents name no file of the repository that is not there', () => {
  const documents = list('*.md');
  assert.ok(documents.length > 30);
  const missing = documents.flatMap((document) =>
    [...read(document).matchAll(NAMED)]
      .map(([, path = '']) => path)
      .filter((path) => !PLACEHOLDER.test(path) && !isThere(join(ROOT, path)))
      .map((path) => `${document}: ${path}`),
  );
  assert.deepEqual(missing, []);
});

test('documents link to no file that is not there', () => {
  const missing = list('*.md').flatMap((document) =>
    [...read(document).matchAll(LINK)]
      .map(([, path = '']) => path)
      .filter((path) => !existsSync(join(ROOT, dirname(document), path)))
      .map((path) => `${document}: ${path}`),
  );
  assert.deepEqual(missing, []);
});

test('documents and comments name no source file that is not there', () => {
  const paths = list().map((path) => `/${path}`);
  const missingIn = (where: string, text: string): readonly string[] =>
    [...text.matchAll(SOURCE)]
      .map(([path]) => path.replace(/^(?:\.\.?\/)+/, ''))
      .filter((path) => !PLACEHOLDER.test(path) && !paths.some((each) => each.endsWith(`/${path}`)))
      .map((path) => `${where}: ${path}`);
  const quoted = (text: string): string => [...text.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code).join('\n');
  const comments = (text: string): string => [...text.matchAll(COMMENT)].map(([, comment]) => comment).join('\n');
  assert.deepEqual(missingIn('here', comments('/** See gone.ts. */\nconst a = 1; // As folder/gone.mjs does.')), [
    'here: gone.ts',
    'here: folder/gone.mjs',
  ]);
  const missing = [
    ...list('*.md').flatMap((path) => missingIn(path, quoted(read(path)))),
    ...list('*.ts', '*.mjs', ':!test/tools/documents.test.ts').flatMap((path) => missingIn(path, comments(read(path)))),
  ];
  assert.deepEqual(missing, []);
});

/** A decision is named by its number. */
function isThere(path: string): boolean {
  if (existsSync(path)) return true;
  return existsSync(dirname(path)) && readdirSync(dirname(path)).some((name) => name.startsWith(`${basename(path)}-`));
}
