import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newObjectId } from '../../base/ids.ts';
import { PLAIN_NETWORK } from '../model/network-record.ts';
import { nullDriver } from './null-driver.ts';
import { MacvlanDriver } from './parent-driver.ts';
import { trafficLimits } from './traffic-limits.ts';

const link = { endpointId: '0123456789abcdef', mtu: 1500 };
const limits = (DriverOpts: Record<string, string>) => trafficLimits({ DriverOpts }, link);
const rates = (DriverOpts: Record<string, string>) => {
  const { toContainer, fromContainer } = limits(DriverOpts) ?? {};
  return [toContainer?.bytesPerSecond, fromContainer?.bytesPerSecond];
};

test('a rate is for both directions, unless one has its own', () => {
  assert.equal(limits({}), undefined);
  assert.equal(limits({ 'com.docker.network.endpoint.ifname': 'x', rates: '1' }), undefined);
  assert.deepEqual(rates({ rate: '10mbit' }), [1_250_000, 1_250_000]);
  assert.deepEqual(rates({ 'com.gantry.network.endpoint.rate.in': '1mbps' }), [1_000_000, undefined]);
  assert.deepEqual(rates({ 'rate.out': '80kbit' }), [undefined, 10_000]);
  assert.deepEqual(
    rates({ rate: '10mbit', 'com.gantry.network.endpoint.rate.out': '1gbit' }),
    [1_250_000, 125_000_000],
  );
});

test('values are as tc(8) writes them', () => {
  const values: readonly (readonly [string, number])[] = [
    ['8000', 1000],
    ['8000bit', 1000],
    ['1000bps', 1000],
    ['500kbit', 62_500],
    ['1.5Mbit', 187_500],
    ['1mibit', 131_072],
    ['1KiBps', 1024],
    ['1gbps', 1_000_000_000],
    ['1tbit', 125_000_000_000],
  ];
  for (const [rate, bytes] of values) assert.deepEqual(rates({ rate }), [bytes, bytes], rate);
});

test('a burst is at least a frame, and follows from the rate when it is not given', () => {
  const both = (bytesPerSecond: number, burstBytes: number, queueBytes: number) => {
    const limit = { bytesPerSecond, burstBytes, queueBytes };
    return { shaper: 'ifb0123456789a', mtu: 1500, toContainer: limit, fromContainer: limit };
  };
  assert.deepEqual(limits({ rate: '10mbit' }), both(1_250_000, 16_384, 125_000));
  assert.deepEqual(limits({ rate: '8kbit' }), both(1000, 16_384, 32_768));
  assert.deepEqual(limits({ rate: '1gbit' }), both(125_000_000, 1_250_000, 12_500_000));
  assert.deepEqual(limits({ rate: '10mbit', burst: '64kb' }), both(1_250_000, 65_536, 131_072));
  assert.deepEqual(limits({ rate: '10mbit', burst: '512kbit' }), both(1_250_000, 65_536, 131_072));
  assert.equal(
    trafficLimits({ DriverOpts: { rate: '8kbit' } }, { ...link, mtu: 60_000 })?.toContainer?.burstBytes,
    120_036,
  );
});

test('values and options that cannot be are refused', () => {
  for (const rate of [
    '',
    '0',
    '-1',
    '10 mbit',
    '10mb',
    'fast',
    '1e9',
    '7999bit',
    '2tbit',
    '10mbit;',
    '1'.repeat(400),
    '٣',
  ]) {
    assert.throws(
      () => limits({ rate }),
      { kind: 'invalid', message: /driver option rate=.*it must be a rate from 8kbit to 1tbit/s },
      rate,
    );
  }
  for (const burst of ['', '0', '1517', '257mb', '1.5', 'x', '64kib']) {
    assert.throws(
      () => limits({ rate: '1mbit', burst }),
      { kind: 'invalid', message: /driver option burst=.*a size from 1518/s },
      burst,
    );
  }
  const refused = (options: Record<string, string>, message: RegExp): void => {
    assert.throws(() => limits(options), { kind: 'invalid', message });
  };
  refused({ burst: '64kb' }, /driver option burst needs a rate/);
  refused(
    { 'com.gantry.network.endpoint.speed': '1mbit' },
    /unknown driver option com\.gantry\.network\.endpoint\.speed/,
  );
  refused({ rate: '1mbit', 'com.gantry.network.endpoint.rate': '1mbit' }, /are the same/);
});

test('drivers without limits refuse them', () => {
  const record = { ...PLAIN_NETWORK, id: newObjectId(), created: '', builtIn: true, name: 'none' };
  const asked = { DriverOpts: { rate: '10mbit' } };
  const message = (driver: string) =>
    `invalid endpoint settings:\nthe driver ${driver} cannot limit traffic (driver option rate)`;
  assert.throws(() => nullDriver.checkEndpoint({ ...record, driver: 'null' }, asked), {
    kind: 'invalid',
    message: message('null'),
  });
  assert.throws(() => new MacvlanDriver().checkEndpoint({ ...record, driver: 'macvlan' }, asked), {
    message: message('macvlan'),
  });
});
