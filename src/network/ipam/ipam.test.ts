import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, parseAddress } from './address.ts';
import { AddressAllocator } from './address-allocator.ts';
import { chooseSubnet, poolsOf } from './address-pools.ts';
import { NetworkAddresses } from './network-addresses.ts';
import { formatSubnet, overlap, parseCidr } from './subnet.ts';

const subnet = (text: string) => parseCidr(text).subnet;

test('addresses and subnets read back as they were written', () => {
  for (const text of ['0.0.0.0', '10.0.0.1', '172.17.255.254', '255.255.255.255', '::', 'fd00::1', '2001:db8::a:0:1']) {
    assert.equal(formatAddress(parseAddress(text)), text);
  }
  assert.equal(formatSubnet(subnet('10.1.2.3/8')), '10.0.0.0/8');
  assert.equal(formatSubnet(subnet('1.2.3.4/0')), '0.0.0.0/0');
  assert.equal(formatSubnet(subnet('FD00:0:0:1::5/64')), 'fd00:0:0:1::/64');
  assert.equal(formatSubnet(subnet('::1/0')), '::/0');
  assert.equal(overlap(subnet('fd00::/8'), subnet('fd00:1::/64')), true);
  assert.equal(overlap(subnet('0.0.0.0/0'), subnet('::/0')), false);
  assert.equal(overlap(subnet('10.0.0.0/8'), subnet('10.200.0.0/16')), true);
  assert.equal(overlap(subnet('10.0.0.0/16'), subnet('10.1.0.0/16')), false);
});

test('what is not an address or subnet is refused', () => {
  for (const text of [
    '',
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0/8',
    '::1/129',
    'fe80::1%lo/64',
    '10.0.0.0/-1',
    '10.0.0.0/8 ',
    '1.2.3.4/1e1',
  ]) {
    assert.throws(() => parseCidr(text), { kind: 'invalid' }, text);
  }
  for (const text of ['', '1.2.3', '::1%lo', ':::1', '1.2.3.4.5', '01.2.3.4']) {
    assert.throws(() => parseAddress(text), { kind: 'invalid' }, text);
  }
});

test('the lowest free address is given, and given again after its release', () => {
  const allocator = new AddressAllocator(subnet('10.0.0.0/24'), { reserved: ['10.0.0.1'] });
  assert.deepEqual(
    [allocator.allocate(), allocator.allocate(), allocator.allocate()],
    ['10.0.0.2', '10.0.0.3', '10.0.0.4'],
  );
  allocator.release('10.0.0.3');
  allocator.release('10.0.0.3');
  allocator.release('10.0.0.200');
  assert.deepEqual([allocator.allocate(), allocator.allocate()], ['10.0.0.3', '10.0.0.5']);
});

