import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/fixture.ts';
import type { Row } from '../row.ts';

/** What was built is an image that runs, and the next build finds each of its steps. */
export const buildCache: Row = {
  name: 'build-cache',
  async before({ engine, folder, name }) {
    writeFileSync(join(folder, 'file'), 'of the context');
    const dockerfile = 'FROM busybox\nCOPY file /\nRUN cat /proc/sys/kernel/random/uuid >/made\n';
    writeFileSync(join(folder, 'Dockerfile'), dockerfile);
    const build = (): Promise<string> => engine.ok('gantry', ['build', '-q', '-t', name, folder]);
    const show = (): Promise<string> =>
      engine.ok('gantry', ['run', '--rm', '--network', 'none', name, 'cat', '/file', '/made']);
    const [image, content] = [await build(), await show()];
    return async ({ containersLive }) => {
      assert.equal(await show(), content, 'the image is there');
      // What was not known to be on the disk is not taken from the cache after a power cut.
      const again = await build();
      if (containersLive) assert.equal(again, image, 'all comes from the cache');
      else assert.match(await show(), /^of the context/);
    };
  },
};

/** Seconds that nothing else here sleeps. The engine of each way has its own. */
let naps = 86_000 + (process.pid % 1000) * 20;

/** A build under way goes on with the daemon, or ends with it and leaves no process. */
export const runningBuild: Row = {
  name: 'running-build',
  async before({ engine, folder }) {
    naps += 1;
    const nap = `sleep ${naps}`;
    writeFileSync(join(folder, 'Dockerfile'), `FROM busybox\nRUN ${nap}\n`);
    const daemon = engine.pid();
    const building = engine.gantry(['build', '--progress=plain', folder], { timeoutMs: 600_000 });
    await eventually(async () => assert.equal(processesWith(nap).length, 1, 'the step runs'));
    return async () => {
      if (engine.pid() === daemon) {
        const running = processesWith(nap);
        assert.equal(running.length, 1, 'the step goes on');
        for (const pid of running) process.kill(pid, 'SIGKILL');
      }
      await eventually(async () => assert.deepEqual(processesWith(nap), []));
      const { code, stderr } = await building;
      assert.equal(code, 1, stderr);
      if (engine.pid() === daemon) assert.match(stderr, /did not complete successfully: exit code: 137/);
    };
  },
};

/** Pids of processes with exactly these arguments. */
function processesWith(line: string): readonly number[] {
  const wanted = `${line.split(' ').join('\0')}\0`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1') === wanted;
      } catch {
        return false;
      }
    });
}
