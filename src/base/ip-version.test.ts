import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { isIP, isIPv6 } from './ip-version.ts';

const PARTS = [
  '',
  '0',
  '1',
  'ffff',
  'FE80',
  '12345',
  'g',
  '1.2.3.4',
  '01.2.3.4',
  '256.1.1.1',
  '::',
  ':',
  '%',
  '%eth0',
  '%a b',
  '.',
  ' ',
];

test('addresses are told from other texts as node:net tells them', () => {
  const fixed = ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7::', '::2:3:4:5:6:7:8', '1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5::1.2.3.4'];
  const odd = [
    '1:2:3:4:5:6::1.2.3.4',
    '::1.2.3.4',
    '1.2.3.4::',
    '1::2::3',
    ':::',
    '::%',
    'fe80::1%eth0',
    '1.2.3.4%x',
    '::1\n',
  ];
  for (const text of [...fixed, ...odd, ...PARTS]) assert.equal(isIP(text), net.isIP(text), JSON.stringify(text));
  let valid = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const count = Math.floor(Math.random() * 9);
    const pick = (): string => PARTS[Math.floor(Math.random() * (round % 2 === 0 ? 5 : PARTS.length))] ?? '';
    const text = Array.from({ length: count + 1 }, pick).join(':');
    assert.equal(isIPv6(text), net.isIPv6(text), JSON.stringify(text));
    assert.equal(isIP(text), net.isIP(text), JSON.stringify(text));
    if (isIPv6(text)) valid += 1;
  }
  assert.ok(valid > 100, `${valid} of the texts were addresses`);
});
