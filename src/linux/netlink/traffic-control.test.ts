import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, test } from 'node:test';
import { isolateNetwork } from '../network-namespace.ts';
import { deleteLink, linkIndex, newBridge, setLink } from './links.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import { limitSending, listQdiscs, newIfb, receiveDirectly, redirectReceived } from './traffic-control.ts';

before(isolateNetwork);

const tc = (command: string): string => execFileSync('tc', command.split(' '), { encoding: 'utf8' });
const requireIndex = (name: string): number => linkIndex(name) ?? assert.fail(name);

test('tc(8) shows a token bucket as it was asked for, and its change', () => {
  using socket = new NetlinkSocket();
  socket.execute(newBridge('one', Buffer.from('020000000001', 'hex')));
  const index = requireIndex('one');
  const bucket = { bytesPerSecond: 1_250_000, burstBytes: 16_384, queueBytes: 125_000 };
  socket.execute(limitSending(index, bucket));
  assert.match(tc('qdisc show dev one'), /^qdisc tbf 1: root refcnt \d+ rate 10Mbit burst 16Kb lat \S+/);
  assert.match(tc('-r -s qdisc show dev one'), /limit|lat/);
  // Beyond 32 bits.
  socket.execute(limitSending(index, { ...bucket, bytesPerSecond: 12_500_000_000, burstBytes: 1_048_576 }));
  assert.match(tc('qdisc show dev one'), /rate 100Gbit/);
  assert.deepEqual(
    listQdiscs(socket).filter(({ linkIndex: of }) => of === index),
    [{ linkIndex: index, kind: 'tbf', isRoot: true }],
  );
  socket.execute(deleteLink({ index }));
});

test('tc(8) shows where received packets go', () => {
  using socket = new NetlinkSocket();
  socket.execute(
    newBridge('from', Buffer.from('020000000002', 'hex')),
    newIfb({ name: 'to', mtu: 1400, group: 77 }),
    setLink({ name: 'to' }, { up: true }),
  );
  const index = requireIndex('from');
  assert.match(
    execFileSync('ip', ['-d', 'link', 'show', 'dev', 'to'], { encoding: 'utf8' }),
    /mtu 1400 .*group 77[\s\S]* ifb/,
  );
  socket.execute(...redirectReceived(index, requireIndex('to')));
  const filter = tc('filter show dev from ingress');
  assert.match(filter, /protocol all pref 1 u32/);
  assert.match(filter, /match 00000000\/00000000 at 0/);
  assert.match(filter, /mirred \(Egress Redirect to device to\) stolen/);
  assert.deepEqual(
    listQdiscs(socket).filter(({ linkIndex: of, kind }) => of === index && kind === 'ingress'),
    [{ linkIndex: index, kind: 'ingress', isRoot: false }],
  );
  socket.execute(receiveDirectly(index));
  assert.equal(tc('filter show dev from ingress'), '');
  socket.execute(deleteLink({ index }), deleteLink({ name: 'to' }));
});
