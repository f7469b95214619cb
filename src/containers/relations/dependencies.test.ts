import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostConfig } from '../../spec/index.ts';
import type { Entry } from '../tables/entry.ts';
import { inDependencyOrder } from './dependencies.ts';

/** Returns the names of entries in the order of need, given their order in the list. */
function order(containers: Readonly<Record<string, Partial<HostConfig>>>, wanted = Object.keys(containers)): string {
  const entries = new Map(
    Object.entries(containers).map(([id, hostConfig]) => [id, { id, record: { id, hostConfig } } as unknown as Entry]),
  );
  const table = { find: (ref: string) => entries.get(ref) };
  const listed = wanted.map((name) => entries.get(name)).filter((entry) => entry !== undefined);
  return inDependencyOrder(table, listed)
    .map(({ id }) => id)
    .join(' ');
}

test('a container comes after its direct and indirect dependencies', () => {
  const containers = {
    net: { NetworkMode: 'container:ipc' },
    ipc: { IpcMode: 'container:pid' },
    pid: { PidMode: 'container:link' },
    link: { Links: ['volumes:alias'] },
    volumes: { VolumesFrom: ['base:ro'] },
    base: {},
  };
  assert.equal(order(containers), 'base volumes link pid ipc net');
});

test('containers without dependencies keep their order, also across an unwanted container', () => {
  const containers = { b: {}, a: {}, top: { Links: ['middle'] }, middle: { Links: ['bottom'] }, bottom: {} };
  assert.equal(order(containers), 'b a bottom middle top');
  assert.equal(order(containers, ['top', 'bottom']), 'bottom top');
});

test('circular, own and missing dependencies do not loop', () => {
  const containers = {
    one: { Links: ['two'] },
    two: { Links: ['one'] },
    self: { NetworkMode: 'container:self' },
    lost: { PidMode: 'container:gone' },
  };
  assert.equal(order(containers), 'two one self lost');
});
