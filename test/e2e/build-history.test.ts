import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lacksPlugins, pluginConfig } from '../support/client-plugins.ts';
import { command } from '../support/command.ts';
import { useEngine } from '../support/fixture.ts';

// What the clients say of builds that have ended.
const engine = useEngine();

const FILE = 'FROM busybox AS one\nARG A\nRUN echo out; exit $A\nFROM one\n';

test('a build is inspected as by buildx', { skip: lacksPlugins('new') }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-history-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const env = { DOCKER_HOST: engine().host, DOCKER_CONFIG: pluginConfig(folder, 'new') };
  const context = join(folder, 'context');
  await command('mkdir', [context]);
  writeFileSync(join(context, 'Dockerfile'), FILE);
  const buildx = async (args: readonly string[]) => await command('docker', ['buildx', ...args], { env });
  const build = async (args: readonly string[]): Promise<string> => {
    await buildx(['build', ...args, context]);
    const { stdout } = await engine().gantry(['buildx', 'history', 'ls', '--format', '{{.Ref}}']);
    return stdout.split('\n')[0] ?? '';
  };
  const json = async (ref: string) => {
    const args = ['history', 'inspect', '--format', 'json', ref];
    const [own, theirs] = [await engine().gantry(['buildx', ...args]), await buildx(args)];
    assert.equal(own.code, 0, own.stderr);
    const [ours, known] = [JSON.parse(own.stdout), JSON.parse(theirs.stdout)];
    for (const each of [ours, known]) {
      // Go counts nanoseconds.
      each.Duration = Math.round(each.Duration / 1e6);
      each.StartedAt = each.StartedAt.slice(0, 22);
      each.CompletedAt = each.CompletedAt.slice(0, 22);
    }
    // buildx notes the folder of the context in a file of its own.
    for (const field of ['Name', 'Context']) {
      delete ours[field];
      delete known[field];
    }
    // The lines of the Dockerfile, and places in the engine's sources.
    for (const field of ['Sources', 'Stack']) delete known.Error?.[field];
    assert.deepEqual(ours, known);
    return ours;
  };
  const settings = [
    '--label',
    'l=v',
    '--add-host',
    'h:1.2.3.4',
    '--no-cache',
    '--shm-size',
    '64m',
    '--ulimit',
    'nofile=50',
  ];
  const named = ['--target', 'one', '--build-context', `n=${folder}`, '--platform', 'linux/amd64'];
  const failed = await build([...settings, ...named, '--build-arg', 'A=4', '--build-arg', 'B=2']);
  assert.equal((await json(failed)).Error.Logs[0], 'out');
  const made = await build(['--build-arg', 'A=0', '-t', 'gantry-test/history']);
  const { Attachments, Materials } = await json(made);
  assert.ok(Attachments.length >= 2 && Materials.length === 1);

  const shown = async (args: readonly string[]) =>
    (await engine().gantry(['buildx', 'history', 'inspect', ...args])).stdout;
  const text = await shown([failed]);
  assert.match(text, /^Name: +\(one\)\nDockerfile: +Dockerfile\nTarget: +one\n/);
  assert.match(text, /\nError: +process .* exit code: 4\n/);
  assert.match(text, /\nBUILD ARG +VALUE\nA +4\nB +2\n/);
  assert.match(text, /\n +3 \| >>> RUN echo out; exit \$A\n/);
  assert.match(text, /\nLogs:\n> => \[one 2\/2\] RUN echo out; exit 4:\n> out\n/);
  assert.match(await shown([]), /\nMaterials:\nURI +DIGEST\npkg:docker\/busybox@latest.* sha256:/);
  assert.equal(await shown(['--format', '{{.Status}} {{.NumTotalSteps}}', '^1']), 'failed 5\n');
  assert.equal((await engine().gantry(['buildx', 'history', 'inspect', 'none'])).code, 1);
});
