import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { resolveConfig } from '../../src/daemon/config/config.ts';
import { startEngine } from '../support/engine.ts';
import { eventually, loadBusybox } from '../support/fixture.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const UNIT = 'packaging/systemd/gantry.service';
/** Where docs/install.md installs the repository. */
const INSTALLED = '/opt/gantry';
const text = readFileSync(join(ROOT, UNIT), 'utf8');
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

/** The unit's settings by `Section.Key` (systemd.syntax(7)). A key that occurs twice is an error here. */
function settings(unit: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let section = '';
  for (const line of unit.split('\n').filter((line) => line !== '' && !/^[#;]/.test(line))) {
    const [, header] = /^\[(\w+)\]$/.exec(line) ?? [];
    const [, key = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (header === undefined) assert.ok(key !== '' && section !== '', `a line of the unit: ${line}`);
    assert.ok(!found.has(`${section}.${key}`), `${key} occurs once`);
    if (header === undefined) found.set(`${section}.${key}`, value);
    else section = header;
  }
  return found;
}

/** What systemd says of a unit, without lines on other units of the machine. */
function verify(unit: string): { readonly status: number | null; readonly says: string } {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-unit-'));
  try {
    const path = join(folder, 'gantry.service');
    writeFileSync(path, unit);
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' });
    const lines = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('gantry'));
    return { status, says: lines.join('\n') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the unit names only paths that the install of docs/install.md makes', () => {
  const install = readFileSync(join(ROOT, 'docs/install.md'), 'utf8');
  assert.ok(install.includes(`git clone <this repository> ${INSTALLED}\n`));
  assert.ok(install.includes(`cp ${UNIT} /etc/systemd/system/\n`));
  const unit = settings(text);
  for (const [key, value] of unit) {
    for (const [path] of value.replace('file://', ' ').matchAll(/(?<![\w/])\/[\w./-]+/g)) {
      const here = path.startsWith(`${INSTALLED}/`) ? join(ROOT, path.slice(INSTALLED.length)) : path;
      assert.ok(existsSync(here), `${key}: ${path}`);
    }
  }
  const [program = '', ...args] = (unit.get('Service.ExecStart') ?? '').split(' ');
  assert.equal(program, `${INSTALLED}/bin/gantryd`);
  accessSync(join(ROOT, 'bin/gantryd'), constants.X_OK);
  assert.deepEqual(args, [], 'options are in /etc/gantry/daemon.json');
});

test('the unit stops and restarts the engine alone, and gives it the time that it may take', () => {
  const unit = settings(text);
  const service = (key: string): string | undefined => unit.get(`Service.${key}`);
  // The engine stays in the foreground and notifies nobody.
  assert.equal(service('Type'), 'exec');
  assert.equal(service('KillMode'), 'process', 'containers and their supervisor outlive the engine');
  assert.equal(service('Delegate'), 'yes', 'systemd leaves the cgroups below the unit alone');
  assert.equal(service('Restart'), 'on-failure');
  assert.equal(service('RestartPreventExitStatus'), '125', 'the exit code of a wrong configuration');
  assert.equal(service('ExecReload'), '/bin/kill -s HUP $MAINPID');
  assert.ok(Number(service('TimeoutStopSec')) > resolveConfig({}).shutdownTimeoutSeconds);
  assert.equal(unit.get('Install.WantedBy'), 'multi-user.target');
  for (const unwanted of ['User', 'ProtectSystem', 'PrivateTmp', 'PrivateMounts', 'NoNewPrivileges', 'KillSignal'])
    assert.equal(service(unwanted), undefined, `${unwanted} would keep the engine from its work`);
});

test('the engine does what the unit expects of its process', async () => {
  await using engine = await startEngine();
  // `Type=exec` and `$MAINPID`: the started program is the engine itself, which reloads on SIGHUP.
  process.kill(engine.pid(), 'SIGHUP');
  await eventually(async () => assert.match(engine.log(), /reload/i));
  await loadBusybox(engine);
  const id = await engine.ok('gantry', ['run', '-d', 'busybox', 'sleep', '1000']);
  const pid = await engine.ok('gantry', ['inspect', '-f', '{{.State.Pid}}', id]);
  // `KillMode=process`: the stop ends the engine, with code 0, and no other process.
  assert.equal(await engine.stop('SIGTERM'), 0);
  assert.ok(existsSync(`/proc/${pid}`));
  await engine.start();
  assert.equal(await engine.ok('gantry', ['inspect', '-f', '{{.State.Pid}}', id]), pid);
});

test('systemd accepts the unit, and would refuse a wrong one', {
  skip: hasSystemd ? false : 'systemd-analyze is not installed',
}, () => {
  // The programs are at their installed places only where Gantry is installed.
  const here = text.replaceAll(`${INSTALLED}/`, `${ROOT}/`);
  assert.deepEqual(verify(here), { status: 0, says: '' });
  assert.match(verify(here.replace('KillMode=', 'KilMode=')).says, /KilMode/);
  assert.match(verify(here.replace('Type=exec', 'Type=executable')).says, /executable/);
  assert.notEqual(verify(here.replace('/bin/gantryd', '/bin/missing')).status, 0);
});
