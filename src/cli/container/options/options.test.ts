import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { type Flags, parseFlags } from '../../flags/parse.ts';
import { createBody } from './create-body.ts';
import { parseCsv } from './csv.ts';
import { readEnvironment, readLabels } from './env-file.ts';
import { CONTAINER_FLAGS } from './flags.ts';
import { parseGpus } from './gpus.ts';
import { parseMount } from './mount.ts';
import { parseNetworkAttachment } from './network.ts';
import { parseExposed, parsePublished } from './ports.ts';
import { parseRestartPolicy } from './resources.ts';
import { parseUlimit } from './ulimit.ts';

const flagsOf = (...argv: string[]): Flags => parseFlags(CONTAINER_FLAGS, argv, { interspersed: false }).flags;
const bodyOf = (...argv: string[]) =>
  createBody(flagsOf(...argv), { image: 'busybox', command: ['sh'], env: { HOME: '/root' }, consoleSize: [24, 80] });

test('ports are published in all of docker’s forms', () => {
  const bindings = (...values: string[]) => parsePublished(values).bindings;
  assert.deepEqual(bindings('80'), { '80/tcp': [{ HostIp: '', HostPort: '' }] });
  assert.deepEqual(bindings('8080:80/UDP'), { '80/udp': [{ HostIp: '', HostPort: '8080' }] });
  assert.deepEqual(bindings('127.0.0.1:8080:80', '[::1]:8081:80'), {
    '80/tcp': [
      { HostIp: '127.0.0.1', HostPort: '8080' },
      { HostIp: '::1', HostPort: '8081' },
    ],
  });
  assert.deepEqual(bindings('127.0.0.1::80'), { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] });
  assert.deepEqual(bindings('8000-8001:80-81'), {
    '80/tcp': [{ HostIp: '', HostPort: '8000' }],
    '81/tcp': [{ HostIp: '', HostPort: '8001' }],
  });
  assert.deepEqual(bindings('8000-8010:80'), { '80/tcp': [{ HostIp: '', HostPort: '8000-8010' }] });
  assert.deepEqual(bindings('published=8080,target=80,protocol=udp'), { '80/udp': [{ HostIp: '', HostPort: '8080' }] });
});

test('a wrong port is refused with what is wrong', () => {
  const faults: Readonly<Record<string, RegExp>> = {
    '99999:80': /invalid hostPort: 99999/,
    '80:99999': /invalid containerPort: 99999/,
    '80:x': /invalid containerPort: x/,
    '8000-8002:80-81': /invalid ranges specified for container and host Ports: 80-81 and 8000-8002/,
    '80/foo': /invalid proto: foo/,
    'host:80:80': /invalid IP address: host/,
    '80:': /no port specified/,
    'target=80,foo=1': /invalid field key: foo/,
  };
  for (const [value, message] of Object.entries(faults)) assert.throws(() => parsePublished([value]), message, value);
  assert.deepEqual(Object.keys(parseExposed(['80', '53/udp', '90-91'])), ['80/tcp', '53/udp', '90/tcp', '91/tcp']);
  assert.throws(() => parseExposed(['1:2']), /invalid port format for --expose/);
});

test('mounts are read from comma separated options', () => {
  assert.deepEqual(parseMount('type=bind,source=/a,target=/b,readonly'), {
    Type: 'bind',
    Source: '/a',
    Target: '/b',
    ReadOnly: true,
  });
  assert.deepEqual(parseMount('src=data,dst=/d,volume-nocopy,volume-label=a=b,volume-opt=o=x'), {
    Type: 'volume',
    Source: 'data',
    Target: '/d',
    VolumeOptions: { NoCopy: true, Labels: { a: 'b' }, DriverConfig: { Options: { o: 'x' } } },
  });
  assert.deepEqual(parseMount('type=tmpfs,target=/t,tmpfs-size=64m,tmpfs-mode=1770'), {
    Type: 'tmpfs',
    Target: '/t',
    TmpfsOptions: { SizeBytes: 67108864, Mode: 0o1770 },
  });
  assert.deepEqual(parseMount('type=bind,src=./x,dst=/x,bind-propagation=rslave').Source, resolve('./x'));
  assert.throws(() => parseMount('type=bind,source=/a'), { message: 'target is required' });
  assert.throws(() => parseMount('type=bind,foo'), { message: "invalid field 'foo' must be a key=value pair" });
  assert.throws(() => parseMount('type=bind,foo=1'), { message: "unexpected key 'foo' in 'foo=1'" });
  assert.throws(() => parseMount('type=bind,target=/a,volume-nocopy=true'), {
    message: "cannot mix 'volume-*' options with mount type 'bind'",
  });
  assert.throws(() => parseMount('target=/a,readonly=x'), { message: 'invalid value for readonly: x' });
});

