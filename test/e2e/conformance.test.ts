import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { busyboxRootfs } from '../support/busybox-image.ts';
import type { CommandResult } from '../support/command.ts';
import { CLIS, type Cli, unique, useEngine } from '../support/fixture.ts';

/** What was found by running the same command lines on a real dockerd and on this engine, with both command lines. */
const engine = useEngine();
const docker = (cli: Cli, ...args: string[]): Promise<string> => engine().ok(cli, args);

async function refused(cli: Cli, code: number, text: RegExp, ...args: string[]): Promise<CommandResult> {
  const result = await engine()[cli](args);
  assert.equal(result.code, code, `${cli} ${args.join(' ')}: ${result.stdout}${result.stderr}`);
  assert.match(result.stderr, text, `${cli} ${args.join(' ')}`);
  return result;
}

const run = (...flags: string[]): string[] => ['run', '--rm', ...flags, 'busybox', 'true'];

for (const cli of CLIS) {
  test(`${cli}: a path within a volume is mounted, and nothing outside of it`, async () => {
    const volume = unique('subpath');
    const mount = `type=volume,src=${volume},dst=/v`;
    const fill = 'mkdir /v/s; echo sub > /v/s/x; ln -s /etc /v/bad; ln -s s /v/good';
    await docker(cli, 'run', '--rm', '--mount', mount, 'busybox', 'sh', '-c', fill);
    const cat = async (path: string, file: string): Promise<string> =>
      docker(cli, 'run', '--rm', '--mount', `${mount},volume-subpath=${path}`, 'busybox', 'cat', file);
    assert.equal(await cat('s', '/v/x'), 'sub');
    assert.equal(await cat('good', '/v/x'), 'sub');
    assert.equal(await cat('s/x', '/v'), 'sub');
    await refused(
      cli,
      127,
      /lstat \S+\/nope: no such file or directory/,
      ...run('--mount', `${mount},volume-subpath=nope`),
    );
    await refused(cli, 125, /escapes the base directory/, ...run('--mount', `${mount},volume-subpath=bad`));
    await refused(cli, 125, /subpath must be a relative path/, ...run('--mount', `${mount},volume-subpath=../x`));
    await docker(cli, 'volume', 'rm', volume);
  });

  test(`${cli}: links on the default bridge give addresses and environment`, async () => {
    const [db, web] = [unique('db'), unique('web')];
    await docker(cli, 'run', '-d', '--name', db, '-e', 'PW=1', '--expose', '5432', 'busybox', 'sleep', '1000');
    const ip = await docker(cli, 'inspect', '-f', '{{.NetworkSettings.IPAddress}}', db);
    const script = 'env | grep ^DB | sort; grep -w db /etc/hosts; ping -c1 -W2 db > /dev/null && echo pong';
    const shown = await docker(cli, 'run', '--name', web, '--link', `${db}:db`, 'busybox', 'sh', '-c', script);
    const id = (await docker(cli, 'inspect', '-f', '{{.Id}}', db)).slice(0, 12);
    assert.deepEqual(shown.split('\n'), [
      'DB_ENV_PW=1',
      `DB_NAME=/${web}/db`,
      `DB_PORT=tcp://${ip}:5432`,
      `DB_PORT_5432_TCP=tcp://${ip}:5432`,
      `DB_PORT_5432_TCP_ADDR=${ip}`,
      'DB_PORT_5432_TCP_PORT=5432',
      'DB_PORT_5432_TCP_PROTO=tcp',
      `${ip}\tdb ${id} ${db}`,
      'pong',
    ]);
    assert.equal(await docker(cli, 'inspect', '-f', '{{json .HostConfig.Links}}', web), `["/${db}:/${web}/db"]`);
    await refused(cli, 125, /could not get container for nope: No such container: nope/, ...run('--link', 'nope:db'));
    await docker(cli, 'stop', '-t', '0', db);
    await refused(cli, 1, new RegExp(`Cannot link to a non running container: /${db} AS /${web}/db`), 'start', web);
    await docker(cli, 'rm', '-f', db, web);
  });

  test(`${cli}: namespaces of other containers are joined only where they allow it`, async () => {
    const [shared, own, stopped] = [unique('shared'), unique('private'), unique('stopped')];
    await docker(cli, 'run', '-d', '--name', shared, '--ipc', 'shareable', 'busybox', 'sleep', '1000');
    await docker(cli, 'run', '-d', '--name', own, '--ipc', 'private', 'busybox', 'sleep', '1000');
    await docker(cli, 'create', '--name', stopped, '--ipc', 'shareable', 'busybox');
    await docker(cli, ...run('--ipc', `container:${shared}`, '--pid', `container:${shared}`));
    await refused(cli, 125, /non-shareable IPC \(hint: use IpcMode:shareable/, ...run('--ipc', `container:${own}`));
    await refused(
      cli,
      125,
      /failed to join IPC namespace: container [0-9a-f]{64} is not running/,
      ...run('--ipc', `container:${stopped}`),
    );
    await refused(
      cli,
      125,
      /failed to join PID namespace: container [0-9a-f]{64} is not running/,
      ...run('--pid', `container:${stopped}`),
    );
    await refused(cli, 1, /^You cannot attach to a stopped container, start it first$/m, 'attach', stopped);
    await docker(cli, 'pause', shared);
    await refused(cli, 1, /^You cannot attach to a paused container, unpause it first$/m, 'attach', shared);
    await docker(cli, 'rm', '-f', shared, own, stopped);
  });

  test(`${cli}: wrong values are refused in docker’s words`, async () => {
    const cases: readonly (readonly [RegExp, ...string[]])[] = [
      [
        // A second problem is listed where the address is outside of the bridge's subnet.
        /invalid endpoint settings:\n(?:\* )?user specified IP address is supported on user defined networks only\n/,
        '--network',
        'bridge',
        '--ip',
        '172.17.0.200',
      ],
      [/network-scoped aliases are only supported for user-defined networks/, '--network-alias', 'x'],
      [/bad mode specified: x/, '--device', '/dev/null:/dev/foo:x'],
      [/invalid device cgroup format 'bogus'/, '--device-cgroup-rule', 'bogus'],
      [/sysctl 'kernel.panic=1' is not allowed/, '--sysctl', 'kernel.panic=1'],
      [/IP address is not correctly formatted: bogus/, '--dns', 'bogus'],
      [/invalid IP address: 80:80/, '-p', '80:80:80:80'],
      [/unexpected key 'bogus' in 'bogus=1'/, '--mount', 'type=tmpfs,dst=/t,bogus=1'],
      [/too many colons/, '-v', '/x:/y:ro:rw'],
      [/Invalid --security-opt: "bogus"/, '--security-opt', 'bogus'],
      [/error parsing specified platform: "bogus": unknown operating system/, '--platform', 'bogus'],
      [/open nope: no such file or directory/, '--env-file', 'nope'],
    ];
    await Promise.all(cases.map(([text, ...flags]) => refused(cli, 125, text, ...run(...flags))));
    await refused(
      cli,
      1,
      /conflicting options: cannot specify both --attach and --detach/,
      'run',
      '-d',
      '-a',
      'stdout',
      'busybox',
    );
    await refused(cli, 1, /cannot kill container: nope: No such container: nope/, 'kill', 'nope');
    await refused(
      cli,
      1,
      /invalid value for health \(bogus\): must be one of none, starting, healthy, unhealthy/,
      'ps',
      '--filter',
      'health=bogus',
    );
    await refused(cli, 1, /invalid filter 'is-task=\[x\]'/, 'ps', '--filter', 'is-task=x');
  });

  test(`${cli}: what is given is what inspect says`, async () => {
    const name = unique('given');
    const flags = ['--cap-add', 'net_admin', '--cap-drop', 'CHOWN', '--annotation', 'a', '--health-cmd', 'true'];
    await docker(cli, 'create', '--name', name, ...flags, '-v', '/tmp:/m', '-v', '/tmp:/m', 'busybox');
    const inspected = JSON.parse(await docker(cli, 'inspect', name)) as readonly {
      readonly Config: Readonly<Record<string, unknown>>;
      readonly HostConfig: Readonly<Record<string, unknown>>;
    }[];
    const { Config: config = {}, HostConfig: host = {} } = inspected[0] ?? {};
    assert.deepEqual(host['CapAdd'], ['CAP_NET_ADMIN']);
    assert.deepEqual(host['CapDrop'], ['CAP_CHOWN']);
    assert.deepEqual(host['Annotations'], { a: '' });
    assert.deepEqual(host['Binds'], ['/tmp:/m']);
    assert.equal(host['DeviceRequests'], null);
    assert.deepEqual(config['Healthcheck'], { Test: ['CMD-SHELL', 'true'] });
    assert.equal('ExposedPorts' in config, false);
    await docker(cli, 'rm', name);
  });

  test(`${cli}: files of variables and labels are the command line’s, not its runtime’s`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-files-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'file');
    writeFileSync(file, 'A=1\n# note\nDOCKER_HOST=unix:///nowhere\nNOT_THERE\n');
    const env = await docker(cli, 'run', '--rm', '--env-file', file, 'busybox', 'env');
    assert.match(env, /^A=1$/m);
    assert.match(env, /^DOCKER_HOST=unix:\/\/\/nowhere$/m);
    const name = unique('labels');
    await docker(cli, 'create', '--name', name, '--label-file', file, '--cidfile', join(folder, 'cid'), 'busybox');
    const labels = await docker(cli, 'inspect', '-f', '{{json .Config.Labels}}', name);
    assert.deepEqual(JSON.parse(labels), { A: '1', DOCKER_HOST: 'unix:///nowhere' });
    await refused(cli, 1, /container ID file found/, 'create', '--cidfile', join(folder, 'cid'), 'busybox');
    await docker(cli, 'rm', name);
  });

  test(`${cli}: ps names an image by its id once its name is another’s`, async () => {
    const [name, tag] = [unique('old'), `${unique('moving')}:1`];
    await docker(cli, 'tag', 'busybox', tag);
    await docker(cli, 'create', '--name', name, tag);
    const shown = (): Promise<string> => docker(cli, 'ps', '-a', '--filter', `name=${name}`, '--format', '{{.Image}}');
    assert.equal(await shown(), tag);
    await engine().ok(cli, ['import', '-', tag], { input: busyboxRootfs() });
    assert.match(await shown(), /^[0-9a-f]{12}$/);
    await docker(cli, 'rm', name);
    await docker(cli, 'rmi', tag);
  });

  test(`${cli}: details of logs have their column even when there are none`, async () => {
    const name = unique('details');
    await docker(cli, 'run', '--name', name, 'busybox', 'echo', 'x');
    assert.equal((await engine()[cli](['logs', '--details', name])).stdout, ' x\n');
    await docker(cli, 'rm', name);
  });
}

test('gantry: a template that fails says so without a trace of code', async () => {
  const { stderr } = await refused('gantry', 1, /map has no entry for key "Bogus"/, 'info', '--format', '{{.Bogus}}');
  assert.equal(stderr.trimEnd().split('\n').length, 1);
});
