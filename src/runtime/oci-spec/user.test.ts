import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveUser } from './user.ts';

const PASSWD =
  'root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001:w:/home/web:/bin/sh\n# comment\nbad\nbig:x:70000:70000::/:\n42:x:7:8::/:\n';
const GROUP = 'root:x:0:\nweb:x:1001:\nextra:x:2000:web,other\nmore:x:2001:foo,web\n';

function resolve(user: string, groupAdd: readonly string[] = []): string {
  const { uid, gid, additionalGids } = resolveUser(user, groupAdd, (path) => (path === '/etc/passwd' ? PASSWD : GROUP));
  return `${uid}:${gid} ${additionalGids.join()}`;
}

/** The output of `docker run -u … id` with dockerd 28.5. */
const SEEN: readonly (readonly [user: string, identity: string])[] = [
  ['', '0:0 0'],
  ['root', '0:0 0'],
  ['web', '1000:1001 1001,2000,2001'],
  ['1000', '1000:1001 1001,2000,2001'],
  ['web:root', '1000:0 0'],
  ['web:extra', '1000:2000 2000'],
  ['1000:9999', '1000:9999 9999'],
  ['5', '5:0 0'],
  [':5', '0:5 5'],
  [':extra', '0:2000 2000'],
  ['big', '70000:70000 70000'],
  ['bad', '0:0 0'],
  // A number is never looked up as a name.
  ['42', '42:0 0'],
];

for (const [user, identity] of SEEN) {
  test(`--user ${JSON.stringify(user)} is ${identity}`, () => assert.equal(resolve(user), identity));
}

test('--group-add takes names and numbers, each once', () => {
  assert.equal(resolve('web', ['extra', '77']), '1000:1001 1001,2000,2001,77');
  assert.equal(resolve('', ['more']), '0:0 0,2001');
});

test('home is what passwd says, / for nobody it knows', () => {
  const home = (user: string): string => resolveUser(user, [], () => PASSWD).home;
  assert.deepEqual(['', 'web', 'big', '5'].map(home), ['/root', '/home/web', '/', '/']);
});

test('unknown names and numbers out of range are refused in the words that clients know', () => {
  const refuse = (user: string, message: string, groupAdd: readonly string[] = []): void =>
    assert.throws(() => resolve(user, groupAdd), { kind: 'failed', message });
  refuse('nosuch', 'unable to find user nosuch: no matching entries in passwd file');
  refuse('0:nosuch', 'unable to find group nosuch: no matching entries in group file');
  refuse('1:2:3', 'unable to find group 2:3: no matching entries in group file');
  refuse('', 'unable to find group nosuch: no matching entries in group file', ['nosuch']);
  for (const user of ['-1', '4294967296', '0:-1']) refuse(user, 'uids and gids must be in range 0-2147483647');
});

test('an image without passwd has numbers only', () => {
  assert.deepEqual(
    resolveUser('12:13', [], () => undefined),
    { uid: 12, gid: 13, additionalGids: [13], home: '/' },
  );
  assert.throws(() => resolveUser('root', [], () => undefined), /unable to find user root/);
});
