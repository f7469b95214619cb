import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFlags } from '../flags/parse.ts';
import { ContainerEnds } from './container-ends.ts';
import { UP_FLAGS } from './up-flags.ts';

const OLD = 'a'.repeat(64);
const NEW = 'b'.repeat(64);

function ends(...words: readonly string[]): ContainerEnds {
  const made = new ContainerEnds(parseFlags(UP_FLAGS, words, { interspersed: true }).flags);
  made.expect([{ id: OLD, name: 'web-1', service: 'web', number: 1, isRunning: false }]);
  return made;
}

const ended = (id: string, exitCode: number) => ({ id, name: 'web-1', service: 'web', exitCode, restarts: false });

test('a container that another one replaces ends nothing, and the other one does', async () => {
  for (const words of [[], ['--abort-on-container-exit']]) {
    const all = ends(...words);
    all.replace({ id: NEW, service: 'web' }, OLD.slice(0, 12));
    all.take(ended(OLD, 137));
    assert.equal(await Promise.race([all.done, 'goes on']), 'goes on');
    all.take(ended(NEW, 3));
    assert.equal((await all.done)?.exitCode, words.length === 0 ? undefined : 3);
    assert.equal(all.codeOf('web'), 3);
    await all.empty;
  }
});

test('a container that replaces an unknown one is not waited for', async () => {
  const all = ends();
  all.replace({ id: NEW, service: 'web' }, 'c'.repeat(12));
  all.take(ended(OLD, 0));
  await all.empty;
});
