import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { code, decode, findErrorDetail, type GrpcClient, GrpcError } from '../../grpc/index.ts';
import { content } from '../../grpc/messages/content.ts';
import { control, type StatusResponse } from '../../grpc/messages/control.ts';
import { llbBridge, type Result } from '../../grpc/messages/gateway.ts';
import { status as rpcStatus } from '../../grpc/messages/google-rpc.ts';
import { health } from '../../grpc/messages/health.ts';
import { type StepWork, serveBuilder } from './testing/served-builder.ts';

const never = new AbortController().signal;
const of = (id: string) => ({ metadata: { 'buildkit-controlapi-buildid': id } });
const oneFile: StepWork = async (identifier, _signal, log) => {
  log(`making ${identifier}\n`);
  return `made by ${identifier}`;
};

/** Everything that `Control.Status` tells until it ends. */
async function statusOf(client: GrpcClient, id: string): Promise<readonly StatusResponse[]> {
  const call = client.call(control.Status, {}, never);
  await call.send({ Ref: id });
  call.end();
  const found: StatusResponse[] = [];
  for await (const response of call.responses) found.push(response);
  return found;
}

/** The status with which a call fails. */
async function failureOf(call: Promise<unknown>): Promise<GrpcError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof GrpcError);
  return error;
}

const image = { Exporters: [{ Type: 'image', Attrs: new Map([['name', 't:1']]) }] };
const solve = (client: GrpcClient, id: string, source: string) =>
  client.unary(
    llbBridge.Solve,
    {
      Frontend: 'test.v0',
      FrontendOpt: new Map([['source', source]]),
      allowResultReturn: true,
      allowResultArrayRef: true,
    },
    of(id),
    never,
  );

test('a worker with platforms is listed, and the server is healthy', async () => {
  await using builder = await serveBuilder(oneFile);
  const { record } = await builder.client.unary(control.ListWorkers, {}, {}, never);
  assert.equal(record.length, 1);
  assert.equal(record[0]?.platforms[0]?.OS, 'linux');
  assert.equal(record[0]?.Labels.get('org.mobyproject.buildkit.worker.snapshotter'), 'overlay2');
  assert.equal(record[0]?.Labels.get('org.mobyproject.buildkit.worker.moby.host-gateway-ip'), '192.0.2.1');
  assert.equal((await builder.client.unary(health.Check, {}, {}, never)).status, 1);
  assert.equal((await builder.client.unary(control.Info, {}, {}, never)).buildkitVersion?.version, 'v0.0.0');
});

test('a build that only asks for capabilities ends with an empty result, and nothing is exported', async () => {
  await using builder = await serveBuilder(oneFile);
  const { client } = builder;
  // Clients begin with the progress: it waits for the build.
  const status = statusOf(client, 'probe');
  const solved = client.unary(control.Solve, { Ref: 'probe', Internal: true, Session: 's' }, {}, never);
  const pong = await client.unary(llbBridge.Ping, {}, of('probe'), never);
  assert.ok(pong.LLBCaps.some(({ ID, Enabled }) => ID === 'file.base' && Enabled));
  assert.ok(pong.FrontendAPICaps.some(({ ID, Enabled }) => ID === 'return' && Enabled));
  await client.unary(llbBridge.Return, { result: { ref: { id: '' } } }, of('probe'), never);
  assert.equal((await solved).ExporterResponse.size, 0);
  assert.deepEqual(await status, []);
  assert.deepEqual(builder.exports, []);
  assert.equal(builder.running(), 0);
});

