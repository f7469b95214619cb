import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const TOOL = fileURLToPath(new URL('../../tools/check-commits.mjs', import.meta.url));

/** What the check says of a repository whose commits after the first have these messages. */
function checked(...messages: readonly string[]): { readonly code: number | null; readonly text: string } {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-check-commits-'));
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.com', '-c', 'commit.gpgSign=false'];
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-C', folder, ...identity, ...args], { encoding: 'utf8' }).trim();
  try {
    git('init', '-q');
    git('commit', '-q', '--allow-empty', '-m', 'Before the check');
    const since = git('rev-parse', 'HEAD');
    for (const message of messages) git('commit', '-q', '--allow-empty', '-m', message);
    const { status, stdout } = spawnSync(process.execPath, [TOOL, folder, since], { encoding: 'utf8' });
    return { code: status, text: stdout };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the check of commits takes an area, a subject of at most 72 characters and a body', () => {
  const longest = `images: ${'x'.repeat(60)} end`;
  assert.equal(longest.length, 72);
  const messages = [longest, 'terminal, credentials: walk through a life', 'api/http: end a connection'];
  assert.deepEqual(checked(...messages.map((subject) => `${subject}\n\nThe reason.`)), {
    code: 0,
    text: 'commits ok (3)\n',
  });
});

test('the check of commits refuses a long subject, one without an area, and a commit without a body', () => {
  for (const [message, fault] of [
    [`images: ${'x'.repeat(61)} end\n\nThe reason.`, /the subject has 73 characters/],
    ['Fix the pull\n\nThe reason.', /the subject is not "area: imperative subject"/],
    ['images: Fix the pull\n\nThe reason.', /the subject is not "area: imperative subject"/],
    ['images: fix the pull', /the body is missing/],
  ] as const) {
    const { code, text } = checked('images: keep a layer\n\nThe reason.', message);
    assert.equal(code, 1, message);
    assert.match(text, fault);
    assert.equal(text.trim().split('\n').length, 1, text);
  }
});
