import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execNode, fileNode, type LlbNode, sourceNode } from '../../src/build/llb/index.ts';
import { code, findErrorDetail, GrpcError } from '../../src/grpc/index.ts';
import { llbBridge } from '../../src/grpc/messages/gateway.ts';
import { command } from '../support/command.ts';
import { DrivenBuild } from '../support/driven-build.ts';
import { useEngine } from '../support/fixture.ts';

// LLBBridge's containers: a frontend runs programs on results.
const engine = useEngine();
const never = new AbortController().signal;

async function failure(work: Promise<unknown>): Promise<GrpcError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof GrpcError, String(error));
  return error;
}

test('several processes run in one container, with input, output and exit codes', async () => {
  await using build = await DrivenBuild.open(engine().socketPath);
  const root = await build.image('docker.io/library/busybox:latest');
  await build.container('c', root, { hostname: 'look', extraHosts: [{ Host: 'there', IP: '192.0.2.7' }] });
  const calls = build.processes();
  await calls.start('c', 'main', [
    'sh',
    '-c',
    'echo began; cat; hostname; grep -c there /etc/hosts; echo bad >&2; exit 3',
  ]);
  await calls.until(() => calls.output('main') !== '');
  await calls.start('c', 'second', ['sh', '-c', 'echo $A; ps | grep -c "[c]at"; touch /made'], {
    Meta: { args: ['sh', '-c', 'echo $A; ps | grep -c "sh -c echo beg[a]n"; touch /made'], env: ['A=b'], cwd: '/tmp' },
  });
  assert.equal(await calls.exit('second'), 0);
  assert.equal(calls.output('second'), 'b\n1\n');
  const stat = await build.client.unary(llbBridge.StatFileContainer, { Ref: 'c', Path: 'made' }, build.of, never);
  assert.equal(stat.stat?.path, 'made');
  await calls.input('main', 'typed\n');
  await calls.input('main', 'more\n', true);
  assert.equal(await calls.exit('main'), 3);
  assert.equal(calls.output('main'), 'began\ntyped\nmore\nlook\n1\n');
  assert.equal(calls.output('main', 2), 'bad\n');
  const { Exit } = calls.seen.find(({ ProcessID, Exit: exit }) => ProcessID === 'main' && exit !== undefined) ?? {};
  assert.equal(Exit?.Error?.message, 'exit code: 3');
  calls.end();
  await calls.ended;
  await build.release('c');
  assert.equal((await failure(build.release('c'))).code, code.notFound);
  // What it wrote is not in the result.
  const gone = build.client.unary(llbBridge.StatFile, { Ref: root, Path: 'made' }, build.of, never);
  assert.equal((await failure(gone)).code, code.notFound);
});

test('a terminal has a size and takes signals', async () => {
  await using build = await DrivenBuild.open(engine().socketPath);
  await build.container('c', await build.image('docker.io/library/busybox:latest'));
  const calls = build.processes();
  await calls.start('c', 'p', ['sh'], { Tty: true, Fds: [0, 1] });
  await calls.send({ ProcessID: 'p', Resize: { Rows: 33, Cols: 77 } });
  await calls.input('p', 'stty size; echo $TERM\n');
  await calls.until(() => calls.output('p').includes('xterm'));
  assert.match(calls.output('p'), /33 77/);
  await calls.send({ ProcessID: 'p', Signal: { Name: 'KILL' } });
  assert.equal(await calls.exit('p'), 137);
});

test('what cannot be done is told, and the build goes on', async () => {
  await using build = await DrivenBuild.open(engine().socketPath);
  const root = await build.image('docker.io/library/busybox:latest');
  const absent = failure(build.container('c', 'absent'));
  assert.match((await absent).message, /failed to find ref absent for "\/" mount/);
  assert.match((await failure(build.container('c', root, { Network: 1 }))).message, /network\.host is not allowed/);
  await build.container('c', root);
  assert.equal((await failure(build.container('c', root))).code, code.alreadyExists);
  const calls = build.processes();
  await calls.start('c', 'p', ['/no/such/program']);
  assert.equal(await calls.exit('p'), 1);
  assert.match(calls.output('p', 2), /runc run failed: unable to start container process.*no such file/);
  await calls.start('c', 'privileged', ['sh'], { Security: 1 });
  await calls.ended.catch(() => undefined);
  assert.match((await failure(calls.ended)).message, /security\.insecure is not allowed/);
  const unknown = build.processes();
  await unknown.start('other', 'p', ['sh']);
  assert.match((await failure(unknown.ended)).message, /container "other" previously released or not created/);
});

test('a container that runs ends with its build', async () => {
  const build = await DrivenBuild.open(engine().socketPath);
  const base = await build.image('docker.io/library/busybox:latest');
  await build.container('c', base);
  const calls = build.processes();
  await calls.start('c', 'p', ['sleep', '1000']);
  await calls.until(() => calls.seen.some(({ Started }) => Started !== undefined));
  await build[Symbol.asyncDispose]();
  // The engine's own check at the end of this file finds what is left.
  await assert.rejects(calls.ended);
});

test('a process that starts while its container is released does not outlive it', async () => {
  await using build = await DrivenBuild.open(engine().socketPath);
  const root = await build.image('docker.io/library/busybox:latest');
  for (let round = 0; round < 12; round += 1) {
    await build.container('c', root);
    const calls = build.processes();
    await calls.start('c', 'p', ['sleep', '5432']);
    await sleep(round);
    await build.release('c');
    calls.cancel();
  }
  // One whose output nobody reads.
  await build.container('c', root);
  const flood = build.client.call(llbBridge.ExecProcess, build.of, never);
  const Init = { ContainerID: 'c', Meta: { args: ['yes'], cwd: '/' }, Fds: [1] };
  await flood.send({ ProcessID: 'p', Init });
  await sleep(500);
  await build.release('c');
  const { stdout } = await command('ps', ['-eo', 'args']);
  assert.doesNotMatch(stdout, /sleep 5432/);
});

