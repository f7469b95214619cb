import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { command } from '../support/command.ts';
import { DrivenBuild } from '../support/driven-build.ts';
import { eventually, useEngine } from '../support/fixture.ts';
import { importFrontend } from '../support/frontend-image.ts';

// What runs beside the steps of a build (frontends, their containers, scanners) when the engine stops.
const engine = useEngine();

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** What builds have left on the host while no engine runs. */
function leftovers(): readonly string[] {
  const { dataRoot, execRoot } = engine();
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(execRoot) || point.startsWith(dataRoot));
  const writables = namesIn(join(dataRoot, 'snapshots/writables')).filter((name) => name.startsWith('build-'));
  return [
    ...points.filter((point) => point !== execRoot && point !== dataRoot && !point.endsWith('/netns')),
    ...writables,
    ...namesIn(join(execRoot, 'build')),
    ...namesIn(join(dataRoot, 'content/ingest')),
  ];
}

/** What is left of builds while an engine runs. */
function ofBuilds(): readonly string[] {
  return leftovers().filter((each) => !each.includes('/netns/'));
}

async function stopped(): Promise<void> {
  assert.equal(await engine().stop(), 0);
  assert.deepEqual(leftovers(), []);
  await engine().start();
}

async function driven(): Promise<{ readonly build: DrivenBuild; readonly root: string }> {
  const build = await DrivenBuild.open(engine().socketPath);
  return { build, root: await build.image('docker.io/library/busybox:latest') };
}

test('processes in containers of a frontend end when the engine stops', async () => {
  const { build, root } = await driven();
  await build.container('c', root);
  const calls = build.processes();
  await calls.start('c', 'p', ['sh', '-c', 'trap "" TERM; echo begun; while :; do sleep 0.1; done']);
  await calls.start('c', 'q', ['sleep', '4321']);
  await calls.until(() => calls.output('p') !== '');
  assert.ok(leftovers().some((each) => each.includes('/rootfs/build-')));
  await stopped();
  const { stdout } = await command('ps', ['-eo', 'args']);
  assert.doesNotMatch(stdout, /sleep 4321/);
});

test('containers that open while the engine stops are gone', async () => {
  for (const wait of [0, 5, 20, 60]) {
    const { build, root } = await driven();
    const opening = Array.from({ length: 12 }, async (_, at) => {
      await build.container(`c${at}`, root);
      const calls = build.processes();
      await calls.start(`c${at}`, 'p', ['sleep', '4321']);
      await calls.ended;
    });
    for (const each of opening) each.catch(() => undefined);
    await sleep(wait);
    await stopped();
  }
});

test('a frontend that never returns ends when the engine stops', async () => {
  await importFrontend(engine(), 'gantry-test/stop-frontend');
  const folder = mkdtempSync(join(tmpdir(), 'gantry-stop-'));
  try {
    writeFileSync(join(folder, 'Dockerfile'), '# syntax=gantry-test/stop-frontend sleep\n');
    for (const wait of [0, 300, 1500]) {
      const building = engine().gantry(['build', folder]);
      await sleep(wait);
      await stopped();
      assert.notEqual((await building).code, 0);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a frontend of a killed engine, and one whose client has gone, leave nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-stop-'));
  try {
    writeFileSync(join(folder, 'Dockerfile'), '# syntax=gantry-test/stop-frontend sleep\n');
    const lost = engine().gantry(['build', folder]);
    await sleep(2000);
    await engine().kill9();
    await engine().start();
    assert.notEqual((await lost).code, 0);
    await eventually(async () => assert.deepEqual(ofBuilds(), []));
    const { host } = engine();
    const client = spawn('bin/gantry', ['-H', host, 'build', folder], { stdio: 'ignore' });
    await eventually(async () => assert.notDeepEqual(ofBuilds(), []));
    client.kill('SIGINT');
    await once(client, 'exit');
    await eventually(async () => assert.deepEqual(ofBuilds(), []));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
