import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** A path of the repository in backticks. Capitals, stars and dots stand for a name of the reader's choice. */
const NAMED = /`((?:src|test|tools|docs|bench|packaging)\/[^`\s:]*)`/g;
const PLACEHOLDER = /[A-Z]{3,}|[*<{…]|\.\.\./;

test('documents name no file of the repository that is not there', () => {
  const documents = execFileSync('git', ['-C', ROOT, 'ls-files', '*.md'], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);
  assert.ok(documents.length > 30);
  const missing = documents.flatMap((document) =>
    [...readFileSync(join(ROOT, document), 'utf8').matchAll(NAMED)]
      .map(([, path = '']) => path)
      .filter((path) => !PLACEHOLDER.test(path) && !isThere(join(ROOT, path)))
      .map((path) => `${document}: ${path}`),
  );
  assert.deepEqual(missing, []);
});

/** A decision is named by its number. */
function isThere(path: string): boolean {
  if (existsSync(path)) return true;
  return existsSync(dirname(path)) && readdirSync(dirname(path)).some((name) => name.startsWith(`${basename(path)}-`));
}
