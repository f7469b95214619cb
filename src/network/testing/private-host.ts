import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addAddress,
  addDefaultRoute,
  HomeNamespace,
  isolateNetwork,
  linkIndex,
  NetlinkSocket,
  newBridge,
  newVeth,
  removeNetworkNamespace,
  setLink,
} from '../../linux/index.ts';

export const HOST_ADDRESS = '192.0.2.1';
export const OUTSIDE_ADDRESS = '192.0.2.9';
export const HOST_ADDRESS_6 = '2001:db8::1';
export const OUTSIDE_ADDRESS_6 = '2001:db8::9';

/** Another machine on the network of {@link privateHost}. */
export interface Outside extends Disposable {
  readonly netnsPath: string;
}

/**
 * Makes the test process a host of its own: a new network namespace with loopback, and the networks 192.0.2.0/24 and
 * 2001:db8::/64 with another machine on them. That machine reaches containers only through the host.
 */
export function privateHost(): Outside {
  isolateNetwork();
  const directory = mkdtempSync(join(tmpdir(), 'outside-'));
  const netnsPath = join(directory, 'net');
  using socket = new NetlinkSocket();
  socket.execute(setLink({ name: 'lo' }, { up: true }), newBridge('lan0', Buffer.from('020000000001', 'hex')));
  const bridgeIndex = requireIndex('lan0');
  socket.execute(
    addAddress({ index: bridgeIndex, address: HOST_ADDRESS, prefixLength: 24 }),
    addAddress({ index: bridgeIndex, address: HOST_ADDRESS_6, prefixLength: 64 }),
    setLink({ index: bridgeIndex }, { up: true }),
  );
  using home = new HomeNamespace();
  home.create(netnsPath, (netnsFd) => {
    const peer = { name: 'eth0', netnsFd, hardwareAddress: Buffer.from('020000000002', 'hex') };
    socket.execute(newVeth({ name: 'lan0p', bridgeIndex, mtu: 1500, group: 7, peer }));
    using inside = new NetlinkSocket();
    const index = requireIndex('eth0');
    inside.execute(
      setLink({ name: 'lo' }, { up: true }),
      addAddress({ index, address: OUTSIDE_ADDRESS, prefixLength: 24 }),
      addAddress({ index, address: OUTSIDE_ADDRESS_6, prefixLength: 64 }),
      setLink({ index }, { up: true }),
      addDefaultRoute(HOST_ADDRESS, index),
      addDefaultRoute(HOST_ADDRESS_6, index),
    );
  });
  return {
    netnsPath,
    [Symbol.dispose]() {
      removeNetworkNamespace(netnsPath);
      rmdirSync(directory);
    },
  };
}

function requireIndex(name: string): number {
  const index = linkIndex(name);
  if (index === undefined) throw new Error(`no link ${name}`);
  return index;
}