test('the client drives a build by the bridge, and hears of its steps', async () => {
  await using builder = await serveBuilder(oneFile);
  const { client } = builder;
  const status = statusOf(client, 'b1');
  const solved = client.unary(control.Solve, { Ref: 'b1', Session: 's', ...image }, {}, never);
  const { result } = await solve(client, 'b1', 'one');
  const id = result?.ref?.id ?? '';
  assert.ok(id !== '' && (result?.ref?.def?.def.length ?? 0) === 2);
  const file = await client.unary(llbBridge.ReadFile, { Ref: id, FilePath: '/file' }, of('b1'), never);
  assert.equal(file.Data.toString(), 'made by test://one');
  const part = { Ref: id, FilePath: 'file', Range: { Offset: 5, Length: 2 } };
  assert.equal((await client.unary(llbBridge.ReadFile, part, of('b1'), never)).Data.toString(), 'by');
  const { stat } = await client.unary(llbBridge.StatFile, { Ref: id, Path: '/file' }, of('b1'), never);
  assert.equal(stat?.size, 18);
  const { entries } = await client.unary(llbBridge.ReadDir, { Ref: id, DirPath: '/' }, of('b1'), never);
  assert.deepEqual(
    entries.map(({ path }) => path),
    ['file'],
  );
  await assert.rejects(client.unary(llbBridge.ReadFile, { Ref: id, FilePath: 'nothing' }, of('b1'), never), {
    code: code.notFound,
  });
  await client.unary(llbBridge.Return, { result: result as Result }, of('b1'), never);
  const { ExporterResponse } = await solved;
  assert.deepEqual(
    [...ExporterResponse],
    [
      ['containerimage.digest', 'sha256:1'],
      ['frontend.answer', '42'],
    ],
  );
  const [exported] = builder.exports;
  assert.equal(exported?.request.attrs.get('name'), 't:1');
  const tree = exported?.files[0];
  assert.ok(tree?.kind === 'folder');

  const told = await status;
  const steps = told.flatMap(({ vertexes }) => vertexes);
  const named = (name: string) => steps.filter((step) => step.name === name);
  assert.ok(named('test://one').some(({ started, completed }) => started !== undefined && completed === undefined));
  assert.ok(named('test://one').at(-1)?.completed !== undefined);
  assert.ok(named('exporting to image').at(-1)?.completed !== undefined);
  assert.equal(
    told
      .flatMap(({ logs }) => logs)
      .map(({ msg }) => msg.toString())
      .join(''),
    'making test://one\n',
  );
  const [warning] = told.flatMap(({ warnings }) => warnings);
  assert.equal(warning?.short.toString(), 'Test: careful');
  assert.equal(warning?.info?.filename, 'Dockerfile');
  assert.equal(warning?.ranges[0]?.start?.line, 2);
  assert.deepEqual(builder.faults, []);
});

test('a failed step ends the build with its place in the source', async () => {
  const failing: StepWork = async (_identifier, _signal, log) => {
    log('last words\n');
    throw Object.assign(new Error('process "false" did not complete successfully: exit code: 7'), { exitCode: 7 });
  };
  await using builder = await serveBuilder(failing);
  const { client } = builder;
  const status = statusOf(client, 'b1');
  const solved = failureOf(client.unary(control.Solve, { Ref: 'b1', Session: 's', ...image }, {}, never));
  const { result } = await solve(client, 'b1', 'one');
  await client.unary(llbBridge.Return, { result: result as Result }, of('b1'), never);
  const error = await solved;
  assert.equal(error.code, code.unknown);
  assert.match(error.message, /exit code: 7$/);
  const source = findErrorDetail(error.details, 'errdefs.Source') as { info: { filename: string }; ranges: object[] };
  assert.equal(source.info.filename, 'Dockerfile');
  assert.deepEqual(source.ranges, [{ start: { line: 2, character: 0 }, end: { line: 2, character: 0 } }]);
  assert.deepEqual(findErrorDetail(error.details, 'gatewayapi.ExitMessage'), { Code: 7 });
  const told = await status;
  const last = told.flatMap(({ vertexes }) => vertexes).at(-1);
  assert.match(last?.error ?? '', /exit code: 7$/);
  assert.equal(told.flatMap(({ logs }) => logs).length, 1);
  assert.deepEqual(builder.exports, []);
});

test('an error that the client returns is that of the build, with its details', async () => {
  await using builder = await serveBuilder(oneFile);
  const { client } = builder;
  const solved = failureOf(client.unary(control.Solve, { Ref: 'b1', Session: 's' }, {}, never));
  await assert.rejects(solve(client, 'b1', 'broken'), { message: 'the Dockerfile is broken' });
  const detail = { type_url: 'github.com/moby/buildkit/stack.Stack+json', value: Buffer.from('{}') };
  const error = { code: 2, message: 'the Dockerfile is broken', details: [detail] };
  await client.unary(llbBridge.Return, { error }, of('b1'), never);
  const thrown = await solved;
  assert.equal(thrown.message, 'the Dockerfile is broken');
  assert.equal(thrown.details[0]?.type_url, detail.type_url);
});

test('a client that leaves ends its build, and no other that needs the same step', async () => {
  const { promise: finish, resolve } = Promise.withResolvers<void>();
  const ended: string[] = [];
  const slow: StepWork = async (identifier, signal) => {
    signal.addEventListener('abort', () => ended.push(identifier));
    await finish;
    return identifier;
  };
  await using builder = await serveBuilder(slow);
  const { client } = builder;
  const cancel = new AbortController();
  const build = (id: string, source: string, signal: AbortSignal) =>
    client.unary(
      control.Solve,
      { Ref: id, Frontend: 'test.v0', FrontendAttrs: new Map([['source', source]]), ...image },
      {},
      signal,
    );
  const builds = [
    build('b1', 'shared', cancel.signal),
    build('b2', 'shared', never),
    build('b3', 'own', cancel.signal),
  ];
  const status = statusOf(client, 'b3');
  while (builder.running() < 3) await new Promise((next) => setTimeout(next, 5));
  await new Promise((next) => setTimeout(next, 50));
  cancel.abort();
  await assert.rejects(builds[0] as Promise<unknown>, { code: code.cancelled });
  await assert.rejects(builds[2] as Promise<unknown>, { code: code.cancelled });
  const last = (await status).flatMap(({ vertexes }) => vertexes).at(-1);
  assert.equal(last?.error, 'context canceled');
  assert.deepEqual(ended, ['test://own']);
  resolve();
  await builds[1];
  assert.equal(builder.exports.length, 1);
});

