import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { HomeNamespace, isNetworkNamespace, isolateNetwork, removeNetworkNamespace } from '../network-namespace.ts';
import {
  addAddress,
  addDefaultRoute,
  deleteAddress,
  listAddresses,
  listRoutes,
  replaceNeighbour,
} from './addresses.ts';
import { ipv4Bytes } from './ip-bytes.ts';
import {
  deleteLink,
  deleteLinkGroup,
  linkIndex,
  listLinks,
  newBridge,
  newVeth,
  setBridgePort,
  setLink,
} from './links.ts';
import { NetlinkSocket } from './netlink-socket.ts';

before(isolateNetwork);

const MAC = Buffer.from([2, 0x42, 1, 2, 3, 4]);

function requireIndex(name: string): number {
  const index = linkIndex(name);
  assert.ok(index !== undefined, name);
  return index;
}

test('a bridge with a veth pair into another namespace carries addresses, a route and a neighbour', () => {
  const directory = mkdtempSync(join(tmpdir(), 'netlink-'));
  const path = join(directory, 'sandbox');
  using home = new HomeNamespace();
  using socket = new NetlinkSocket();
  try {
    socket.execute(newBridge('br7', MAC), setLink({ name: 'br7' }, { alias: 'an alias', mtu: 1400, up: true }));
    const bridgeIndex = requireIndex('br7');
    socket.execute(addAddress({ index: bridgeIndex, address: '10.1.2.1', prefixLength: 24 }));

    home.create(path, (netnsFd) => {
      const peer = { name: 'eth0', netnsFd, hardwareAddress: MAC };
      socket.execute(newVeth({ name: 'port0', bridgeIndex, mtu: 1400, group: 99, peer }));
      using inside = new NetlinkSocket();
      const index = requireIndex('eth0');
      inside.execute(
        addAddress({ index, address: '10.1.2.3', prefixLength: 24 }),
        setLink({ index }, { up: true }),
        addDefaultRoute('10.1.2.1', index),
      );
      const eth0 = listLinks(inside).find((link) => link.name === 'eth0');
      assert.deepEqual([eth0?.kind, eth0?.mtu, eth0?.up, eth0?.hardwareAddress], ['veth', 1400, true, MAC]);
      assert.deepEqual(
        listRoutes(inside).map(({ destination, prefixLength }) => `${destination}/${prefixLength}`),
        ['0.0.0.0/0', '10.1.2.0/24'],
      );
      assert.deepEqual(listAddresses(inside), [{ index, address: '10.1.2.3', prefixLength: 24, label: 'eth0' }]);
    });

    const links = listLinks(socket);
    const bridge = links.find((link) => link.name === 'br7');
    const port = links.find((link) => link.name === 'port0');
    assert.deepEqual([bridge?.kind, bridge?.alias, bridge?.mtu, bridge?.up], ['bridge', 'an alias', 1400, true]);
    assert.deepEqual([port?.master, port?.group, port?.up], [bridgeIndex, 99, true]);
    const portIndex = requireIndex('port0');
    socket.execute(
      setBridgePort(portIndex, { hairpin: true }),
      setBridgePort(portIndex, { disabled: true }),
      replaceNeighbour(bridgeIndex, '10.1.2.3', MAC),
      replaceNeighbour(bridgeIndex, '10.1.2.3', Buffer.from([2, 0, 0, 0, 0, 1])),
      deleteAddress({ index: bridgeIndex, address: '10.1.2.1', prefixLength: 24 }),
      deleteLinkGroup(99),
      deleteLink({ name: 'br7' }),
    );
    assert.deepEqual(
      listLinks(socket).filter((link) => link.name === 'br7' || link.name === 'port0'),
      [],
    );
  } finally {
    removeNetworkNamespace(path);
    rmdirSync(directory);
  }
});

test('errors carry the errno and the kernel words, and those of a batch are told apart', () => {
  using socket = new NetlinkSocket();
  const results = socket.transact([
    newBridge('br8', MAC),
    newBridge('br8', MAC),
    setLink({ name: 'missing' }, { up: true }),
    deleteLink({ name: 'br8' }),
  ]);
  assert.deepEqual(
    results.map((error) => error?.code),
    [undefined, 'EEXIST', 'ENODEV', undefined],
  );
  assert.throws(() => socket.execute(deleteLinkGroup(12345)), { code: 'ENODEV' });
});

test('a batch larger than the receive buffer is answered whole', () => {
  using socket = new NetlinkSocket();
  const batch = Array.from({ length: 1000 }, (_, at) => setLink({ name: `missing${at}` }, { up: true }));
  const results = socket.transact(batch);
  assert.equal(results.length, 1000);
  assert.ok(results.every((error) => error?.code === 'ENODEV'));
});

test('what would address every link is refused here', () => {
  assert.throws(() => deleteLinkGroup(0), RangeError);
  assert.throws(() => setLink({ index: 0 }, { up: false }), RangeError);
  for (const address of ['', '1.2.3', '::1', '1.2.3.4/5', '999.1.1.1'])
    assert.throws(() => ipv4Bytes(address), RangeError);
});

test('a namespace lives by its mount, is entered and left, and is gone when making it fails', () => {
  const directory = mkdtempSync(join(tmpdir(), 'netns-'));
  const path = join(directory, 'sandbox');
  using home = new HomeNamespace();
  assert.throws(() =>
    home.create(path, () => {
      throw new Error('no');
    }),
  );
  assert.deepEqual(readdirSync(directory), []);

  home.create(path, () => undefined);
  assert.equal(isNetworkNamespace(path), true);
  assert.equal(isNetworkNamespace(directory), false);
  assert.throws(() => home.create(path, () => undefined), { code: 'EEXIST' });
  assert.equal(isNetworkNamespace(path), true, 'the one that was there stays');

  const before = listed();
  home.enter(path, () => assert.deepEqual(listed(), ['lo']));
  assert.deepEqual(listed(), before);
  assert.throws(() => home.enter(join(directory, 'missing'), () => undefined), { code: 'ENOENT' });
  removeNetworkNamespace(path);
  removeNetworkNamespace(path);
  rmdirSync(directory);
});

function listed(): readonly string[] {
  using socket = new NetlinkSocket();
  return listLinks(socket).map((link) => link.name);
}
