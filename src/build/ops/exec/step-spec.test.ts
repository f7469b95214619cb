import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type StepSpecInput, stepHostConfig, stepSpec } from './step-spec.ts';

test("a step has the engine's limits of processes, unless the build has its own", () => {
  const ulimits = [
    { Name: 'nofile', Soft: 10, Hard: 20 },
    { Name: 'core', Soft: 0, Hard: 0 },
  ];
  const { Ulimits } = stepHostConfig({
    exec: { security: 0 },
    meta: { ulimit: [{ Name: 'nofile', Soft: 5n, Hard: 6n }] },
    mounts: {},
    ports: { host: { cgroup: 'v2' }, limits: { ulimits } },
  } as unknown as StepSpecInput);
  assert.deepEqual(Ulimits, [
    { Name: 'nofile', Soft: 5, Hard: 6 },
    { Name: 'core', Soft: 0, Hard: 0 },
  ]);
});

test('a text with a null byte is refused, and not cut', () => {
  const fine = { args: ['true'], env: ['A=b'], cwd: '/', user: '' };
  for (const wrong of [{ args: ['true', 'a\0b'] }, { env: ['A=\0'] }, { cwd: '/\0' }, { user: '0\0' }]) {
    const input = { meta: { ...fine, ...wrong }, hostname: 'h', mounts: {}, secretVariables: [] };
    assert.throws(() => stepSpec(input as unknown as StepSpecInput), { kind: 'invalid', message: /null byte/ });
  }
});
