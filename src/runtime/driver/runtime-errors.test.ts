import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RuntimeSpec } from '../../spec/index.ts';
import { RefusedError } from '../supervisor-client/control-connection.ts';
import { execError, exitCodeOfStartError, runtimeMessage, startError } from './runtime-errors.ts';

function spec(command: string): RuntimeSpec {
  return {
    ociVersion: '1.0.2',
    process: { terminal: false, user: { uid: 0, gid: 0 }, args: [command], env: [], cwd: '/' },
    root: { path: '/rootfs' },
    mounts: [{ destination: '/data', source: '/nope', type: 'bind' }],
    linux: { namespaces: [] },
  };
}

const START =
  'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed';
const CANNOT = 'unable to start container process';
const INIT = `${CANNOT}: error during container init`;
const HINT =
  'Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type';

/** Command, message of crun 1.8, message of dockerd 28 after its prefix, kind, exit code. */
const CASES: [string, string, string, string, number][] = [
  [
    'nope',
    'executable file `nope` not found in $PATH: No such file or directory',
    `${INIT}: exec: "nope": executable file not found in $PATH`,
    'invalid',
    127,
  ],
  [
    './nope',
    'executable file `./nope` not found in $PATH: No such file or directory',
    `${INIT}: exec: "./nope": stat ./nope: no such file or directory`,
    'invalid',
    127,
  ],
  [
    '/etc',
    'open executable: Operation not permitted',
    `${INIT}: exec: "/etc": is a directory: permission denied`,
    'invalid',
    126,
  ],
  [
    '',
    'open executable: Operation not permitted',
    `${INIT}: exec: "": executable file not found in $PATH`,
    'invalid',
    127,
  ],
  [
    '/etc/passwd',
    'open executable: Permission denied',
    `${INIT}: exec: "/etc/passwd": permission denied`,
    'invalid',
    126,
  ],
  [
    'noexec',
    'open executable: Permission denied',
    `${INIT}: exec: "noexec": executable file not found in $PATH`,
    'invalid',
    127,
  ],
  [
    '/loop',
    'open executable: Too many levels of symbolic links',
    `${INIT}: exec: "/loop": stat /loop: too many levels of symbolic links`,
    'failed',
    128,
  ],
  [
    'true',
    'chdir `/etc/passwd`: Not a directory',
    `${INIT}: chdir to cwd ("/etc/passwd") set in config.json failed: not a directory: ${HINT}`,
    'invalid',
    127,
  ],
  [
    'true',
    'mount `/etc/passwd` to `etc`: Not a directory',
    `${INIT}: error mounting "/etc/passwd" to rootfs at "/etc": mount /etc/passwd:/etc: not a directory: ${HINT}`,
    'invalid',
    127,
  ],
  [
    'true',
    "error stat'ing file `/nope`: No such file or directory",
    `${INIT}: error mounting "/nope" to rootfs at "/data": stat /nope: no such file or directory`,
    'invalid',
    127,
  ],
  [
    'true',
    'setrlimit `RLIMIT_NOFILE`: Operation not permitted',
    `${INIT}: error setting rlimits for ready process: error setting rlimit type 7: operation not permitted`,
    'failed',
    128,
  ],
  [
    'true',
    'OOM: the memory limit could be too low: read from sync socket: Connection reset by peer',
    `${CANNOT}: container init was OOM-killed (memory limit too low?)`,
    'failed',
    128,
  ],
];

for (const [command, crun, text, kind, exitCode] of CASES) {
  test(`crun's "${crun}" for "${command}" is said as dockerd says it`, () => {
    const error = startError(new RefusedError({ code: 'runtime', message: crun }), spec(command));
    assert.equal(error.message, `${START}: ${text}`);
    assert.equal(error.kind, kind);
    assert.equal(exitCodeOfStartError(error), exitCode);
  });
}

test("runc's words are kept", () => {
  const words = 'unable to start container process: exec: "x": executable file not found in $PATH';
  const started = startError(new RefusedError({ code: 'runtime', message: `runc run failed: ${words}` }), spec('x'));
  assert.equal(started.message, `${START}: ${words.replace('process: ', 'process: error during container init: ')}`);
  const executed = execError(
    new RefusedError({ code: 'runtime', message: `exec failed: ${words}` }),
    'c',
    spec('x').process,
  );
  assert.equal(executed.message, `OCI runtime exec failed: exec failed: ${words}`);
});

test('what nobody has seen yet is passed on as it is', () => {
  const error = startError(new RefusedError({ code: 'runtime', message: 'the moon is full' }), spec('x'));
  assert.match(error.message, /OCI runtime create failed: the moon is full$/);
  assert.equal(error.kind, 'failed');
});

test("a runtime's stderr in JSON, logfmt and plain", () => {
  assert.equal(runtimeMessage('{"msg":"a","level":"error"}\n'), 'a');
  assert.equal(runtimeMessage('time="2026" level=error msg="b c"\n'), 'b c');
  assert.equal(runtimeMessage('2026-11-21T02:00:00.123456Z: d\n'), 'd');
});

test('says that the disk is full when the runtime has no space for its files, and only then', () => {
  const started = (message: string) => startError(new RefusedError({ code: 'runtime', message }), spec('x'));
  const crun = 'writing file `/run/gantry/crun/0f/pid`: No space left on device';
  const runc =
    'runc run failed: unable to start container process: open /run/gantry/0f/state.json: no space left on device';
  for (const error of [
    started(crun),
    started(runc),
    execError(new RefusedError({ code: 'runtime', message: crun }), 'c'.repeat(64), spec('x').process),
  ]) {
    assert.deepEqual([error.kind, error.message], ['noSpace', 'no space left on device']);
  }
  for (const message of [
    'mount `proc` to `proc`: No space left on device',
    'creating cgroup directory `/sys/fs/cgroup/memory/x`: No space left on device',
  ]) {
    assert.equal(started(message).kind, 'failed', message);
  }
});
