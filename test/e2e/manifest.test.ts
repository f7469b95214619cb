import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tarArchive } from '../support/busybox-image.ts';
import { clientEnvironment, forgetLogins } from '../support/client-environment.ts';
import type { CommandResult } from '../support/command.ts';
import { debianRegistry } from '../support/debian-registry.ts';
import { CLIS, type Cli, unique, useEngine } from '../support/fixture.ts';
import { gantryRegistry } from '../support/gantry-registry.ts';

const engine = useEngine();
const HTPASSWD = 'bob:$2y$05$XoV066GfonC1TI807FmKSe8xd/tfLySwxAbGpPs4NGdDhU1zIJbUG\n';

/** A configuration folder of its own, with both command lines in it. */
function workbench(t: TestContext) {
  const home = mkdtempSync(join(tmpdir(), 'gantry-test-manifests-'));
  t.after(() => {
    forgetLogins(home);
    rmSync(home, { recursive: true, force: true });
  });
  const env = clientEnvironment(home);
  const run = (cli: Cli, args: readonly string[], input?: string): Promise<CommandResult> =>
    engine()[cli](args, { env, ...(input === undefined ? {} : { input }) });
  return {
    run,
    lists: join(home, 'client/manifests'),
    async ok(cli: Cli, args: readonly string[], input?: string): Promise<string> {
      const { code, stdout, stderr } = await run(cli, args, input);
      assert.equal(code, 0, `${cli} ${args.join(' ')}: ${stderr}${stdout}`);
      return stdout;
    },
  };
}

/** Pushes an image for each architecture, tagged with it. */
async function pushForEach(repository: string, architectures: readonly string[]): Promise<void> {
  for (const architecture of architectures) {
    const name = `${repository}:${architecture}`;
    const input = tarArchive([{ name: 'platform', content: architecture }]);
    await engine().ok('gantry', ['import', '--platform', `linux/${architecture}`, '-', name], { input });
    await engine().ok('gantry', ['push', '-q', name]);
    await engine().ok('gantry', ['rmi', name]);
  }
}

for (const cli of CLIS) {
  test(`${cli}: a list of two platforms is created, annotated, pushed, and pulled by platform`, async (t) => {
    await using registry = await debianRegistry();
    const bench = workbench(t);
    const repository = `${registry.host}/team/${unique('app')}`;
    const list = `${repository}:1`;
    await pushForEach(repository, ['amd64', 'arm64']);
    const create = ['manifest', 'create', '--insecure', list, `${repository}:amd64`, `${repository}:arm64`];
    assert.equal(await bench.ok(cli, create), `Created manifest list ${list}\n`);
    const annotate = ['manifest', 'annotate', '--variant', 'v8', '--os-version', '1', list, `${repository}:arm64`];
    assert.equal(await bench.ok(cli, [...annotate, '--os-features', 'a,b', '--os-features', 'b']), '');
    for (const verbosity of [[], ['-v']]) {
      const seen = await Promise.all(CLIS.map((each) => bench.ok(each, ['manifest', 'inspect', ...verbosity, list])));
      assert.equal(new Set(seen).size, 1, seen.join('\n'));
    }
    const local = JSON.parse(await bench.ok(cli, ['manifest', 'inspect', list]));
    assert.deepEqual(
      local.manifests.map(({ platform }: { platform: object }) => platform),
      [
        { architecture: 'amd64', os: 'linux' },
        { architecture: 'arm64', os: 'linux', 'os.version': '1', 'os.features': ['a', 'b'], variant: 'v8' },
      ],
    );
    const digest = await bench.ok(cli, ['manifest', 'push', '--insecure', '--purge', list]);
    assert.match(digest, /^sha256:[0-9a-f]{64}\n$/);
    assert.deepEqual(readdirSync(bench.lists), []);
    for (const verbosity of [[], ['-v']]) {
      const args = ['manifest', 'inspect', '--insecure', ...verbosity];
      for (const name of [list, `${repository}:amd64`]) {
        const seen = await Promise.all(CLIS.map((each) => bench.ok(each, [...args, name])));
        assert.equal(new Set(seen).size, 1, seen.join('\n'));
      }
    }
    for (const [platform, expected] of [
      ['linux/amd64', 'amd64'],
      ['linux/arm64/v8', 'arm64'],
    ] as const) {
      await engine().ok(cli, ['pull', '-q', '--platform', platform, list]);
      assert.equal(await engine().ok(cli, ['image', 'inspect', '-f', '{{.Architecture}}', list]), expected);
      await engine().ok(cli, ['rmi', list]);
    }
  });
}

