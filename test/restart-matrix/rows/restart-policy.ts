import assert from 'node:assert/strict';
import { eventually } from '../../support/fixture.ts';
import type { Row, Subject } from '../row.ts';

/** A command that waits for SIGUSR1 without CPU time, then prints a line and ends with a code. */
const endsWith = (code: number): readonly string[] => [
  'sh',
  '-c',
  `trap "echo ends; exit ${code}" USR1; sleep 1000000 & wait`,
];

/** Returns a function that tells the row's container to end, with or without the engine. */
async function tellerOf({ inspect }: Subject): Promise<() => void> {
  const { Pid } = (await inspect()).State;
  return () => void process.kill(Pid, 'SIGUSR1');
}

/** The restart policy restarts a container that fails meanwhile. */
export const restartPolicy: Row = {
  name: 'restart-policy',
  options: () => ['--restart=on-failure'],
  command: endsWith(3),
  async before(subject) {
    const before = await subject.inspect();
    const tell = await tellerOf(subject);
    subject.meanwhile(({ containersLive }) => void (containersLive && tell()));
    return async ({ containersLive }) => {
      await eventually(async () => {
        const { State, RestartCount } = await subject.inspect();
        assert.ok(State.Running && State.StartedAt > before.State.StartedAt, JSON.stringify(State));
        if (containersLive) assert.equal(RestartCount, before.RestartCount + 1);
      });
    };
  },
};

/** `unless-stopped` does not start what a user has stopped, also after a reboot. */
export const stoppedByHand: Row = {
  name: 'stopped-by-hand',
  options: () => ['--restart=unless-stopped', '--stop-timeout=0'],
  staysDown: true,
  async before({ post, name, inspect }) {
    await post(`/containers/${name}/stop`);
    const { State } = await inspect();
    return async () => assert.deepEqual((await inspect()).State, State);
  },
};

/** The exit code, time and last output of a container that ends meanwhile are known. */
export const endsMeanwhile: Row = {
  name: 'ends-meanwhile',
  options: () => ['--restart=no'],
  command: endsWith(23),
  staysDown: true,
  async before(subject) {
    const tell = await tellerOf(subject);
    subject.meanwhile(({ containersLive }) => void (containersLive && tell()));
    return async ({ containersLive, endsKnown }) => {
      await eventually(async () => assert.equal((await subject.inspect()).State.Status, 'exited'));
      const { ExitCode, StartedAt, FinishedAt } = (await subject.inspect()).State;
      assert.ok(FinishedAt > StartedAt);
      if (endsKnown) {
        assert.equal(ExitCode, 23);
        assert.equal(await subject.logs(), 'ends\n');
      } else {
        assert.ok(ExitCode === 255 || (containersLive && ExitCode === 23), `known or unknown, not ${ExitCode}`);
      }
    };
  },
};

/** A container that ends later is waited for, and its exit code is right. */
export const endsLater: Row = {
  name: 'ends-later',
  options: () => ['--restart=no'],
  command: endsWith(29),
  staysDown: true,
  async before(subject) {
    return async ({ containersLive }) => {
      const { post, name } = subject;
      if (!containersLive) await post(`/containers/${name}/start`);
      const tell = await tellerOf(subject);
      const waited = post(`/containers/${name}/wait`);
      tell();
      assert.equal((JSON.parse(await waited) as { readonly StatusCode: number }).StatusCode, 29);
      assert.equal(await subject.logs(), 'ends\n');
    };
  },
};

/** `--rm` takes effect. */
export const autoRemove: Row = {
  name: 'auto-remove',
  options: () => ['--rm', '-v', '/anonymous'],
  command: endsWith(4),
  staysDown: true,
  async before(subject) {
    const tell = await tellerOf(subject);
    subject.meanwhile(({ containersLive }) => void (containersLive && tell()));
    return async () => {
      const path = `/containers/${subject.id}/json`;
      await eventually(async () => assert.equal((await subject.engine.api('GET', path)).status, 404));
    };
  },
};
