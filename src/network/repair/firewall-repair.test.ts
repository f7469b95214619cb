import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../base/logger.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { HostPlan } from '../kernel/protocol.ts';
import { FirewallRepair, isFirewallGone } from './firewall-repair.ts';

const PLAN: HostPlan = {
  ...{
    kind: 'bridge',
    bridge: 'br0',
    mtu: 1500,
    mustExist: false,
    isRequired: true,
    masquerade: true,
    interContainer: true,
    unprotected: [],
    routed: [],
    trusted: [],
    internal: false,
  },
  ...{ subnets: ['10.0.0.0/24'], addresses: [{ address: '10.0.0.1', prefixLength: 24 }] },
};

/** A kernel whose firewall is in the given state. It writes requests to `journal`. */
function care(state: { table: boolean; warnings: readonly string[] }) {
  const journal: string[] = [];
  const logged: string[] = [];
  const kernel: Pick<Kernel, 'request' | 'onHostChange'> = {
    onHostChange() {},
    request: async (operation) => {
      journal.push(operation);
      if (operation === 'repairFirewall') state.table = true;
      return { warnings: state.warnings, spawnsNft: false, tableIsThere: state.table } as never;
    },
  };
  const logger = { ...silentLogger, warn: (_fields: object, message: string) => void logged.push(message) };
  const firewall = new FirewallRepair({
    kernel,
    logger,
    warnings: ['at start'],
    networks: () => [PLAN],
    elements: () => [],
  });
  return { firewall, journal, logged };
}

test('a table that others flushed is made again', async () => {
  const { firewall, journal, logged } = care({ table: false, warnings: [] });
  await firewall.check();
  await firewall.check();
  assert.deepEqual(journal, ['checkFirewall', 'repairFirewall', 'checkFirewall']);
  assert.equal(logged.length, 1);
});

test('warnings come and go with their reason, and each is logged once', async () => {
  const state: { table: boolean; warnings: readonly string[] } = { table: true, warnings: ['at start', 'new'] };
  const { firewall, logged } = care(state);
  assert.deepEqual(firewall.warnings, ['at start']);
  await firewall.check();
  await firewall.check();
  assert.deepEqual(firewall.warnings, ['at start', 'new']);
  state.warnings = [];
  await firewall.check();
  assert.deepEqual(firewall.warnings, []);
  assert.deepEqual(logged, ['new']);
});

test('starts in quick succession do not check', () => {
  const { firewall, journal } = care({ table: true, warnings: [] });
  for (let start = 0; start < 10; start++) firewall.checkSoon();
  firewall[Symbol.dispose]();
  assert.deepEqual(journal, []);
});

test('a missing table is found beneath the words around it', () => {
  const system = Object.assign(new Error('nftables'), { code: 'FIREWALL_GONE' });
  assert.equal(isFirewallGone(new Error('outer', { cause: new Error('inner', { cause: system }) })), true);
  assert.equal(isFirewallGone(new Error('outer', { cause: Object.assign(new Error(), { code: 'ENOENT' }) })), false);
  assert.equal(isFirewallGone('text'), false);
});
