import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type StepSpecInput, stepHostConfig } from './step-spec.ts';

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
