import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { before, test } from 'node:test';
import { isolateNetwork } from './network-namespace.ts';
import { type Nftables, openNftables, openNftCommand } from './nftables.ts';

before(isolateNetwork);

const TABLE = `add table ip demo
add map ip demo ports { type inet_proto . inet_service : ipv4_addr . inet_service; }
add chain ip demo one { type nat hook prerouting priority -100; policy accept; }
`;

for (const [name, open] of [
  ['the library', openNftables],
  ['the command', openNftCommand],
] as const) {
  test(`${name} runs transactions, prints lists and tells what is missing or there`, () => {
    using nftables = open();
    assert.equal(nftables.kind, name === 'the library' ? 'library' : 'command');
    nftables.run(TABLE);
    nftables.run('add element ip demo ports { tcp . 80 : 10.0.0.2 . 8080 }\n');
    assert.match(nftables.run('list map ip demo ports\n'), /(tcp|6) \. 80 : 10\.0\.0\.2 \. 8080/);
    fails(nftables, 'add element ip demo ports { tcp . 80 : 10.0.0.9 . 1 }\n', { exists: true, missing: false });
    fails(nftables, 'delete element ip demo ports { tcp . 81 }\n', { exists: false, missing: true });
    fails(nftables, 'not a command\n', { exists: false, missing: false });
    assert.equal(nftables.run('delete table ip demo\n'), '');
    assert.equal(nftables.run('list tables\n').trim(), '');
  });

  test(`a transaction of ${name} that fails changes nothing`, () => {
    using nftables = open();
    nftables.run(TABLE);
    assert.throws(() =>
      nftables.run('add element ip demo ports { tcp . 1 : 10.0.0.2 . 1 }\ndelete element ip demo ports { tcp . 2 }\n'),
    );
    assert.doesNotMatch(nftables.run('list map ip demo ports\n'), /10\.0\.0\.2/);
    nftables.run('delete table ip demo\n');
  });
}

test('no descriptor of the library is inherited by containers, and closing leaves none', () => {
  const before = sockets();
  const nftables = openNftables();
  nftables.run('list tables\n');
  const opened = sockets().filter((fd) => !before.includes(fd));
  assert.ok(opened.length > 0);
  for (const fd of opened) assert.ok(closesOnExec(fd), `descriptor ${fd}`);
  nftables[Symbol.dispose]();
  nftables[Symbol.dispose]();
  assert.deepEqual(sockets(), before);
  assert.throws(() => nftables.run('list tables\n'), /closed/);
});

function fails(nftables: Nftables, commands: string, expected: { exists: boolean; missing: boolean }): void {
  assert.throws(() => nftables.run(commands), { name: 'NftablesError', ...expected });
}

function sockets(): readonly string[] {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  });
}

function closesOnExec(fd: string): boolean {
  const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0';
  return (Number.parseInt(flags, 8) & 0o2000000) !== 0;
}
