import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_RUN_DEFAULTS, type RunDefaults, withRunDefaults } from './run-defaults.ts';

const FLAGS: RunDefaults = {
  init: true,
  noNewPrivileges: true,
  cgroupParent: '/flag',
  dns: ['9.9.9.9'],
  dnsSearch: ['corp.example'],
  dnsOptions: ['ndots:3'],
};

test('flags fill in what a container leaves open', () => {
  assert.deepEqual(withRunDefaults({ Init: null, Dns: [], SecurityOpt: null, CgroupParent: '' }, FLAGS), {
    Init: true,
    SecurityOpt: ['no-new-privileges'],
    CgroupParent: '/flag',
    Dns: ['9.9.9.9'],
    DnsSearch: ['corp.example'],
    DnsOptions: ['ndots:3'],
  });
});

test('a container’s own word counts more', () => {
  const own = { Init: false, CgroupParent: '/own', Dns: ['1.1.1.1'], DnsSearch: ['.'], DnsOptions: ['rotate'] };
  assert.deepEqual(withRunDefaults({ ...own, SecurityOpt: ['no-new-privileges=false'] }, FLAGS), {
    ...own,
    SecurityOpt: ['no-new-privileges', 'no-new-privileges=false'],
  });
});

test('without flags there is nothing to add', () => {
  const none = { Dns: [], DnsSearch: [], DnsOptions: [] };
  assert.deepEqual(withRunDefaults({ Dns: null, SecurityOpt: null }, NO_RUN_DEFAULTS), { ...none, SecurityOpt: null });
});
