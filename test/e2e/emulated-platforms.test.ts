import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { findBusybox } from '../support/busybox-image.ts';
import { lacksPlugins, pluginConfig } from '../support/client-plugins.ts';
import { command } from '../support/command.ts';
import { ARM64_BUSYBOX, type EmulatedMachine, emulatedMachine, lacksEmulator } from '../support/emulator.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';

const BOTH = 'linux/amd64,linux/arm64';
const reason = lacksEmulator();

let machine: EmulatedMachine;
let engine: TestEngine;
before(async () => {
  if (reason !== false) return;
  machine = await emulatedMachine();
  engine = await startEngine(machine.engine);
});
after(async () => {
  await engine?.[Symbol.asyncDispose]();
  await machine?.[Symbol.asyncDispose]();
});

/** A context whose steps write what the processor is, by programs of the platform alone. */
function contextIn(folder: string): string {
  const context = join(folder, 'context');
  mkdirSync(context);
  copyFileSync(findBusybox(), join(context, 'busybox-amd64'));
  copyFileSync(ARM64_BUSYBOX, join(context, 'busybox-arm64'));
  writeFileSync(
    join(context, 'Dockerfile'),
    `FROM --platform=$BUILDPLATFORM scratch AS tools
ARG BUILDARCH
COPY busybox-$BUILDARCH /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox uname -m >/machine"]

FROM scratch
ARG TARGETARCH
COPY busybox-$TARGETARCH /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
COPY --from=tools /machine /built-by
RUN uname -m >/machine && chown 1000:1000 /machine
USER 1000
RUN test "$(id -u):$(stat -c %u /machine)" = 1000:1000
CMD ["cat", "/machine", "/built-by"]
`,
  );
  return context;
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-emulated-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const read = (...path: readonly string[]): string => readFileSync(join(...path), 'utf8');

test('buildx builds for two platforms, one of them emulated', { skip: reason || lacksPlugins('new') }, async (t) => {
  const folder = folderOf(t);
  const env = { DOCKER_CONFIG: pluginConfig(folder, 'new') };
  const buildx = (...args: readonly string[]) => engine.ok('docker', ['buildx', ...args], { env });
  assert.match(await buildx('ls'), /linux\/arm64/);
  assert.match(await buildx('inspect'), /^Platforms:.*linux\/arm64/m);
  const [archive, files] = [join(folder, 'image'), join(folder, 'files')];
  const outputs = ['type=image,name=emulated-both', `type=oci,dest=${archive}`, `type=local,dest=${files}`];
  await buildx(
    'build',
    ...['--platform', BOTH, '--provenance=false', ...outputs.map((each) => `--output=${each}`)],
    contextIn(folder),
  );

  assert.equal(read(files, 'linux_amd64', 'machine'), 'x86_64\n');
  assert.equal(read(files, 'linux_arm64', 'machine'), 'aarch64\n');
  assert.equal(read(files, 'linux_arm64', 'built-by'), 'x86_64\n');
  assert.deepEqual(await platformsIn(archive, folder), ['linux/amd64', 'linux/arm64']);
  for (const [platform, said] of [
    ['linux/amd64', 'x86_64\nx86_64'],
    ['linux/arm64', 'aarch64\nx86_64'],
  ] as const)
    assert.equal(await engine.ok('docker', ['run', '--rm', '--platform', platform, 'emulated-both']), said);
});

/** Platforms of the configurations of an OCI archive, sorted: those of its index say the same. */
async function platformsIn(archive: string, folder: string): Promise<readonly string[]> {
  const layout = join(folder, 'layout');
  mkdirSync(layout);
  assert.equal((await command('tar', ['-xf', archive, '-C', layout])).code, 0);
  const blob = (digest: string) => JSON.parse(read(layout, 'blobs', digest.replace(':', '/')));
  const top = JSON.parse(read(layout, 'index.json')).manifests[0];
  const { manifests } = blob(top.digest);
  const found = manifests.map((one: { digest: string; platform: { os: string; architecture: string } }) => {
    const config = blob(blob(one.digest).config.digest);
    assert.equal(config.architecture, one.platform.architecture);
    return `${config.os}/${config.architecture}`;
  });
  return found.toSorted();
}

test('gantry build builds and runs for an emulated platform, and says what fails without the emulator', {
  skip: reason,
}, async (t) => {
  const folder = folderOf(t);
  const context = contextIn(folder);
  const files = join(folder, 'files');
  await engine.ok('gantry', ['build', '--no-cache', '--platform', BOTH, '-o', files, context]);
  assert.equal(read(files, 'linux_amd64', 'machine'), 'x86_64\n');
  assert.equal(read(files, 'linux_arm64', 'machine'), 'aarch64\n');
  await engine.ok('gantry', ['build', '--platform', 'linux/arm64', '-t', 'emulated', context]);
  assert.equal(await engine.ok('gantry', ['run', '--rm', 'emulated', 'uname', '-m']), 'aarch64');
  const container = await engine.ok('gantry', ['run', '-d', 'emulated', 'sleep', '1000']);
  assert.equal(await engine.ok('gantry', ['exec', container, 'uname', '-m']), 'aarch64');
  await engine.ok('gantry', ['rm', '-f', container]);

  await machine.enable(false);
  t.after(() => machine.enable(true));
  assert.doesNotMatch(await engine.ok('gantry', ['buildx', 'inspect']), /arm64/);
  const failed = await engine.gantry(['build', '--no-cache', '--platform', BOTH, '--progress=plain', context]);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /exec \/bin\/busybox: exec format error/);
  assert.match(failed.stderr, /did not complete successfully: exit code: 255/);
});
