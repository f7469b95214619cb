import assert from 'node:assert/strict';
import { test } from 'node:test';
import { infoFor } from './info-shape.ts';

const INFO = {
  Name: 'host',
  KernelMemoryTCP: false,
  FirewallBackend: { Driver: 'nftables' },
  BridgeNfIptables: true,
  BridgeNfIp6tables: false,
  ContainerdCommit: { ID: '' },
  RuncCommit: { ID: 'r' },
  InitCommit: { ID: 'i' },
  RegistryConfig: { Mirrors: [] },
};
const { BridgeNfIptables: _4, BridgeNfIp6tables: _6, ...newest } = INFO;

test('info of 1.52 and later, of 1.50, of 1.49, and of those before', () => {
  const { KernelMemoryTCP: _tcp, ...latest } = newest;
  assert.deepEqual(infoFor('1.52', INFO), latest);
  assert.deepEqual(infoFor('1.50', INFO), newest);
  assert.deepEqual(infoFor('1.49', INFO), INFO);
  const { FirewallBackend: _since, ...older } = INFO;
  assert.deepEqual(infoFor('1.48', INFO), {
    ...older,
    ContainerdCommit: { ID: '', Expected: '' },
    RuncCommit: { ID: 'r', Expected: 'r' },
    InitCommit: { ID: 'i', Expected: 'i' },
    RegistryConfig: {
      AllowNondistributableArtifactsCIDRs: null,
      AllowNondistributableArtifactsHostnames: null,
      Mirrors: [],
    },
  });
});