test('fields with commas are quoted', () => {
  assert.deepEqual(parseCsv('a,"b,c","d""e",'), ['a', 'b,c', 'd"e', '']);
  assert.throws(() => parseCsv('a"b'), /bare "/);
  assert.throws(() => parseCsv('"a'), /extraneous or missing "/);
});

test('limits, GPUs, networks and restart policies have their own notations', () => {
  assert.deepEqual(parseUlimit('nofile=1024:2048'), { Name: 'nofile', Soft: 1024, Hard: 2048 });
  assert.deepEqual(parseUlimit('core=-1'), { Name: 'core', Soft: -1, Hard: -1 });
  assert.throws(() => parseUlimit('foo=1'), { message: 'invalid ulimit type: foo' });
  assert.throws(() => parseUlimit('nofile=5:1'), {
    message: 'ulimit soft limit must be less than or equal to hard limit: 5 > 1',
  });
  assert.deepEqual(parseGpus('all'), { Driver: '', Count: -1, DeviceIDs: null, Capabilities: [['gpu']], Options: {} });
  assert.deepEqual(parseGpus('"device=0,1",capabilities=compute').DeviceIDs, ['0', '1']);
  assert.deepEqual(parseNetworkAttachment('name=net,alias=a,alias=b,ip=10.0.0.5').aliases, ['a', 'b']);
  assert.throws(() => parseNetworkAttachment('alias=a'), { message: 'network name/id is not specified' });
  assert.deepEqual(parseRestartPolicy('on-failure:3'), { Name: 'on-failure', MaximumRetryCount: 3 });
  assert.throws(() => parseRestartPolicy('on-failure:x'), {
    message: 'invalid restart policy format: maximum retry count must be an integer',
  });
});

test('environment and labels come from files first, then from flags', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-env-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'env');
  writeFileSync(file, '# note\n  A=1\nB= two words \n\nHOME\nUNKNOWN\n');
  assert.deepEqual(readEnvironment([file], ['C=3', 'HOME', 'NOBODY'], { HOME: '/root' }), [
    'A=1',
    'B= two words ',
    'HOME=/root',
    'C=3',
    'HOME=/root',
    'NOBODY',
  ]);
  assert.deepEqual(readLabels([file], ['x']), { A: '1', B: ' two words ', x: '' });
  writeFileSync(file, 'a b=1\n');
  assert.throws(() => readEnvironment([file], [], {}), /variable 'a b' contains whitespaces/);
  assert.throws(() => readEnvironment([join(folder, 'none')], [], {}), /no such file or directory/);
});

test('flags become the body that the API wants', () => {
  const body = bodyOf(
    '-it',
    '-e',
    'A=1',
    '-e',
    'HOME',
    '-v',
    'data:/d',
    '-v',
    '/anon',
    '-v',
    './x:/x:ro',
    '-p',
    '80',
    '--rm',
    '-m',
    '64m',
    '--cpus',
    '0.5',
    '--pids-limit',
    '50',
    '--net',
    'host',
    '--tmpfs',
    '/t:size=1m',
    '--init',
  );
  assert.equal(body.Tty, true);
  assert.equal(body.AttachStdin, true);
  assert.equal(body.StdinOnce, true);
  assert.deepEqual(body.Env, ['A=1', 'HOME=/root']);
  assert.deepEqual(body.Volumes, { '/anon': {} });
  assert.deepEqual(body.ExposedPorts, { '80/tcp': {} });
  const host = body.HostConfig;
  assert.deepEqual(host?.Binds, ['data:/d', `${resolve('./x')}:/x:ro`]);
  assert.equal(host?.AutoRemove, true);
  assert.equal(host?.Memory, 67108864);
  assert.equal(host?.NanoCpus, 500_000_000);
  assert.equal(host?.PidsLimit, 50);
  assert.equal(host?.NetworkMode, 'host');
  assert.equal(host?.Init, true);
  assert.deepEqual(host?.Tmpfs, { '/t': 'size=1m' });
  assert.deepEqual(host?.ConsoleSize, [24, 80]);
  assert.equal(bodyOf().HostConfig?.NetworkMode, 'default');
  assert.equal(bodyOf().Entrypoint, null);
  assert.deepEqual(bodyOf('--entrypoint', '').Entrypoint, ['']);
  assert.deepEqual(bodyOf('--no-healthcheck').Healthcheck, { Test: ['NONE'] });
  assert.deepEqual(bodyOf('--restart-unhealthy', '--label', 'a=b').Labels, {
    a: 'b',
    'gantry.restart-unhealthy': 'true',
  });
  assert.equal(bodyOf('--health-cmd', 'true', '--health-interval', '5s').Healthcheck?.Interval, 5e9);
});

test('conflicting flags are refused', () => {
  assert.throws(() => bodyOf('--rm', '--restart', 'always'), {
    message: 'conflicting options: cannot specify both --restart and --rm',
  });
  assert.throws(
    () => bodyOf('--network', 'a', '--network', 'host'),
    /cannot attach both user-defined and non-user-defined/,
  );
  assert.throws(
    () => bodyOf('--network', 'name=a,alias=x', '--network-alias', 'y'),
    /cannot specify both --network-alias/,
  );
  assert.throws(() => bodyOf('--pid', 'x'), { message: '--pid: invalid PID mode' });
  assert.throws(() => bodyOf('--no-healthcheck', '--health-cmd', 'x'), {
    message: '--no-healthcheck conflicts with --health-* options',
  });
  assert.throws(() => bodyOf('--security-opt', 'foo'), { message: 'Invalid --security-opt: "foo"' });
});

test('-i attaches standard input whatever else is attached', () => {
  const { AttachStdin, AttachStdout, AttachStderr, StdinOnce } = bodyOf('-i', '-a', 'stdout');
  assert.deepEqual(
    { AttachStdin, AttachStdout, AttachStderr, StdinOnce },
    {
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: false,
      StdinOnce: true,
    },
  );
});

test('a label without name, a network without name and no GPUs at all are refused', () => {
  assert.throws(() => flagsOf('--label', '=x'), /invalid label '=x': empty name/);
  assert.throws(() => flagsOf('--gpus', ''), /"" for "--gpus" flag: EOF/);
  assert.throws(() => bodyOf('--network', ''), /no name set for network/);
});

test('a file of variables that is not UTF-8 is refused with the line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-env-'));
  try {
    writeFileSync(join(folder, 'env'), Buffer.from('A=1\n\xff=1\nB=2\n', 'latin1'));
    assert.throws(() => readEnvironment([join(folder, 'env')], [], {}), /invalid utf8 bytes at line 2: \[255 61 49\]$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