test('graphs come from the client itself, and as inputs of another build', async () => {
  await using builder = await serveBuilder(oneFile);
  const { client } = builder;
  const first = client.unary(control.Solve, { Ref: 'b1' }, {}, never);
  const { result } = await solve(client, 'b1', 'linked');
  const definition = result?.ref?.def;
  assert.ok(definition !== undefined);
  await client.unary(control.Solve, { Ref: 'b2', Definition: definition, ...image }, {}, never);
  const request = { Ref: 'b3', Frontend: 'test.v0', FrontendInputs: new Map([['base', definition]]), ...image };
  await client.unary(control.Solve, request, {}, never);
  assert.equal(builder.exports.length, 2);
  for (const { files } of builder.exports) {
    assert.ok(files[0]?.kind === 'folder');
    assert.equal(readFileSync(join(files[0].path, 'file'), 'utf8'), 'made by test://linked');
  }
  await client.unary(llbBridge.Return, { result: {} }, of('b1'), never);
  await first;
});

test('the time of the source is a build argument, or an option of the output', async () => {
  await using builder = await serveBuilder(oneFile);
  const FrontendAttrs = new Map([['build-arg:SOURCE_DATE_EPOCH', '1000']]);
  const own = new Map([['source-date-epoch', '2000']]);
  const Exporters = [{ Type: 'image' }, { Type: 'image', Attrs: own }];
  const request = { Ref: 'b1', Frontend: 'test.v0', FrontendAttrs, Exporters };
  await builder.client.unary(control.Solve, request, {}, never);
  const older = { Ref: 'b2', Frontend: 'test.v0', ExporterDeprecated: 'image', ExporterAttrsDeprecated: own };
  await builder.client.unary(control.Solve, older, {}, never);
  const given = builder.exports.map(({ request: { id, attrs } }) => [id, attrs.get('source-date-epoch')]);
  assert.deepEqual(given, [
    ['0', '1000'],
    ['1', '2000'],
    ['0', '2000'],
  ]);
});

test('unknown builds, results, frontends and exporters are errors', async () => {
  await using builder = await serveBuilder(oneFile);
  const { client } = builder;
  const solveWith = (request: object) => client.unary(control.Solve, { Ref: 'b1', ...request }, {}, never);
  await assert.rejects(solveWith({ Frontend: 'nothing.v0' }), { message: 'unknown frontend: nothing.v0' });
  await assert.rejects(solveWith({ Exporters: [{ Type: 'floppy' }] }), {
    message: 'exporter "floppy" could not be found',
  });
  await assert.rejects(solveWith({ Cache: { Exports: [{ Type: 'floppy' }] } }), {
    message: 'unknown cache exporter: "floppy"',
  });
  const open = solveWith({});
  await assert.rejects(client.unary(llbBridge.Evaluate, { Ref: 'nothing' }, of('b1'), never), { code: code.notFound });
  await assert.rejects(client.unary(llbBridge.Return, { result: { ref: { id: 'nothing' } } }, of('b1'), never), {
    code: code.notFound,
  });
  await assert.rejects(solveWith({}), { code: code.alreadyExists });
  await client.unary(llbBridge.Return, {}, of('b1'), never);
  await open;
});

test('a session comes inside a call, and its bytes go both ways', async () => {
  await using builder = await serveBuilder(oneFile);
  const call = builder.client.call(
    control.Session,
    {
      metadata: {
        'x-docker-expose-session-uuid': 'session-1',
        'x-docker-expose-session-sharedkey': 'key',
        'x-docker-expose-session-grpc-method': ['/a.B/C', '/a.B/D'],
      },
    },
    never,
  );
  const bytes = Buffer.alloc(3 << 20, 'x');
  const sent = call.send({ data: bytes });
  let received = 0;
  for await (const { data } of call.responses) {
    received += data.length;
    if (received === bytes.length) call.end();
  }
  await sent;
  assert.equal(received, bytes.length);
  const [session] = builder.sessions;
  assert.deepEqual(session?.methods, ['/a.B/C', '/a.B/D']);
  assert.deepEqual([session?.id, session?.sharedKey], ['session-1', 'key']);
});

