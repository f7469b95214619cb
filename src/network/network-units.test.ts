import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryRecords } from '../base/records.ts';
import type { Filters } from '../spec/index.ts';
import { storeDefaultNetworks } from './catalogue/default-networks.ts';
import { networkFilter } from './catalogue/list-filters.ts';
import { droppingChains } from './firewall/foreign-policy.ts';
import { checkTableName, renderAddElements, renderDeleteElements } from './firewall/table.ts';
import type { HostSurvey } from './kernel/protocol.ts';
import { defaultGateway } from './model/default-gateway.ts';
import { formatHardwareAddress, newHardwareAddress, parseHardwareAddress } from './model/hardware-address.ts';
import type { NetworkRecord } from './model/network-record.ts';
import { linkSysctls, sysctlKey } from './model/sysctl-key.ts';
import { defaultBridge, kernelConfig, type NetworkConfig } from './network-config.ts';

function stored(config: Partial<NetworkConfig>, survey: HostSurvey, records = memoryRecords<NetworkRecord>()) {
  const full = { execRoot: '/run/x', engineId: 'x', ...config };
  const plan = defaultBridge(full);
  storeDefaultNetworks(records, full, plan && { plan, survey });
  return records;
}

const bridgeOf = (records: ReturnType<typeof stored>) => records.all().find(({ name }) => name === 'bridge');

test('the default bridge has what the user wants, else what the bridge has, else what it had, else a free subnet', () => {
  const quiet: HostSurvey = { routes: [], bridge: undefined };
  const crossing: HostSurvey = { routes: [{ destination: '172.17.0.0', prefixLength: 24 }], bridge: undefined };
  const present: HostSurvey = {
    routes: [],
    bridge: { kind: 'bridge', ours: false, mtu: 1500, addresses: [{ address: '10.9.0.7', prefixLength: 24 }] },
  };
  const gateways = (config: Partial<NetworkConfig>, survey: HostSurvey, records?: ReturnType<typeof stored>) => {
    const bridge = bridgeOf(stored(config, survey, records));
    const [pool] = bridge?.ipam.pools ?? [];
    return `${pool?.subnet} ${pool?.gateway}`;
  };
  assert.equal(gateways({ bip: '10.5.0.9/16' }, present), '10.5.0.0/16 10.5.0.9');
  assert.equal(gateways({}, present), '10.9.0.0/24 10.9.0.7');
  assert.equal(gateways({}, quiet), '172.17.0.0/16 172.17.0.1');
  assert.equal(gateways({}, crossing), '172.18.0.0/16 172.18.0.1');
  const before = stored({}, crossing);
  assert.equal(gateways({}, quiet, before), '172.18.0.0/16 172.18.0.1');
  assert.equal(gateways({ addressPools: [{ base: '10.0.0.0/8', size: 24 }] }, quiet, before), '10.0.0.0/24 10.0.0.1');
});

test('ids and times of the built-in networks stay, and --bridge none takes the default one away', () => {
  const survey: HostSurvey = { routes: [], bridge: undefined };
  const records = stored({}, survey);
  const before = new Map(records.all().map((record) => [record.name, record]));
  assert.deepEqual([...before.keys()].sort(), ['bridge', 'host', 'none']);
  stored({}, survey, records);
  for (const record of records.all()) assert.deepEqual(record, before.get(record.name));
  stored({ bridge: 'none' }, survey, records);
  assert.deepEqual(
    records
      .all()
      .map(({ name }) => name)
      .sort(),
    ['host', 'none'],
  );
});

test('options that cannot be are refused', () => {
  for (const bip of ['10.0.0.0/24', '10.0.0.255/24', '10.0.0.1/31', '10.0.0.1', 'x', '::1/64']) {
    assert.throws(() => defaultBridge({ execRoot: '/x', engineId: 'x', bip }), { kind: 'invalid' }, bip);
  }
  for (const bridgeName of ['a"b', 'sixteen-letters-', 'a b', '..', 'a/b', 'ü']) {
    assert.throws(() => defaultBridge({ execRoot: '/x', engineId: 'x', bridgeName }), { kind: 'invalid' }, bridgeName);
  }
  for (const table of ['', '1a', 'a b', 'a;b', 'a{', 'x'.repeat(70)]) {
    assert.throws(() => checkTableName(table), { kind: 'invalid' }, table);
  }
});

test('engines with other bridges or folders have other link groups, never that of ordinary links', () => {
  const groups = ['/a', '/b', '/c'].map((execRoot) => kernelConfig({ execRoot, engineId: 'x' }).linkGroup);
  assert.equal(new Set(groups).size, 3);
  for (const group of groups) assert.ok(group >= 0x40000000 && group < 2 ** 32 && group % 2 === 0);
});

test('chains of others that drop forwarded packets are found', () => {
  const listed = `table ip filter { # handle 1
	chain FORWARD { # handle 2
		type filter hook forward priority filter; policy drop;
	}
	chain DOCKER-USER { # handle 3
	}
}
table inet ufw {
	chain input {
		type filter hook input priority 0; policy drop;
	}
	chain fwd {
		type filter hook forward priority -5; policy drop;
	}
	chain fine {
		type filter hook forward priority 0; policy accept;
	}
}
`;
  assert.deepEqual(droppingChains(listed), [
    { family: 'ip', table: 'filter', chain: 'FORWARD' },
    { family: 'inet', table: 'ufw', chain: 'fwd' },
  ]);
});

