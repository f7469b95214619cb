import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { isolateNetwork, readXtables, xtablesInUse } from './index.ts';

isolateNetwork();
const COMMANDS = { ip: 'iptables-legacy', ip6: 'ip6tables-legacy' } as const;

for (const family of ['ip', 'ip6'] as const) {
  const iptables = (rule: string): string => execFileSync(COMMANDS[family], rule.split(' '), { encoding: 'utf8' });
  const isMissing = spawnSync(COMMANDS[family], ['-S']).status !== 0;
  const options = { skip: isMissing && `${COMMANDS[family]}, or the kernel tables that it needs, are missing` };

  test(`${COMMANDS[family]}: the policy of FORWARD is read without a process`, options, () => {
    assert.ok(xtablesInUse(family).includes('filter'));
    assert.equal(readXtables(family, 'filter').forwardDrops, false);
    iptables('-A INPUT -j DROP');
    iptables('-P INPUT DROP');
    assert.equal(readXtables(family, 'filter').forwardDrops, false);
    iptables('-P FORWARD DROP');
    assert.equal(readXtables(family, 'filter').forwardDrops, true);
    iptables('-t nat -S');
    assert.equal(readXtables(family, 'nat').forwardDrops, false, 'it has no such chain');
    assert.throws(() => readXtables(family, 'none'), { code: 'ENOENT' });
  });

  test(`${COMMANDS[family]}: a rule names a link by itself, by a pattern or as a port of a bridge`, options, () => {
    const named = (rule: string, link: string): boolean => {
      iptables(`-A FORWARD ${rule}`);
      const found = readXtables(family, 'filter').names(link);
      iptables(`-D FORWARD ${rule}`);
      return found;
    };
    assert.ok(named('-i docker0 -j ACCEPT', 'docker0'));
    assert.ok(named('-o docker0 -j ACCEPT', 'docker0'));
    assert.ok(named('-m comment --comment both ! -o docker0 -j DROP', 'docker0'));
    assert.ok(named('-o docker+ -j ACCEPT', 'docker0'));
    assert.ok(named('-m physdev --physdev-in docker0 -j ACCEPT', 'docker0'));
    assert.ok(named('-m comment --comment x -m physdev --physdev-out dock+ -j ACCEPT', 'docker0'));
    assert.equal(named('-i docker01 -m comment --comment docker0 -j ACCEPT', 'docker0'), false);
    assert.equal(named('-m physdev --physdev-in veth1 -j ACCEPT', 'docker0'), false);
    assert.equal(named('-j ACCEPT', 'docker0'), false);
    assert.equal(named('-i docker0 -j ACCEPT', 'docker'), false);
  });
}
