import assert from 'node:assert/strict';
import { eventually } from '../../support/fixture.ts';
import type { Row, Subject } from '../row.ts';

interface ExecInspection {
  readonly Running: boolean;
  readonly Pid: number;
  readonly ExitCode: number | null;
}

/** New execs work with all their options. */
export const exec: Row = {
  name: 'exec',
  async before({ name, engine }) {
    return async () => {
      const line = 'id -u; id -g; pwd; echo $SET; cat; echo err >&2; exit 42';
      const options = ['-i', '-u', '1:2', '-w', '/tmp', '-e', 'SET=yes'];
      const done = await engine.gantry(['exec', ...options, name, 'sh', '-c', line], { input: 'through stdin' });
      assert.deepEqual([done.stdout, done.stderr, done.code], ['1\n2\n/tmp\nyes\nthrough stdin', 'err\n', 42]);
    };
  },
};

/** A running exec continues with its container, and its exit code is known. */
export const runningExec: Row = {
  name: 'running-exec',
  async before(subject) {
    const { engine, name, get } = subject;
    const waits = ['sh', '-c', 'trap "kill $!; exit 33" USR1; sleep 1000000 & wait'];
    const made = await engine.api('POST', `/containers/${name}/exec`, { Cmd: waits });
    const { Id } = JSON.parse(made.body) as { readonly Id: string };
    assert.equal((await engine.api('POST', `/exec/${Id}/start`, { Detach: true })).status, 200);
    const { Pid } = await get<ExecInspection>(`/exec/${Id}/json`);
    return async ({ containersLive }) => {
      if (!containersLive) return await gone(subject, Id);
      const now = await get<ExecInspection>(`/exec/${Id}/json`);
      assert.deepEqual([now.Running, now.Pid], [true, Pid]);
      process.kill(Pid, 'SIGUSR1');
      await eventually(async () => {
        const { Running, ExitCode } = await get<ExecInspection>(`/exec/${Id}/json`);
        assert.deepEqual([Running, ExitCode], [false, 33]);
      });
    };
  },
};

/** An exec of a lost run is deleted or has ended. It never counts as running. */
async function gone({ engine }: Subject, execId: string): Promise<void> {
  const { status, body } = await engine.api('GET', `/exec/${execId}/json`);
  if (status !== 404) assert.equal((JSON.parse(body) as ExecInspection).Running, false);
}