test('the same list is made byte for byte by docker and by gantry, and each goes on where the other stopped', async (t) => {
  await using registry = await debianRegistry();
  const bench = workbench(t);
  const repository = `${registry.host}/${unique('app')}`;
  await pushForEach(repository, ['amd64', 'arm64', 's390x']);
  const digests = new Set<string>();
  for (const [first, second] of [
    [CLIS[0] ?? 'gantry', 'gantry'],
    ['gantry', CLIS[0] ?? 'gantry'],
  ] as const) {
    const list = `${repository}:${unique('list')}`;
    await bench.ok(first, ['manifest', 'create', '--insecure', list, `${repository}:amd64`, `${repository}:s390x`]);
    await bench.ok(second, ['manifest', 'create', '--insecure', '--amend', list, `${repository}:arm64`]);
    await bench.ok(first, ['manifest', 'annotate', '--variant', 'v8', list, `${repository}:arm64`]);
    digests.add(await bench.ok(second, ['manifest', 'push', '--insecure', '-p', list]));
  }
  assert.equal(digests.size, 1);
});

test('images of another repository come along, from our registry with a login', async (t) => {
  await using registry = await debianRegistry({ htpasswd: HTPASSWD });
  await using open = await gantryRegistry();
  const bench = workbench(t);
  const login = ['login', '-u', 'bob', '--password-stdin', registry.host];
  await engine().ok('gantry', login, { input: 'secret' });
  await bench.ok('gantry', login, 'secret');
  for (const host of [registry.host, open.host]) {
    const [source, target] = [`${host}/${unique('source')}`, `${host}/${unique('target')}`];
    await pushForEach(source, ['amd64', 'arm64']);
    await bench.ok('gantry', ['manifest', 'create', `${target}:1`, `${source}:amd64`, `${source}:arm64`]);
    const pushed = await bench.ok('gantry', ['manifest', 'push', `${target}:1`]);
    const lines = pushed.split('\n');
    assert.equal(lines.length, 4, pushed);
    for (const line of lines.slice(0, 2)) assert.match(line, /^Pushed ref .*@(sha256:[0-9a-f]{64}) with digest: \1$/);
    await engine().ok('gantry', ['pull', '-q', '--platform', 'linux/arm64', `${target}:1`]);
    await engine().ok('gantry', ['rmi', `${target}:1`]);
    await bench.ok('gantry', ['manifest', 'rm', `${target}:1`]);
  }
  await engine().ok('gantry', ['logout', registry.host]);
});

test('what cannot be done is refused in docker’s words', async (t) => {
  await using registry = await debianRegistry();
  const bench = workbench(t);
  const repository = `${registry.host}/${unique('app')}`;
  await pushForEach(repository, ['amd64']);
  const list = `${repository}:1`;
  await bench.ok('gantry', ['manifest', 'create', '--insecure', list, `${repository}:amd64`]);
  await bench.ok('gantry', ['manifest', 'push', '--insecure', list]);
  const image = `${repository}:amd64`;
  for (const [args, text] of [
    [['create', '--insecure', list, image], 'refusing to amend an existing manifest list with no --amend flag\n'],
    [['create', '--insecure', `${repository}:2`, list], `${list} is a manifest list\n`],
    [['create', '--insecure', `${repository}:2`, `${repository}:none`], `no such manifest: ${repository}:none\n`],
    [['inspect', '--insecure', `${repository}:none`], `no such manifest: ${repository}:none\n`],
    [['inspect', list, `${repository}:none`], `No such manifest: ${repository}:none\n`],
    [
      ['annotate', '--arch', 'foo', list, image],
      'manifest entry for image has unsupported os/arch combination: /foo\n',
    ],
    [['annotate', '--arch', 'arm64', list, 'busybox'], `manifest for image busybox does not exist in ${list}\n`],
    [['push', 'busybox:none'], 'No such manifest: docker.io/library/busybox:none\n'],
    [
      ['rm', 'busybox:none', `${repository}:none`],
      `No such manifest: docker.io/library/busybox:none\nNo such manifest: ${repository}:none\n`,
    ],
    [
      ['create', 'UPPER:x', 'a'],
      'error parsing name for manifest list UPPER:x: invalid reference format: repository name (library/UPPER) must be lowercase\n',
    ],
  ] as const) {
    for (const cli of CLIS) {
      const { code, stderr } = await bench.run(cli, ['manifest', ...args]);
      assert.deepEqual([code, stderr], [1, text], `${cli} manifest ${args.join(' ')}`);
    }
  }
  assert.equal(existsSync(join(bench.lists, `${repository}:2`.replaceAll(':', '-').replaceAll('/', '_'))), false);
});

test('plain http of a host that is not the loopback takes --insecure', async (t) => {
  const address = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  if (address === undefined) return t.skip('this machine has no address but the loopback’s');
  await using registry = await gantryRegistry(['--listen', '0.0.0.0:0']);
  const port = registry.host.split(':').at(-1);
  const path = unique('app');
  await pushForEach(`localhost:${port}/${path}`, ['amd64']);
  const bench = workbench(t);
  const name = `${address}:${port}/${path}:amd64`;
  const refused = await bench.run('gantry', ['manifest', 'inspect', name]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /: http: server gave HTTP response to HTTPS client\n$/);
  const seen = await Promise.all(CLIS.map((cli) => bench.ok(cli, ['manifest', 'inspect', '--insecure', name])));
  assert.equal(new Set(seen).size, 1);
});