test('the network, its gateway and its broadcast address are never given, then it is full', () => {
  const allocator = new AddressAllocator(subnet('10.0.0.0/29'), { reserved: ['10.0.0.4'] });
  const given = Array.from({ length: 5 }, () => allocator.allocate());
  assert.deepEqual(given, ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.5', '10.0.0.6']);
  assert.throws(() => allocator.allocate(), { kind: 'unavailable', message: /no available IPv4 addresses/ });
});

test('a given address is taken once, and only of the subnet', () => {
  const allocator = new AddressAllocator(subnet('10.0.0.0/24'), { reserved: ['10.0.0.1'] });
  allocator.reserve('10.0.0.2');
  assert.throws(() => allocator.reserve('10.0.0.2'), { kind: 'forbidden', message: 'Address already in use' });
  assert.throws(() => allocator.reserve('10.0.0.1'), { kind: 'forbidden' });
  assert.throws(() => allocator.reserve('10.0.1.2'), { kind: 'invalid' });
  assert.throws(() => allocator.reserve('nonsense'), { kind: 'invalid' });
  assert.equal(allocator.allocate(), '10.0.0.3');
});

test('a subnet that meets a route of the host is passed over', () => {
  assert.equal(formatSubnet(chooseSubnet(poolsOf(4, { engineId: '' }), [])), '172.17.0.0/16');
  assert.equal(
    formatSubnet(chooseSubnet(poolsOf(4, { engineId: '' }), [subnet('172.17.5.0/24'), subnet('172.18.0.0/15')])),
    '172.20.0.0/16',
  );
  assert.equal(formatSubnet(chooseSubnet(poolsOf(4, { engineId: '' }), [subnet('172.16.0.0/12')])), '192.168.0.0/20');
  const pools = [{ base: '10.10.0.0/16', size: 24 }];
  assert.equal(formatSubnet(chooseSubnet(pools, [subnet('10.10.0.0/24'), subnet('10.10.1.128/25')])), '10.10.2.0/24');
});

test('exhausted pools and pools that cannot be are errors', () => {
  const everything = [subnet('0.0.0.0/1'), subnet('128.0.0.0/1')];
  assert.throws(() => chooseSubnet(poolsOf(4, { engineId: '' }), everything), {
    kind: 'unavailable',
    message: 'all predefined address pools have been fully subnetted',
  });
  // Sixteen million subnets lie within one route: the answer comes without a test of each.
  assert.throws(() => chooseSubnet([{ base: '10.0.0.0/8', size: 30 }], [subnet('10.0.0.0/8')]), {
    kind: 'unavailable',
  });
  for (const pool of [
    { base: '10.0.0.0/16', size: 8 },
    { base: '10.0.0.0/16', size: 31 },
    { base: '10.0.0.0/16', size: Number.NaN },
    { base: 'nonsense', size: 24 },
  ]) {
    assert.throws(() => chooseSubnet([pool], []), { kind: 'invalid' });
  }
});

test('a range is allocated from, the rest of the subnet can be asked for, and reserved addresses are never released', () => {
  const range = subnet('10.0.0.128/30');
  const allocator = new AddressAllocator(subnet('10.0.0.0/24'), { range, reserved: ['10.0.0.129'] });
  assert.deepEqual(allocator.use(), { inUse: 3, free: 253 });
  assert.deepEqual(
    [allocator.allocate(), allocator.allocate(), allocator.allocate()],
    ['10.0.0.128', '10.0.0.130', '10.0.0.131'],
  );
  assert.throws(() => allocator.allocate(), { kind: 'unavailable' });
  allocator.reserve('10.0.0.5');
  for (const address of ['10.0.0.5', '10.0.0.129', '10.0.0.130']) allocator.release(address);
  assert.equal(allocator.allocate(), '10.0.0.130');
  assert.throws(() => allocator.reserve('10.0.0.129'), { kind: 'forbidden' });
});

test('a network with several pools allocates of each family from the first pool with a free address', () => {
  const addresses = new NetworkAddresses([
    { subnet: '10.0.0.0/30', gateway: '10.0.0.1' },
    { subnet: '10.0.1.0/24', gateway: '10.0.1.254', auxAddresses: { router: '10.0.1.1' } },
    { subnet: 'fd00::/64', gateway: 'fd00::1' },
  ]);
  const taken = [addresses.allocate(4), addresses.allocate(4), addresses.allocate(6)];
  assert.deepEqual(taken, [
    { address: '10.0.0.2', prefixLength: 30, gateway: '10.0.0.1' },
    { address: '10.0.1.2', prefixLength: 24, gateway: '10.0.1.254' },
    { address: 'fd00::2', prefixLength: 64, gateway: 'fd00::1' },
  ]);
  assert.deepEqual(addresses.allocate(4, '10.0.1.77')?.address, '10.0.1.77');
  assert.throws(() => addresses.allocate(4, '10.0.1.77'), { kind: 'forbidden' });
  assert.throws(() => addresses.allocate(4, 'fd00::9'), { kind: 'invalid' });
  assert.throws(() => addresses.allocate(4, '10.9.9.9'), {
    message: 'no configured subnet contains IP address 10.9.9.9',
  });
  addresses.release('10.0.0.2');
  addresses.release('192.0.2.1');
  assert.equal(addresses.allocate(4)?.address, '10.0.0.2');
  assert.deepEqual(addresses.use()['10.0.1.0/24'], { inUse: 6, free: 250 });
  assert.equal(new NetworkAddresses([]).allocate(6), undefined);
});
