import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CopyEnd, keepEnding, planCopy, renamed, splitPath } from './copy-plan.ts';

const file = (path: string): CopyEnd => ({ path, exists: true, isDirectory: false });
const folder = (path: string): CopyEnd => ({ path, exists: true, isDirectory: true });
const nothing = (path: string): CopyEnd => ({ path, exists: false, isDirectory: false });

/** The destination of an entry of the archive. */
function lands(source: CopyEnd, target: CopyEnd, entry: string): string {
  const plan = planCopy(source, target);
  return `${plan.directory} ${renamed(entry, plan)}`;
}

test("docker cp's table: where an entry of the archive ends up", () => {
  const cases: readonly (readonly [source: CopyEnd, target: CopyEnd, entry: string, lands: string])[] = [
    [file('/s/f'), folder('/t/d'), 'f', '/t/d f'],
    [file('/s/f'), file('/t/x'), 'f', '/t x'],
    [file('/s/f'), nothing('/t/x'), 'f', '/t x'],
    [folder('/s/d'), folder('/t/d'), 'd/a', '/t/d d/a'],
    [folder('/s/d'), nothing('/t/x'), 'd/d/a', '/t x/d/a'],
    [folder('/s/d'), nothing('/t/x/'), 'd/a', '/t x/a'],
    [folder('/s/d/.'), folder('/t/d'), './a', '/t/d ./a'],
    [folder('/s/d/.'), nothing('/t/x'), './a', '/t x/a'],
    [folder('/'), nothing('/t/x'), '/bin/sh', '/t x/bin/sh'],
    [folder('/s/d'), nothing(''), 'd/a', '. ./a'],
    [{ ...file('/s/real'), rebaseName: 'link' }, nothing('/t/x'), 'link', '/t x'],
  ];
  for (const [source, target, entry, expected] of cases) assert.equal(lands(source, target, entry), expected);
});

test('what cannot be is refused in the words of docker', () => {
  assert.throws(() => planCopy(folder('/s/d'), file('/t/x')), { message: 'cannot copy directory' });
  assert.throws(() => planCopy(file('/s/f'), nothing('/t/x/')), { message: 'no such directory' });
  assert.throws(() => planCopy(file('/s/f'), nothing('/t/x/.')), { message: 'no such directory' });
});

test('names of archives are bytes, and change at their beginning alone', () => {
  assert.equal(renamed('Ã¼/a', { renames: [{ from: 'ü', to: 'é' }] }), 'Ã©/a');
  assert.equal(renamed('a/a/a', { renames: [{ from: 'a', to: 'b' }] }), 'b/a/a');
  assert.equal(
    renamed('real/x', {
      renames: [
        { from: 'real', to: 'link' },
        { from: 'link', to: 'new' },
      ],
    }),
    'new/x',
  );
});

test('a dot at the end of a path means what is in it', () => {
  assert.deepEqual(splitPath('/a/b/.'), ['/a/b', '.']);
  assert.deepEqual(splitPath('/a/b/'), ['/a', 'b']);
  assert.deepEqual(splitPath('/'), ['/', '/']);
  assert.equal(keepEnding('/x', 'y/.'), '/x/.');
  assert.equal(keepEnding('/x', 'y/'), '/x/');
  assert.equal(keepEnding('/', 'y/'), '/');
});
