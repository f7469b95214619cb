import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { command } from '../support/command.ts';
import { CLIS, unique, useEngine } from '../support/fixture.ts';
import { syscallProgram } from '../support/syscall-program.ts';

const engine = useEngine();
const EPERM = 1;
const ENOSYS = 38;

/** Answers of dockerd 28.5: newer than all that its profile names, and named but not permitted. */
const DECISIONS: readonly (readonly [number: number, errno: number])[] = [
  [467, ENOSYS],
  [500, ENOSYS],
  [1000, ENOSYS],
  [57005, ENOSYS],
  [0xffffffff, ENOSYS],
  [460, EPERM], // lsm_set_self_attr
  [450, EPERM], // set_mempolicy_home_node
  [425, EPERM], // io_uring_setup
];
/** Permitted, whether libseccomp knows them or not: mseal, listxattrat, futex_requeue. */
const PERMITTED = [462, 465, 456];

const skip = syscallProgram(0) === undefined ? `no program for ${process.arch}` : false;
let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-seccomp-'));
  for (const number of [...DECISIONS.map(([call]) => call), ...PERMITTED])
    writeFileSync(join(folder, String(number)), syscallProgram(number) ?? '', { mode: 0o755 });
});
after(() => rmSync(folder, { recursive: true }));

for (const cli of CLIS) {
  test(`${cli} run and exec answer new system calls with ENOSYS, forbidden ones with EPERM`, { skip }, async () => {
    const name = unique('seccomp');
    await engine().ok(cli, ['run', '-d', '--name', name, '-v', `${folder}:/m`, 'busybox', 'sleep', '1000']);
    for (const [number, errno] of DECISIONS) {
      const run = await engine()[cli](['run', '--rm', '-v', `${folder}:/m`, 'busybox', `/m/${number}`]);
      assert.equal(run.code, errno, `run of ${number}: ${run.stderr}`);
      assert.equal((await engine()[cli](['exec', name, `/m/${number}`])).code, errno, `exec of ${number}`);
    }
    for (const number of PERMITTED) assert.notEqual((await engine()[cli](['exec', name, `/m/${number}`])).code, EPERM);
    await engine().ok(cli, ['rm', '-f', name]);
  });
}

test('the first container of an engine has the same filter', { skip }, async () => {
  await engine().stop();
  await engine().start();
  const flags = ['--rm', '--cap-add', 'SYS_PACCT', '-v', `${folder}:/m`];
  assert.equal((await engine().gantry(['run', ...flags, 'busybox', '/m/1000'])).code, ENOSYS);
  assert.equal((await engine().gantry(['run', ...flags, 'busybox', '/m/460'])).code, EPERM);
});

test('runc answers the same', { skip }, async (t) => {
  if ((await command('runc', ['--version'])).code !== 0) return t.skip('no runc on this machine');
  for (const [number, errno] of [
    [1000, ENOSYS],
    [450, EPERM],
  ]) {
    const flags = ['--rm', '--runtime', 'runc', '-v', `${folder}:/m`];
    assert.equal((await engine().gantry(['run', ...flags, 'busybox', `/m/${number}`])).code, errno, String(number));
  }
});
