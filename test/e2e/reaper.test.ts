import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { imageArchive, tarArchive } from '../support/busybox-image.ts';
import { eventually, unique, useEngine } from '../support/fixture.ts';
import { program } from '../support/programs.ts';
import { send } from '../support/send.ts';

const engine = useEngine();
const SESSION = fileURLToPath(new URL('../support/testcontainers-session.ts', import.meta.url));
const REAPER = 'reaper:test';

/** What a session made. */
interface Session {
  readonly sessionId: string;
  readonly network: string;
  readonly container: string;
  readonly volume: string;
}

test('the reaper of a Testcontainers session that dies removes its containers, networks and volumes, and no others', async () => {
  await loadReaper();
  const gantry = (...args: string[]): Promise<string> => engine().ok('gantry', args);
  const [other, network, volume] = [unique('other'), unique('net'), unique('volume')];
  await gantry('network', 'create', network);
  await gantry('run', '-d', '--name', other, '--network', network, '-v', `${volume}:/data`, 'busybox', 'sleep', '1000');

  const session = spawn(process.execPath, [SESSION], {
    env: {
      ...process.env,
      DOCKER_HOST: engine().host,
      RYUK_CONTAINER_IMAGE: REAPER,
      TESTCONTAINERS_RYUK_DISABLED: 'false',
      TESTCONTAINERS_RYUK_RECONNECTION_TIMEOUT: '1s',
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(session, 'exit');
  let made: Session;
  try {
    const [line] = (await once(createInterface(session.stdout), 'line')) as [string];
    made = JSON.parse(line) as Session;
    const names = await gantry('ps', '--format', '{{.Image}} {{.Names}}');
    assert.match(names, new RegExp(`^${REAPER} testcontainers-ryuk-${made.sessionId}$`, 'm'));
    assert.match(await gantry('network', 'ls'), new RegExp(made.network));
    assert.match(await gantry('volume', 'ls'), new RegExp(made.volume));
    assert.equal(await gantry('inspect', '-f', '{{.State.Status}}', made.container), 'running');
  } finally {
    session.kill('SIGKILL');
    await ended;
  }
  await eventually(async () => assert.equal(await gantry('ps', '-a', '--format', '{{.Names}}'), other), 300);
  assert.doesNotMatch(await gantry('network', 'ls'), new RegExp(made.network));
  assert.equal(await gantry('volume', 'ls', '-q'), volume);
  await gantry('rm', '-f', other);
  await gantry('network', 'rm', network);
  await gantry('volume', 'rm', volume);
});

/** Loads an image of the reaper alone, with the label by which Testcontainers knows it. */
async function loadReaper(): Promise<void> {
  const content = readFileSync(await program('reaper'));
  const layer = tarArchive([{ name: 'reaper', content, mode: 0o755 }]);
  const config = { Cmd: ['/reaper'], Labels: { 'org.testcontainers.ryuk': 'true' } };
  const archive = imageArchive({ tags: [REAPER], layers: [layer], config });
  const answer = await send(engine().socketPath, 'POST', '/images/load?quiet=1', archive);
  assert.ok(answer?.status === 200 && !answer.body.includes('"error"'), answer?.body ?? 'no answer');
}