test('elements are one command per map', () => {
  const elements = [
    { kind: 'translated', hostAddress: null, protocol: 'tcp', hostPort: 80, address: '10.0.0.2', port: 8080 },
    { kind: 'translated', hostAddress: null, protocol: 'udp', hostPort: 81, address: '10.0.0.2', port: 81 },
    { kind: 'translated', hostAddress: '127.0.0.1', protocol: 'tcp', hostPort: 82, address: '10.0.0.2', port: 82 },
  ] as const;
  assert.equal(
    renderAddElements('t', elements),
    'add element ip t ports { tcp . 80 : 10.0.0.2 . 8080, udp . 81 : 10.0.0.2 . 81 }\n' +
      'add element ip t address_ports { 127.0.0.1 . tcp . 82 : 10.0.0.2 . 82 }\n',
  );
  assert.equal(
    renderDeleteElements('t', elements),
    'delete element ip t ports { tcp . 80, udp . 81 }\ndelete element ip t address_ports { 127.0.0.1 . tcp . 82 }\n',
  );
  assert.equal(renderAddElements('t', []), '');
});

test('hardware addresses are unicast, locally administered and read back', () => {
  for (let count = 0; count < 100; count++) {
    const bytes = newHardwareAddress();
    assert.equal((bytes[0] ?? 0) & 3, 2);
    assert.deepEqual(parseHardwareAddress(formatHardwareAddress(bytes)), bytes);
  }
  assert.equal(formatHardwareAddress(parseHardwareAddress('02-42-AC-11-00-02')), '02:42:ac:11:00:02');
  for (const text of ['', 'zz', '02:42:ac:11:00', '02:42:ac:11:00:02:03', '01:00:5e:00:00:01', '0242ac110002']) {
    assert.throws(() => parseHardwareAddress(text), { kind: 'invalid' }, text);
  }
});

test('network sysctls become paths; others, and ways out of /proc/sys, are refused', () => {
  assert.equal(sysctlKey('net.ipv4.ip_forward'), 'net/ipv4/ip_forward');
  assert.equal(sysctlKey('net/ipv4/conf/eth0.1/forwarding'), 'net/ipv4/conf/eth0.1/forwarding');
  assert.equal(sysctlKey('net.ipv4.conf.eth0/1.forwarding'), 'net/ipv4/conf/eth0.1/forwarding');
  for (const name of ['kernel.shmmax', 'net', '', 'net/../kernel/x', 'net.//.x', 'net/ipv4/..', 'netx.a', 'net.a b']) {
    assert.throws(() => sysctlKey(name), { kind: 'invalid' }, name);
  }
});

test('networks are filtered as Docker does', async () => {
  const records = stored({}, { routes: [], bridge: undefined }).all();
  const names = async (filters: Filters): Promise<readonly string[]> => {
    const passes = await networkFilter(filters, () => false);
    return records
      .filter(passes)
      .map((record) => record.name)
      .sort();
  };
  assert.deepEqual(await names({}), ['bridge', 'host', 'none']);
  assert.deepEqual(await names({ name: ['ri'] }), ['bridge']);
  assert.deepEqual(await names({ name: ['^br', 'none'] }), ['bridge', 'none']);
  assert.deepEqual(await names({ driver: ['null'], scope: ['local'] }), ['none']);
  assert.deepEqual(await names({ type: ['custom'] }), []);
  assert.deepEqual(await names({ dangling: ['true'] }), []);
  assert.deepEqual(await names({ dangling: ['false'] }), ['bridge', 'host', 'none']);
  assert.deepEqual(await names({ label: ['a=b'] }), []);
  await assert.rejects(names({ foo: ['x'] }), { kind: 'invalid', message: "invalid filter 'foo'" });
  await assert.rejects(names({ toString: ['x'] }), { kind: 'invalid' });
  await assert.rejects(names({ dangling: ['maybe'] }), { kind: 'invalid' });
  assert.deepEqual(await names({ name: ['(a+)+$'] }), []);
});

test('settings of a network’s link come from its driver’s option, for whatever the link is called', () => {
  const of = (text: string) => linkSysctls({ DriverOpts: { 'com.docker.network.endpoint.sysctls': text } }, 'eth7');
  assert.deepEqual(of('net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.conf.IFNAME.forwarding=0'), [
    ['net/ipv4/conf/eth7/log_martians', '1'],
    ['net/ipv6/conf/eth7/forwarding', '0'],
  ]);
  assert.deepEqual(linkSysctls({ DriverOpts: null }, 'eth7'), []);
  for (const text of [
    'x',
    'net.ipv4.conf.eth0.x=1',
    'net.ipv4.conf.IFNAME.x',
    'kernel.a.b.IFNAME.c=1',
    'net.ipv4...IFNAME.x=1',
  ]) {
    assert.throws(() => of(text), { kind: 'invalid' }, text);
  }
});

test('the default gateway is that of the endpoint with the highest priority, then of both families, then the first by name', () => {
  const on = (name: string, GwPriority = 0, Gateway = '10.0.0.1', IPv6Gateway = '') => ({
    record: { name },
    settings: { GwPriority, Gateway, IPv6Gateway },
  });
  const of = (...endpoints: ReturnType<typeof on>[]) => defaultGateway(endpoints, 4)?.record.name;
  assert.equal(of(on('b'), on('c', 1), on('a', -1)), 'c');
  assert.equal(of(on('b'), on('a'), on('c', -5)), 'a');
  assert.equal(of(on('b', 2), on('a', 2)), 'a');
  assert.equal(of(on('a'), on('both', 0, '10.0.0.1', 'fd00::1')), 'both');
  assert.equal(of(on('a', 1), on('both', 0, '10.0.0.1', 'fd00::1')), 'a');
  assert.equal(of(on('internal', 5, ''), on('z')), 'z');
  assert.equal(of(on('internal', 5, '')), undefined);
});
