import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readUntil, serve } from './testing/serve.ts';
import { API_VERSION } from './versions/api-version.ts';

const message = (text: string): string => (JSON.parse(text) as { message: string }).message;

test('_ping answers GET and HEAD with the headers clients negotiate by, with and without a version', async () => {
  await using api = await serve();
  for (const [method, path, body] of [
    ['GET', '/_ping', 'OK'],
    ['HEAD', '/_ping', ''],
    ['GET', '/v1.24/_ping', 'OK'],
  ] as const) {
    const answer = await api.ask(method, path);
    assert.equal(answer.status, 200);
    assert.equal(answer.text, body);
    assert.equal(answer.headers['api-version'], API_VERSION);
    assert.equal(answer.headers['ostype'], 'linux');
    assert.equal(answer.headers['docker-experimental'], 'false');
    assert.equal(answer.headers['cache-control'], 'no-cache, no-store, must-revalidate');
    assert.equal(answer.headers['pragma'], 'no-cache');
    assert.match(String(answer.headers['server']), /^Gantry\//);
  }
});

test('versions out of range are refused in dockerd’s words', async () => {
  await using api = await serve();
  const tooNew = await api.ask('GET', '/v1.99/version');
  assert.equal(tooNew.status, 400);
  assert.equal(message(tooNew.text), `client version 1.99 is too new. Maximum supported API version is ${API_VERSION}`);
  const tooOld = await api.ask('GET', '/v1.23/version');
  assert.equal(tooOld.status, 400);
  assert.equal(
    message(tooOld.text),
    'client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
  );
});

test('what is not a route is 404', async () => {
  await using api = await serve();
  for (const [method, path] of [
    ['GET', '/nope'],
    ['PUT', '/version'],
    ['GET', '/'],
    ['GET', '/v1.45/'],
    ['GET', '/vx/version'],
    ['GET', '/containers/a/b/nope'],
  ] as const) {
    const answer = await api.ask(method, path);
    assert.equal(answer.status, 404, path);
    assert.equal(message(answer.text), 'page not found');
  }
});

test('image names may hold slashes, escaped or not', async () => {
  await using api = await serve();
  assert.equal(message((await api.ask('GET', '/images/a/b/c:1/json')).text), 'No such image: a/b/c:1');
  assert.equal(message((await api.ask('GET', '/images/a%2Fb/json')).text), 'No such image: a/b');
  assert.equal((await api.ask('POST', '/images/host:5000/a/tag?repo=x/y&tag=2')).status, 201);
  assert.equal((await api.ask('DELETE', '/images/host:5000/a?force=1')).status, 200);
  assert.deepEqual(api.journal, [
    'tag "host:5000/a" {"repo":"x/y","tag":"2"}',
    'removeImage "host:5000/a" {"force":true,"noPrune":false,"platforms":[]}',
  ]);
});

test('bodies: what is broken is refused with 400 and a text that says where', async () => {
  await using api = await serve();
  const cases: readonly [string | undefined, string, Record<string, string>?][] = [
    [undefined, 'invalid JSON: got EOF while reading request body'],
    ['', 'invalid JSON: got EOF while reading request body'],
    ['{}', 'config cannot be empty in order to create a container'],
    ['null', 'config cannot be empty in order to create a container'],
    ['{"Image":"x"} y', 'unexpected content after JSON'],
    ['{"Image":', 'invalid JSON: unexpected EOF'],
    ['{"Image" "x"}', `invalid JSON: invalid character '"' after object key`],
    ['[]', 'invalid JSON: json: cannot unmarshal array into Go value of type container.CreateRequest'],
    ['{"Tty":"x"}', 'invalid JSON: json: cannot unmarshal string into Go struct field .Tty of type bool'],
    [
      '{"HostConfig":{"Memory":"12"}}',
      'invalid JSON: json: cannot unmarshal string into Go struct field .HostConfig.Memory of type int64',
    ],
    [
      '{"hostconfig":{"MEMORY":1.5}}',
      'invalid JSON: json: cannot unmarshal number 1.5 into Go struct field .hostconfig.MEMORY of type int64',
    ],
    ['{"Env":["A=1",2]}', 'invalid JSON: json: cannot unmarshal number into .Env.1 of type string'],
    [
      '{"HostConfig":{"RestartPolicy":{"Name":1}}}',
      'invalid JSON: json: cannot unmarshal number into Go struct field .HostConfig.RestartPolicy.Name of type container.RestartPolicyMode',
    ],
    [
      '{}',
      "unsupported Content-Type header (text/plain): must be 'application/json'",
      { 'Content-Type': 'text/plain' },
    ],
  ];
  for (const [body, expected, headers] of cases) {
    const answer = await api.ask('POST', '/containers/create', body, headers);
    assert.equal(answer.status, 400, `${body}: ${answer.text}`);
    assert.equal(message(answer.text), expected);
  }
  assert.deepEqual(api.journal, []);
});

test('bodies are read as Go reads them: keys in any case, null is absent, unknown fields ignored, one string as a list', async () => {
  await using api = await serve();
  const body = {
    image: 'busybox',
    CMD: 'true',
    Tty: null,
    Nonsense: { deep: 1 },
    Labels: { a: null, B: 'c' },
    HostConfig: { PortBindings: { '80/tcp': null, '81/tcp': [{ HostPort: '8080', hostip: null }] }, Memory: 1e9 },
    NetworkingConfig: { EndpointsConfig: { net: null } },
  };
  const answer = await api.ask('POST', '/v1.41/containers/create?name=web&platform=linux/amd64', body);
  assert.equal(answer.status, 201);
  assert.deepEqual(JSON.parse(answer.text), { Id: 'c1', Warnings: [] });
  assert.deepEqual(JSON.parse((api.journal[0] ?? '').slice('create '.length)), {
    name: 'web',
    platform: 'linux/amd64',
    body: {
      Image: 'busybox',
      Cmd: ['true'],
      Labels: { a: '', B: 'c' },
      HostConfig: { PortBindings: { '80/tcp': [{}], '81/tcp': [{ HostPort: '8080' }] }, Memory: 1_000_000_000 },
      NetworkingConfig: { EndpointsConfig: { net: null } },
    },
    writableSubmounts: true,
  });
});

test('a body of 100 MB of JSON is refused before it is read, and the connection lives on', async () => {
  await using api = await serve();
  const socket = api.connect();
  const size = 100 * 1024 * 1024;
  socket.write(
    `POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${size}\r\n\r\n`,
  );
  const head = await readUntil(socket, '}\n');
  assert.match(head, /^HTTP\/1\.1 413 /);
  const chunk = Buffer.alloc(1024 * 1024, ' ');
  for (let sent = 0; sent < size; sent += chunk.length) {
    if (!socket.write(chunk)) await new Promise((resolve) => socket.once('drain', resolve));
  }
  socket.write('GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.match(await readUntil(socket, 'OK'), /^HTTP\/1\.1 200 /);
  socket.destroy();
});

test('a chunked body beyond the limit is refused as well', async () => {
  await using api = await serve();
  const socket = api.connect();
  socket.on('error', () => {});
  socket.write(
    'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(1024 * 1024, ' '), Buffer.from('\r\n')]);
  const answer = readUntil(socket, '}\n');
  for (let sent = 0; sent < 12; sent += 1) {
    if (!socket.write(chunk)) await new Promise((resolve) => socket.once('drain', resolve));
  }
  assert.match(await answer, /^HTTP\/1\.1 413 /);
  socket.destroy();
});

test('queries: Docker’s booleans, integers, both forms of filters, times with fractions', async () => {
  await using api = await serve();
  const list = async (query: string): Promise<string> => {
    const answer = await api.ask('GET', `/containers/json?${query}`);
    return answer.status === 200 ? (api.journal.at(-1) ?? '') : `${answer.status} ${message(answer.text)}`;
  };
  const options = (all: boolean, limit: number, filters = '{}'): string =>
    `list {"all":${all},"limit":${limit},"size":false,"filters":${filters}}`;
  assert.equal(await list(''), options(false, 0));
  for (const yes of ['1', 'true', 'True', 'yes', 'x']) assert.equal(await list(`all=${yes}`), options(true, 0));
  for (const no of ['', '0', 'false', 'FALSE', 'no', 'none']) assert.equal(await list(`all=${no}`), options(false, 0));
  assert.equal(await list('limit=5'), options(false, 5));
  assert.equal(await list('limit=abc'), '400 strconv.Atoi: parsing "abc": invalid syntax');
  const filters = (value: unknown): Promise<string> => list(`filters=${encodeURIComponent(JSON.stringify(value))}`);
  assert.equal(await filters({ label: ['a', 'b=c'] }), options(false, 0, '{"label":["a","b=c"]}'));
  assert.equal(await filters({ label: { a: true, b: true } }), options(false, 0, '{"label":["a","b"]}'));
  assert.equal(await filters({ label: 3 }), '400 invalid filter');
  assert.equal(await filters([]), '400 invalid filter');
  assert.equal(await list('filters=abc'), '400 invalid filter');

  assert.equal((await api.ask('GET', '/containers/web/logs?stdout=1&since=1700000000.5&tail=all')).status, 200);
  assert.match(api.journal.at(-1) ?? '', /"tail":-1,"since":"1700000000500000000n"/);
  assert.equal((await api.ask('GET', '/containers/web/logs?stdout=1&since=yesterday')).status, 400);
  assert.equal((await api.ask('POST', '/containers/web/stop?t=-1')).status, 204);
  assert.equal(api.journal.at(-1), 'stop "web" {"graceSeconds":-1}');
});

test('logs say by their content type whether they are multiplexed, from 1.42', async () => {
  await using api = await serve();
  const newer = await api.ask('GET', '/v1.42/containers/web/logs?stdout=1');
  assert.equal(newer.headers['content-type'], 'application/vnd.docker.multiplexed-stream');
  assert.equal(newer.text, 'line 1\nline 2\n');
  const older = await api.ask('GET', '/v1.41/containers/web/logs?stdout=1');
  assert.equal(older.headers['content-type'], 'application/vnd.docker.raw-stream');
});

test('unknown containers are 404 in the text clients match', async () => {
  await using api = await serve();
  const answer = await api.ask('POST', '/containers/nope/start');
  assert.equal(answer.status, 404);
  assert.equal(message(answer.text), 'No such container: nope');
});

const lines = (text: string): readonly object[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object);

test('progress: a failure before the first line is a status, a later one a line', async () => {
  await using api = await serve();
  assert.equal((await api.ask('POST', '/images/create?fromImage=nope')).status, 404);
  const late = await api.ask('POST', '/images/create?fromImage=large');
  assert.equal(late.status, 200);
  assert.deepEqual(lines(late.text), [
    { status: 'Pulling large' },
    { errorDetail: { message: 'no space left on device' }, error: 'no space left on device' },
  ]);
});

test('load tells every failure in its stream, as clients read nothing else', async () => {
  await using api = await serve();
  const { status, text, headers } = await api.ask('POST', '/images/load', '', { 'Content-Type': 'application/x-tar' });
  assert.deepEqual([status, headers['content-type']], [200, 'application/json']);
  assert.deepEqual(lines(text), [{ errorDetail: { message: 'the archive is empty' }, error: 'the archive is empty' }]);
});

test('integers beyond 2^53 and nanoseconds go out exactly', async () => {
  await using api = await serve();
  assert.equal((await api.ask('GET', '/containers/web/stats')).text, '{"cpu":18446744073709551615}\n{"cpu":1}\n');
  api.events.emit('container', 'start', 'c1', { image: 'busybox' });
  const events = await api.ask('GET', '/v1.51/events?since=1&until=1700000001');
  assert.equal(
    events.text,
    '{"status":"start","id":"c1","from":"busybox","Type":"container","Action":"start","Actor":{"ID":"c1","Attributes":{"image":"busybox"}},"scope":"local","time":1700000000,"timeNano":1700000000123456789}\n',
  );
});
