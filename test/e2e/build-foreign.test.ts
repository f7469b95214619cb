import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findBusybox, tarArchive } from '../support/busybox-image.ts';
import { unique, useEngine } from '../support/fixture.ts';
import { send } from '../support/send.ts';

const engine = useEngine();

/** Of the ELF header. */
const MACHINE_OFFSET = 18;
const NO_MACHINE = 0x7fff;

test('a program for a machine that the kernel cannot run fails its step with exit code 255', async (t) => {
  // A machine that no emulator is registered for, on any host.
  const program = readFileSync(findBusybox());
  program.writeUInt16LE(NO_MACHINE, MACHINE_OFFSET);
  const image = unique('foreign');
  const archive = tarArchive([
    { name: 'bin', type: 'directory' },
    { name: 'bin/sh', content: program, mode: 0o755 },
  ]);
  const created = await send(
    engine().socketPath,
    'POST',
    `/images/create?fromSrc=-&repo=${image}&platform=linux/arm64`,
    archive,
  );
  assert.equal(created?.status, 200, created?.body);
  const folder = mkdtempSync(join(tmpdir(), 'gantry-foreign-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [instruction, command] of [
    ['RUN echo never', '/bin/sh -c echo never'],
    ['RUN ["/bin/sh", "x"]', '/bin/sh x'],
  ] as const) {
    writeFileSync(join(folder, 'Dockerfile'), `FROM ${image}\n${instruction}\n`);
    const { code, stderr } = await engine().gantry(['build', '--platform', 'linux/arm64', '--progress=plain', folder]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^#\d+ [\d.]+ exec \/bin\/sh: exec format error$/m);
    assert.ok(stderr.includes(`process "${command}" did not complete successfully: exit code: 255`), stderr);
  }
  await engine().ok('gantry', ['rmi', '-f', image]);
});
