import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerInspect, ContainerSummary } from '../../containers/index.ts';
import { containerInspectFor, containerListFor } from './container-shapes.ts';

test('a container shows the manifest of its image from 1.48 on', () => {
  const container = { Id: 'c', ImageManifestDescriptor: { digest: 'd' } };
  const inspected = container as unknown as ContainerInspect;
  const listed = [container as unknown as ContainerSummary];
  assert.deepEqual(containerInspectFor('1.48', inspected), container);
  assert.deepEqual(containerInspectFor('1.47', inspected), { Id: 'c' });
  assert.deepEqual(containerListFor('1.48', listed), [container]);
  assert.deepEqual(containerListFor('1.47', listed), [{ Id: 'c' }]);
});
