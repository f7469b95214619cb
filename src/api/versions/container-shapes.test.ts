import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerInspect, ContainerSummary } from '../../containers/index.ts';
import { containerInspectFor, containerListFor } from './container-shapes.ts';

test('a container shows the manifest of its image from 1.48 on', () => {
  const container = { Id: 'c', ImageManifestDescriptor: { digest: 'd' } };
  const Health = { Status: 'none', FailingStreak: 0 };
  const inspected = container as unknown as ContainerInspect;
  const listed = [{ ...container, Health } as unknown as ContainerSummary];
  assert.deepEqual(containerInspectFor('1.48', inspected), container);
  assert.deepEqual(containerInspectFor('1.47', inspected), { Id: 'c' });
  assert.deepEqual(containerListFor('1.52', listed), [{ ...container, Health }], 'with its health from 1.52 on');
  assert.deepEqual(containerListFor('1.51', listed), [container]);
  assert.deepEqual(containerListFor('1.48', listed), [container]);
  assert.deepEqual(containerListFor('1.47', listed), [{ Id: 'c' }]);
});

test('from 1.52 on addresses are those of networks', () => {
  const networks = { SandboxID: 's', SandboxKey: 'k', Ports: {}, Networks: { bridge: { IPAddress: 'a' } } };
  const container = {
    Config: { Image: 'i', OnBuild: null, MacAddress: 'm' },
    NetworkSettings: { Bridge: '', IPAddress: 'a', SecondaryIPAddresses: null, ...networks },
  } as unknown as ContainerInspect;
  assert.deepEqual(containerInspectFor('1.51', container), container);
  assert.deepEqual(containerInspectFor('1.52', container), { Config: { Image: 'i' }, NetworkSettings: networks });
  const triggered = { ...container, Config: { OnBuild: ['RUN x'] } };
  assert.deepEqual((containerInspectFor('1.52', triggered) as ContainerInspect).Config, { OnBuild: ['RUN x'] });
});
