import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { dropUserKey, putUserKey, readUserKey } from './keyring.ts';

const description = `gantry:test:${process.pid}`;

/** Containers' filters often forbid these calls. */
const skip = (() => {
  try {
    putUserKey(description, randomBytes(1));
    dropUserKey(description);
    return false;
  } catch (error) {
    return `this machine keeps no keys in its kernel for us: ${String(error)}`;
  }
})();

test('a key is there for the processes of the user until it is dropped', { skip }, (t) => {
  t.after(() => dropUserKey(description));
  assert.equal(readUserKey(description), undefined);
  const secret = randomBytes(32);
  putUserKey(description, randomBytes(16));
  putUserKey(description, secret);
  assert.deepEqual(readUserKey(description), secret);
  const module = new URL('./keyring.ts', import.meta.url).href;
  const script = `import { readUserKey } from ${JSON.stringify(module)};
    process.stdout.write(readUserKey(${JSON.stringify(description)})?.toString('hex') ?? 'none');`;
  const inAnother = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.equal(inAnother, secret.toString('hex'));
  dropUserKey(description);
  dropUserKey(description);
  assert.equal(readUserKey(description), undefined);
});

test('nobody but the user may do anything with it', { skip }, (t) => {
  t.after(() => dropUserKey(description));
  putUserKey(description, randomBytes(8));
  const line = readFileSync('/proc/keys', 'utf8')
    .split('\n')
    .find((each) => each.includes(description));
  assert.match(line ?? '', / 3f3f0000 /);
});