test('the history has the provenance of a result, which clients read by its digest', async () => {
  await using builder = await serveBuilder(oneFile);
  const { client } = builder;
  const attrs = new Map([['source', 'one']]);
  await client.unary(control.Solve, { Ref: 'b1', Frontend: 'test.v0', FrontendAttrs: attrs, ...image }, {}, never);
  const call = client.call(control.ListenBuildHistory, {}, never);
  await call.send({ EarlyExit: true });
  call.end();
  const records = [];
  for await (const { record } of call.responses) records.push(record);
  const [statement] = records[0]?.Result?.Attestations ?? [];
  assert.ok(statement !== undefined);
  assert.equal(statement.annotations.get('in-toto.io/predicate-type'), 'https://slsa.dev/provenance/v0.2');
  const { digest } = statement;
  const { info } = await client.unary(content.Info, { digest }, {}, never);
  assert.equal(info?.size, statement.size);
  const read = client.call(content.Read, {}, never);
  await read.send({ digest, offset: 1 });
  read.end();
  const parts: Buffer[] = [];
  for await (const { data } of read.responses) parts.push(data);
  const predicate = JSON.parse(`{${Buffer.concat(parts).toString()}`) as { invocation: { parameters: object } };
  assert.deepEqual(predicate.invocation.parameters, { frontend: 'test.v0', args: { source: 'one' } });
  await assert.rejects(client.unary(content.Info, { digest: 'nonsense' }, {}, never), { code: code.invalidArgument });
});

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

test('the history has builds under way and ended, with their progress', async () => {
  const { promise: finish, resolve } = Promise.withResolvers<void>();
  const slow: StepWork = async (identifier, _signal, log) => {
    log(`making ${identifier}\n`);
    if (identifier !== 'test://quick') await finish;
    if (identifier === 'test://bad') throw new Error('it failed');
    return '';
  };
  await using builder = await serveBuilder(slow);
  const { client } = builder;
  const build = (id: string, source: string) =>
    client.unary(
      control.Solve,
      { Ref: id, Frontend: 'test.v0', FrontendAttrs: new Map([['source', source]]), ...image },
      {},
      never,
    );
  const stop = new AbortController();
  const listen = async (request: object, signal = never): Promise<readonly string[]> => {
    const call = client.call(control.ListenBuildHistory, {}, signal);
    await call.send(request);
    call.end();
    const heard: string[] = [];
    try {
      for await (const { type, record } of call.responses)
        heard.push(`${type} ${record?.Ref} ${record?.error?.message ?? ''}`);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return heard;
  };
  const followed = listen({}, stop.signal);
  await build('first', 'quick');
  const bad = failureOf(build('second', 'bad'));
  while (builder.running() === 0) await new Promise((next) => setTimeout(next, 5));
  assert.deepEqual(await listen({ EarlyExit: true }), ['0 second ', '1 first ']);
  assert.deepEqual(await listen({ EarlyExit: true, ActiveOnly: true }), ['0 second ']);
  assert.deepEqual(await listen({ EarlyExit: true, ActiveOnly: true, Ref: 'another' }), []);
  resolve();
  await bad;
  assert.deepEqual(await listen({ EarlyExit: true }), ['1 second it failed', '1 first ']);
  assert.deepEqual(await listen({ EarlyExit: true, Limit: 1 }), ['1 second it failed']);
  const call = client.call(control.ListenBuildHistory, {}, never);
  await call.send({ EarlyExit: true, Ref: 'second' });
  call.end();
  const [event] = await all(call.responses);
  const { digest = '', size } = event?.record?.externalError ?? {};
  const read = client.call(content.Read, {}, never);
  await read.send({ digest });
  read.end();
  const failure = Buffer.concat((await all(read.responses)).map(({ data }) => data));
  assert.equal(failure.length, size);
  assert.equal(decode(rpcStatus, failure).message, 'it failed');
  const logs = (await statusOf(client, 'second')).flatMap((response) => response.logs);
  assert.equal(logs.map(({ msg }) => msg.toString()).join(''), 'making test://bad\n');
  await client.unary(control.UpdateBuildHistory, { Ref: 'first', Delete: true }, {}, never);
  assert.deepEqual(await listen({ EarlyExit: true }), ['1 second it failed']);
  await assert.rejects(client.unary(control.UpdateBuildHistory, { Ref: 'first', Delete: true }, {}, never), {
    code: code.notFound,
  });
  stop.abort();
  assert.deepEqual(await followed, ['0 first ', '1 first ', '0 second ', '1 second it failed', '2 first ']);
});
