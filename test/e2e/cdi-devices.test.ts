import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CLIS, useEngine } from '../support/fixture.ts';

/** Devices that files of the Container Device Interface describe. */

const folder = mkdtempSync(join(tmpdir(), 'gantry-cdi-'));
after(() => rmSync(folder, { recursive: true }));
const edits = {
  env: ['REC=one'],
  deviceNodes: [{ path: '/dev/rec-one', hostPath: '/dev/zero', permissions: 'r', uid: 5 }],
  mounts: [{ hostPath: folder, containerPath: '/rec-host', options: ['ro', 'rbind'] }],
  hooks: [{ hookName: 'createContainer', path: '/bin/true', args: ['true'] }],
};
const spec = { cdiVersion: '0.6.0', kind: 'rec.test/device', devices: [{ name: 'one', containerEdits: edits }] };
writeFileSync(join(folder, 'rec.json'), JSON.stringify(spec));
const engine = useEngine({ flags: ['--cdi-spec-dir', folder] });

for (const cli of CLIS) {
  test(`${cli} run --device with a name of CDI gives the device, its variables and its files`, async () => {
    const look =
      'echo $REC; stat -c "%u %t,%T" /dev/rec-one; head -c 2 /dev/rec-one | wc -c; ls /rec-host; touch /rec-host/x';
    const run = await engine()[cli](['run', '--rm', '--device', 'rec.test/device=one', 'busybox', 'sh', '-c', look]);
    assert.equal(run.stdout, 'one\n5 1,5\n2\nrec.json\n', run.stderr);
    assert.match(run.stderr, /Read-only file system/);
    const missing = await engine()[cli](['run', '--rm', '--device', 'rec.test/device=two', 'busybox', 'true']);
    assert.equal(missing.code, 125);
    assert.match(missing.stderr, /CDI device injection failed: unresolvable CDI devices rec\.test\/device=two/);
    const info = await engine().ok(cli, ['info']);
    assert.match(
      info,
      new RegExp(`CDI spec directories:\\n  ${folder}\\n Discovered Devices:\\n  cdi: rec.test/device=one\\n`),
    );
  });
}
