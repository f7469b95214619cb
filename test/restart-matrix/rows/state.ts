import assert from 'node:assert/strict';
import type { Row, Subject } from '../row.ts';

/** `inspect` is the same to the last field. After a lost run, all fields that belong to no run are the same. */
export const inspection: Row = {
  name: 'inspection',
  options: () => ['-v', '/data', '-p', '80', '-l', 'kept=yes', '--memory', '64m'],
  async before({ inspect }) {
    const before = await inspect();
    return async ({ containersLive }) => {
      const now = await inspect();
      if (containersLive) return assert.deepEqual(now, before);
      for (const field of [
        'Id',
        'Created',
        'Path',
        'Args',
        'Image',
        'Name',
        'Mounts',
        'Config',
        'HostConfig',
        'Driver',
      ]) {
        assert.deepEqual(now[field], before[field], field);
      }
      assert.notEqual(now.State.StartedAt, before.State.StartedAt);
      assert.ok(now.State.FinishedAt > before.State.StartedAt, 'the end of the lost run is told');
    };
  },
};

interface ContainerEvent {
  readonly Action: string;
  readonly Actor: { readonly ID: string };
}

/** A container that survives has no events. One that was lost has died and started. */
export const events: Row = {
  name: 'events',
  async before(subject) {
    const since = Date.now() / 1000;
    return async ({ containersLive }) => {
      const told = (await eventsSince(subject, since)).filter((action) => !action.startsWith('exec'));
      assert.deepEqual(told, containersLive ? [] : ['die', 'start']);
      await subject.post(`/containers/${subject.name}/kill?signal=CONT`);
      assert.deepEqual((await eventsSince(subject, since)).at(-1), 'kill', 'new ones come');
    };
  },
};

async function eventsSince({ engine, id }: Subject, since: number): Promise<readonly string[]> {
  const until = Date.now() / 1000 + 0.001;
  const { body } = await engine.api('GET', `/events?since=${since}&until=${until}&filters={"container":["${id}"]}`);
  const all = body
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as ContainerEvent);
  return all.map(({ Action }) => Action).filter((action) => !/^(?:dis)?connect$|mount/.test(action));
}

/** A paused container stays paused, and can be resumed. */
export const paused: Row = {
  name: 'paused',
  async before({ post, name, inspect, shell }) {
    await post(`/containers/${name}/pause`);
    return async ({ containersLive }) => {
      const { State } = await inspect();
      assert.deepEqual([State.Running, State.Paused], [true, containersLive]);
      if (containersLive) await post(`/containers/${name}/unpause`);
      assert.equal(await shell('echo goes on'), 'goes on');
    };
  },
};
