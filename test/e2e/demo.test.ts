import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { claimBridge } from '../support/claim-bridge.ts';
import { type CommandResult, command } from '../support/command.ts';
import { tracesOnHost, waitUntilEmpty } from '../support/host.ts';
import { TIMEOUT_FACTOR } from '../support/timeout-factor.ts';

const DEMO = fileURLToPath(new URL('../../tools/demo.mjs', import.meta.url));
const GANTRY = fileURLToPath(new URL('../../bin/gantry', import.meta.url));

test('npm run demo shows the engine at work, leaves it running, and stops it without a trace', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-demo-'));
  const { bridge, bip, release } = claimBridge();
  const [dataRoot, execRoot, log] = [join(folder, 'data'), join(folder, 'exec'), join(folder, 'log')];
  const place = ['--data-root', dataRoot, '--exec-root', execRoot];
  const demo = (...options: string[]): Promise<CommandResult> =>
    command(process.execPath, [DEMO, ...options], { timeoutMs: 120_000 * TIMEOUT_FACTOR });
  const start = () => demo(...place, '--bridge-name', bridge, '--bip', bip, '--log', log);
  const gantry = (...args: string[]): Promise<CommandResult> =>
    command(GANTRY, args, { env: { DOCKER_HOST: `unix://${execRoot}/gantry.sock` } });
  try {
    const { code, stdout, stderr } = await start();
    assert.equal(code, 0, `${stdout}${stderr}${existsSync(log) ? readFileSync(log, 'utf8') : ''}`);
    assert.equal(stderr, '');
    for (const line of [
      new RegExp(`^The engine started \\(unix://${execRoot}/gantry\\.sock\\)$`, 'm'),
      /^Loaded image: busybox:latest$/m,
      /^\$ gantry run --rm busybox echo 'hello from a container'\nhello from a container$/m,
      /^\$ curl http:\/\/127\.0\.0\.1:\d+\/\n<h1>It works<\/h1>$/m,
      new RegExp(`^ +inet ${bip.slice(0, bip.lastIndexOf('.')).replaceAll('.', '\\.')}\\.\\d+/24 `, 'm'),
      /^[0-9a-f]{12} +busybox +"sh -c .* Up .* 127\.0\.0\.1:\d+->80\/tcp +demo-web$/m,
      /^\$ gantry logs demo-web\nserving$/m,
      /^[0-9a-f]{12} +demo-web +[\d.]+% /m,
      /^\$ gantry rm demo-web\ndemo-web$/m,
      /^The engine keeps running\./m,
      new RegExp(`^Stop it with: npm run demo -- --stop --exec-root ${execRoot} `, 'm'),
    ]) {
      assert.match(stdout, line);
    }
    assert.equal((await gantry('ps', '-aq')).stdout, '', 'the demo removes its containers');
    assert.match((await gantry('images', '--format', '{{.Repository}}:{{.Tag}}')).stdout, /^busybox:latest$/m);
    assert.match((await start()).stdout, /^The engine was running already /m);
    const whole = `The engine has stopped. Its images and volumes stay in ${dataRoot}.\n`;
    assert.equal((await gantry('run', '-d', '--name', 'stays', 'busybox', 'sleep', '1000')).code, 0);
    const left = 'Containers that keep running: 1. Start the engine again to stop or remove them.\n';
    assert.deepEqual(await demo('--stop', ...place), { code: 0, stdout: `${whole}${left}`, stderr: '' });
    assert.equal((await start()).code, 0);
    assert.equal((await gantry('rm', '-f', 'stays')).stdout, 'stays\n');
    assert.deepEqual(await demo('--stop', ...place), { code: 0, stdout: whole, stderr: '' });
    assert.equal((await demo('--stop', ...place)).stdout, 'No engine of the demo is running.\n');
    await waitUntilEmpty(() => tracesOnHost({ dataRoot, execRoot, bridge }));
    assert.ok(!existsSync(execRoot), 'the folder of the runtime state is removed');
  } finally {
    await gantry('rm', '-f', 'stays');
    await demo('--stop', ...place);
    release();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('npm run demo refuses options that it does not know', async () => {
  const { code, stdout, stderr } = await command(process.execPath, [DEMO, '--nope']);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /--nope.*\nUsage: npm run demo /s);
});
