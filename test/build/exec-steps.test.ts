import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Progress } from '../../src/build/solver/index.ts';
import { readMountInfo } from '../../src/linux/index.ts';
import { privateHost } from '../../src/network/testing/private-host.ts';
import { BuildHost } from '../support/build-host.ts';
import { until } from '../support/task-host.ts';

const outside = privateHost();
let host: BuildHost;
before(async () => {
  host = await BuildHost.open();
});
after(async () => {
  await host[Symbol.asyncDispose]();
  outside[Symbol.dispose]();
});

test('a step runs in its tree, its output is heard, its files are a layer, and the next build finds it', async () => {
  const edge = host.run('echo out; echo err >&2; echo hi > /made; mkdir -p /a/b');
  const first = await host.build(edge);
  assert.equal(first.text.split('\n').sort().join(' '), ' err out');
  await host.look(first.tree, (path) => {
    assert.equal(readFileSync(join(path, 'made'), 'utf8'), 'hi\n');
    assert.ok(existsSync(join(path, 'a/b')) && existsSync(join(path, 'bin/sh')));
  });
  const second = await host.build(edge);
  assert.deepEqual(second.ran, []);
  assert.deepEqual(second.tree, first.tree);
  host.assertClean();
});

test('a step sees the environment, names and files that BuildKit shows', async () => {
  const { text } = await host.build(
    host.run('env; hostname; cat /etc/hosts; cat /etc/hostname; touch /etc/hosts; pwd; id -u; true', {
      meta: {
        ...{ env: ['PATH=/bin', 'A=b'], cwd: '/tmp', extraHosts: [{ Host: 'db', IP: '10.0.0.9' }] },
        ...{ user: 'nobody', proxy_env: { http_proxy: 'http://proxy' } },
      },
    }),
  );
  for (const line of ['A=b', 'PATH=/bin', 'HOME=/home', 'HTTP_PROXY=http://proxy', 'http_proxy=http://proxy']) {
    assert.ok(text.split('\n').includes(line), line);
  }
  assert.doesNotMatch(text, /^HOSTNAME=/m);
  assert.match(text, /^buildkitsandbox$/m);
  assert.match(text, /^127\.0\.0\.1\s+localhost buildkitsandbox$/m);
  assert.match(text, /^10\.0\.0\.9\s+db$/m);
  assert.match(text, /can't open '\/etc\/hostname'/);
  assert.match(text, /Read-only file system/);
  assert.match(text, /^\/tmp\n65534$/m);
});

test('a step without changes has a layer without files: neither mount points nor folders above them stay', async () => {
  const mounts = [
    { target: '/b/x/y', source: host.base, selector: 'bin', isReadOnly: true },
    { target: '/t', tmpfs: { sizeBytes: 0 } },
    { target: '/tmp/c', cache: { id: 'c', sharing: 0 as const } },
  ];
  const { tree } = await host.build(host.run('ls /b/x/y/sh /t /tmp/c /etc/resolv.conf', { mounts }));
  assert.ok(tree.kind === 'layers');
  assert.equal(tree.layers.length, 2);
  assert.equal(tree.layers[1]?.key, undefined);
});

test('a process that fails is told with its command and code, and nothing is left', async () => {
  await assert.rejects(
    host.build(host.run('echo "no"; exit 7')),
    (error: Error & { cause?: { exitCode?: number } }) => {
      assert.equal(
        error.message,
        'process "/bin/sh -c echo \\"no\\"; exit 7" did not complete successfully: exit code: 7',
      );
      assert.equal(error.cause?.exitCode, 7);
      return true;
    },
  );
  await host.build(host.run('exit 7', { meta: { validExitCodes: [7] } }));
  for (const [program, told] of [
    ['/nosuch', /runc run failed: unable to start container process: .*no such file or directory/],
    ['/etc/passwd', /runc run failed: unable to start container process: .*permission denied/],
  ] as const) {
    const output: string[] = [];
    const message = `process "${program}" did not complete successfully: exit code: 1`;
    const heard = (each: Progress): void => {
      if (each.kind === 'log') output.push(Buffer.from(each.bytes).toString());
    };
    await assert.rejects(host.build(host.run('', { meta: { args: [program] } }), { heard }), { message });
    assert.match(output.join(''), told);
  }
  await assert.rejects(host.build(host.run('true', { meta: { user: 'foo' } })), {
    message:
      'process "/bin/sh -c true" did not complete successfully: unable to find user foo: no matching entries in passwd file',
  });
  host.assertClean();
});

test('a step is on the bridge, on the host’s network or on none, as its build is allowed', async () => {
  const address = 'ip -o addr show';
  assert.match((await host.build(host.run(address))).text, / 10\.219\.0\.\d+\/24 /);
  assert.doesNotMatch((await host.build(host.run(address, { network: 2 }))).text, /eth0/);
  const onHost = host.run(address, { network: 1 });
  await assert.rejects(host.build(onHost), { message: 'failed to load LLB: network.host is not allowed' });
  assert.match((await host.build(onHost, { entitlements: ['network.host'] })).text, /lan0/);
  const insecure = host.run('mount -t tmpfs none /tmp && echo mounted', { security: 1 });
  await assert.rejects(host.build(insecure), { message: 'failed to load LLB: security.insecure is not allowed' });
  assert.equal((await host.build(insecure, { entitlements: ['security.insecure'] })).text, 'mounted\n');
  await assert.rejects(host.build(host.run('mount -t tmpfs none /tmp 2>/dev/null')), { message: /exit code: 1$/ });
});

test('a mount that is written to is thrown away, or is an output of its own', async () => {
  const source = host.run('echo 1 > /file');
  const write = 'echo 2 > /m/file; echo 3 > /own';
  const thrown = await host.build(host.run(write, { mounts: [{ target: '/m', source, hasNoOutput: true }] }));
  await host.look(thrown.tree, (path) => {
    assert.equal(readFileSync(join(path, 'own'), 'utf8'), '3\n');
    assert.equal(existsSync(join(path, 'm')), false);
  });
  const { node } = host.run(write, { mounts: [{ target: '/m', source }] });
  const kept = await host.build({ node, output: 1 });
  await host.look(kept.tree, (path) => assert.equal(readFileSync(join(path, 'file'), 'utf8'), '2\n'));
  const only = host.run('echo x > /m/file', { mounts: [{ target: '/m', source, isReadOnly: true }] });
  await assert.rejects(host.build(only), { message: /exit code: 1$/ });
});

test('of a mount that is only read, its content counts', async () => {
  const mounts = (script: string) => [{ target: '/m', source: host.run(script), selector: 'file', isReadOnly: true }];
  const first = await host.build(host.run('cat /m', { mounts: mounts('echo 1 > /file') }));
  assert.equal(first.text, '1\n');
  const same = await host.build(host.run('cat /m', { mounts: mounts('echo 1 > /file; echo 2 > /other') }));
  assert.deepEqual(same.ran.length, 1, 'only the step that makes the mount runs');
  const other = await host.build(host.run('cat /m', { mounts: mounts('echo 3 > /file') }));
  assert.equal(other.text, '3\n');
  await assert.rejects(
    host.build(
      host.run('cat /m', {
        mounts: [{ target: '/m', source: host.run('true'), selector: 'nosuch', isReadOnly: true }],
      }),
    ),
    { message: /^failed to compute cache key: failed to calculate checksum of ref .*: "\/nosuch": not found$/ },
  );
});

test('a cache mount keeps what steps write, beside their trees', async () => {
  const mounts = [{ target: '/c', cache: { id: '/c', sharing: 2 as const } }];
  await host.build(host.run('echo kept > /c/file', { mounts }));
  const { text, tree } = await host.build(host.run('cat /c/file', { mounts }));
  assert.equal(text, 'kept\n');
  await host.look(tree, (path) => assert.equal(existsSync(join(path, 'c')), false));
});

test('a secret is a file in memory or a variable, and stays nowhere', async () => {
  const value = 'very-secret-value';
  const session = { secret: async (id: string) => (id === 's' ? Buffer.from(value) : undefined) };
  const secret = {
    dest: '/run/secrets/s',
    mountType: 1,
    input: -1,
    output: -1,
    secretOpt: { ID: 's', uid: 5, mode: 0o400 },
  };
  const secretEnvironment = [{ ID: 's', name: 'TOKEN' }];
  const edge = host.run('cat /run/secrets/s; echo " $TOKEN"; stat -c "%u %a" /run/secrets/s', {
    secrets: [secret],
    secretEnvironment,
  });
  const { text, tree } = await host.build(edge, { session });
  assert.equal(text, `${value} ${value}\n5 400\n`);
  await host.look(tree, (path) => assert.equal(existsSync(join(path, 'run')), false));
  const missing = { ...secret, secretOpt: { ID: 'q' } };
  await assert.rejects(host.build(host.run('true', { secrets: [missing] }), { session }), {
    message: 'secret q: not found',
  });
  const optional = { ...secret, secretOpt: { ID: 'q', optional: true } };
  await host.build(host.run('test ! -e /run/secrets/s', { secrets: [optional] }), { session });
  host.assertClean();
});

test('limits of the build hold', async () => {
  const limit = { meta: { ulimit: [{ Name: 'nofile', Soft: 50n, Hard: 60n }] } };
  assert.equal((await host.build(host.run('ulimit -n', limit))).text, '50\n');
  const mounts = [{ target: '/dev/shm', tmpfs: { sizeBytes: 1 << 20 } }];
  assert.match((await host.build(host.run('grep /dev/shm /proc/mounts', { mounts }))).text, /size=1024k/);
});

test('a step that is cancelled is killed with all its processes, and leaves nothing', async () => {
  const controller = new AbortController();
  const build = host.build(host.run('sleep 1000 & echo up; sleep 1000'), {
    signal: controller.signal,
    heard: (each) => void (each.kind === 'log' && controller.abort()),
  });
  await assert.rejects(build, { message: 'context canceled' });
  await until(() => host.ports.runtime.tasks().length === 0, 'the task is gone');
  await until(() => readdirSync(host.ports.runFolder).length === 0, 'the folder is gone');
  await until(() => host.store.snapshots.writables().length === 0, 'the writable is gone');
  const left = readMountInfo().filter(({ mountPoint }) => mountPoint.startsWith(host.ports.runFolder));
  assert.deepEqual(left, []);
});

test('a step that puts links in the place of its mount points changes nothing outside', async () => {
  const mounts = [{ target: '/m/stub', source: host.base, selector: 'bin', isReadOnly: true }];
  const victim = join(host.store.root, 'victim');
  const { tree } = await host.build(host.run(`echo; mkdir -p /n; ln -s ${victim} /n/stub`, { mounts }));
  assert.equal(tree.kind, 'layers');
  const output = await host.build(host.run('head -c 3000000 /dev/zero | tr "\\0" x'));
  assert.match(output.text, /\[output clipped, log limit .* reached\]/);
  assert.ok(output.text.length < 3 << 20);
});

test('steps run side by side', async () => {
  const steps = [1, 2, 3].map((n) => host.run(`echo ${n} > /f`));
  const mounts = steps.map((source, n) => ({ target: `/m${n}`, source, selector: 'f', isReadOnly: true }));
  const { text, ran } = await host.build(host.run('cat /m0 /m1 /m2', { mounts }));
  assert.equal(text, '1\n2\n3\n');
  assert.equal(ran.length, 4);
});