test('a container of an engine that was killed is gone after its start', async () => {
  const build = await DrivenBuild.open(engine().socketPath);
  await build.container('c', await build.image('docker.io/library/busybox:latest'));
  const calls = build.processes();
  await calls.start('c', 'p', ['sh', '-c', 'echo $$; sleep 1234']);
  await calls.start('c', 'q', ['sleep', '1234']);
  await calls.until(() => calls.output('p') !== '');
  await engine().kill9();
  await engine().start();
  const { stdout } = await command('ps', ['-eo', 'args']);
  assert.doesNotMatch(stdout, /sleep 1234/);
  await build[Symbol.asyncDispose]();
});

test('a failed process is told with what it saw and left, in which containers run', async () => {
  await using build = await DrivenBuild.open(engine().socketPath);
  const node = execNode({
    root: { node: sourceNode({ identifier: 'docker-image://docker.io/library/busybox:latest' }), output: 0 },
    meta: { args: ['sh', '-c', 'echo half > /half; exit 9'], cwd: '/', env: ['A=b'] },
    mounts: [],
  });
  const failed = await failure(build.solve({ node, output: 0 }));
  const detail = findErrorDetail(failed.details, 'errdefs.Solve') as {
    readonly inputIDs: readonly string[];
    readonly mountIDs: readonly string[];
    readonly op: { readonly exec: { readonly meta: { readonly env: readonly string[] } } };
  };
  assert.deepEqual(detail.op.exec.meta.env, ['A=b']);
  await build.container('before', detail.inputIDs[0] ?? '');
  await build.container('after', detail.mountIDs[0] ?? '');
  const calls = build.processes();
  await calls.start('before', 'b', ['test', '-e', '/half']);
  await calls.start('after', 'a', ['cat', '/half']);
  assert.equal(await calls.exit('b'), 1);
  assert.equal(await calls.exit('a'), 0);
  assert.equal(calls.output('a'), 'half\n');
});

test('a failed step is told, with the action or the input that failed', async () => {
  await using build = await DrivenBuild.open(engine().socketPath);
  const base = { node: sourceNode({ identifier: 'docker-image://docker.io/library/busybox:latest' }), output: 0 };
  interface Told {
    readonly inputIDs?: readonly string[];
    readonly mountIDs?: readonly string[];
    readonly op?: { readonly file?: { readonly actions: readonly object[] }; readonly source?: object };
    readonly file?: object;
    readonly cache?: object;
    readonly description?: object;
  }
  const told = async (node: LlbNode): Promise<Told> => {
    const failed = await failure(build.solve({ node, output: 0 }));
    assert.ok(findErrorDetail(failed.details, 'errdefs.Vertex') !== undefined);
    return findErrorDetail(failed.details, 'errdefs.Solve') as Told;
  };
  const mkdir = (path: string) => ({ mkdir: { path, mode: 0o755, makeParents: false } });
  const action = await told(fileNode({ base, changes: [mkdir('/a'), mkdir('/etc/passwd/b')] }));
  assert.deepEqual(action.file, { index: '1' });
  assert.equal(action.op?.file?.actions.length, 2);
  assert.deepEqual([action.inputIDs, action.mountIDs, action.cache], [undefined, undefined, undefined]);
  const copy = { src: '/none', dest: '/', mode: -1 };
  const metadata = { description: new Map([['llb.customname', 'copy what is missing']]) };
  const from = { node: execNode({ root: base, meta: { args: ['touch', '/made'], cwd: '/' }, mounts: [] }), output: 0 };
  const input = await told(fileNode({ base, changes: [{ copy, from }, mkdir('/a')], metadata }));
  assert.deepEqual(input.description, { 'llb.customname': 'copy what is missing' });
  assert.deepEqual([input.cache, input.file], [{ index: '1' }, undefined]);
  assert.equal(input.inputIDs?.length, 1);
  await build.container('input', input.inputIDs[0] ?? '');
  const calls = build.processes();
  await calls.start('input', 'i', ['test', '-e', '/made']);
  assert.equal(await calls.exit('i'), 0);
  const source = await told(sourceNode({ identifier: 'http://127.0.0.1:9/x', attributes: { 'http.filename': 'x' } }));
  assert.deepEqual(source.op?.source, { identifier: 'http://127.0.0.1:9/x', attrs: { 'http.filename': 'x' } });
  const image = await told(sourceNode({ identifier: 'docker-image://127.0.0.1:9/none:latest' }));
  assert.ok(image.op?.source !== undefined);
});

test('LLBBridge says what images, repositories and addresses stand for', async (t) => {
  const server = createServer((_request, response) => void response.end('content')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
  await using build = await DrivenBuild.open(engine().socketPath);
  const resolve = (identifier: string) =>
    build.client.unary(llbBridge.ResolveSourceMeta, { Source: { identifier, attrs: new Map() } }, build.of, never);
  const { Source, HTTP } = await resolve(url);
  assert.deepEqual([Source?.identifier, HTTP?.Filename, HTTP?.LastModified], [url, 'file', undefined]);
  assert.equal(HTTP?.Checksum, `sha256:${createHash('sha256').update('content').digest('hex')}`);
  assert.match((await resolve('docker-image://docker.io/library/busybox:latest')).Image?.Digest ?? '', /^sha256:/);
  assert.equal((await failure(resolve('git://127.0.0.1:1/r.git'))).code, code.unknown);
  assert.equal((await failure(resolve('local://context'))).code, code.unimplemented);
});
