import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { addressData, isAddress, nameData, nameKey, reverseName } from './addresses.ts';

const hex = (address: string): string => Buffer.from(addressData(address), 'latin1').toString('hex');

test('addresses become the bytes of their records', () => {
  assert.equal(hex('10.0.255.2'), '0a00ff02');
  assert.equal(hex('::'), '0'.repeat(32));
  assert.equal(hex('::1'), `${'0'.repeat(31)}1`);
  assert.equal(hex('fd00::'), `fd00${'0'.repeat(28)}`);
  assert.equal(hex('2001:db8::a:0:1'), `20010db8${'0'.repeat(12)}000a00000001`);
  assert.equal(hex('1:2:3:4:5:6:7:8'), '00010002000300040005000600070008');
  assert.equal(hex('::ffff:192.0.2.1'), '00000000000000000000ffffc0000201');
});

test('only addresses without a zone are addresses', () => {
  for (const text of ['fe80::1%eth0', '1.2.3', '01.2.3.4', 'web', '', '10.0.0.1/8'])
    assert.equal(isAddress(text), false);
  for (const text of ['1.2.3.4', '::', 'fd00::1']) assert.equal(isAddress(text), true);
});

test('reverse names are those of RFC 1035 and RFC 3596', () => {
  assert.equal(reverseName(addressData('10.1.2.3')), '3.2.1.10.in-addr.arpa');
  assert.equal(
    reverseName(addressData('4321:0:1:2:3:4:567:89ab')),
    'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa',
  );
});

test('names that DNS cannot carry have no data', () => {
  assert.equal(nameData('web.net'), '\x03web\x03net\0');
  assert.equal(nameData('ü'), '\x02\xc3\xbc\0');
  assert.equal(nameData(`${'x'.repeat(64)}.net`), undefined);
  assert.equal(nameData('a..b'), undefined);
  assert.equal(nameData(`${'xy.'.repeat(84)}xy`), undefined);
});

test('keys of names ignore the case of ASCII and the trailing dot', () => {
  assert.equal(nameKey('Web.NET.'), 'web.net');
  assert.equal(nameKey('ÜA'), '\xc3\x9ca');
});
