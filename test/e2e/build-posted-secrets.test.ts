import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { code, createGrpcServer, GrpcError, serve } from '../../src/grpc/index.ts';
import { health } from '../../src/grpc/messages/health.ts';
import { secrets } from '../../src/grpc/messages/secrets.ts';
import { tarArchive } from '../support/busybox-image.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { faultyRegistry } from '../support/faulty-registry.ts';
import { filesWith } from '../support/files-with.ts';
import { loadBusybox } from '../support/fixture.ts';

// What clients of `POST /build` keep secret: passwords of registries in a header, and secrets of a session beside the request.
const word = (): string => `s3cr3t${randomBytes(12).toString('hex')}`;

/** Opens a session that serves secrets. Returns its id. */
async function openSession(
  engine: TestEngine,
  known: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  const id = randomBytes(12).toString('hex');
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const headers = {
    ...{ Connection: 'Upgrade', Upgrade: 'h2c', 'X-Docker-Expose-Session-Uuid': id },
    'X-Docker-Expose-Session-Grpc-Method': secrets.GetSecret.path,
  };
  const sent = request({ socketPath: engine.socketPath, method: 'POST', path: '/session', headers, agent: false });
  sent.on('upgrade', (_response, socket) => resolve(socket as Socket)).on('error', reject);
  sent.end();
  const served = serve(secrets, {
    async GetSecret({ ID }) {
      const value = known[ID];
      if (value === undefined) throw new GrpcError(code.notFound, `secret ${ID}: not found`);
      return { data: Buffer.from(value) };
    },
  });
  const alive = serve(health, { Check: async () => ({ status: 1 }) });
  void createGrpcServer([...served, ...alive]).serve(await promise, signal);
  return id;
}

function post(engine: TestEngine, query: string, dockerfile: string, auths: object): Promise<string> {
  const body = tarArchive([{ name: 'Dockerfile', content: Buffer.from(dockerfile) }]);
  const registries = Buffer.from(JSON.stringify(auths)).toString('base64url');
  const headers = { 'content-length': body.length, 'X-Registry-Config': registries };
  return new Promise((resolve, reject) => {
    const sent = request(
      { socketPath: engine.socketPath, method: 'POST', path: `/build?${query}`, agent: false, headers },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve(text));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Whether a text has a word, also within the base64 of BuildKit's progress. */
const hasWord = (text: string, secret: string): boolean =>
  text.includes(secret) ||
  [...text.matchAll(/"aux":"([^"]+)"/g)].some(([, aux = '']) => Buffer.from(aux, 'base64').includes(secret));

test('secrets and passwords of POST /build are in no file of the engine, in no answer and in no log', async () => {
  await using engine = await startEngine({ flags: ['--debug'] });
  await loadBusybox(engine);
  await using registry = await faultyRegistry();
  const [password, inFile, inFailed, shown] = [word(), word(), word(), word()];
  const used: string[] = [];
  registry.intercept = ({ request: asked, response }) => {
    if (asked.headers.authorization !== undefined) used.push(asked.headers.authorization);
    response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
    return true;
  };
  const auths = { [registry.host]: { username: 'bob', password, serveraddress: registry.host } };
  const stop = new AbortController();
  const session = await openSession(engine, { file: inFile, failed: inFailed, shown }, stop.signal);
  const texts = [
    await post(engine, 'version=1&pull=1&t=a', `FROM ${registry.host}/base\n`, auths),
    await post(engine, 'version=2&pull=1&t=a', `FROM ${registry.host}/base\nRUN true\n`, auths),
    await post(engine, 'version=1&t=classic', 'FROM busybox\nRUN env; false\n', auths),
    await post(
      engine,
      `version=2&t=ok&session=${session}`,
      `FROM busybox
RUN --mount=type=secret,id=file,required=true wc -c </run/secrets/file >/size
RUN --mount=type=secret,id=shown,required=true cp /run/secrets/shown /kept
`,
      auths,
    ),
    await post(
      engine,
      `version=2&session=${session}`,
      'FROM busybox\nRUN --mount=type=secret,id=failed,required=true,env=F test -z "$F"\n',
      auths,
    ),
  ];
  stop.abort();
  const basic = Buffer.from(`bob:${password}`).toString('base64');
  assert.ok(used.includes(`Basic ${basic}`), 'the registry is asked with the password');
  assert.match(texts[3] ?? '', /moby\.image\.id/, texts[3]);
  assert.equal(await engine.ok('gantry', ['run', '--rm', 'ok', 'cat', '/size']), String(inFile.length));
  assert.match(texts[4] ?? '', /exit code: 1/);
  for (const path of ['/images/ok/json', '/images/ok/history', '/system/df', '/events?until=1&since=0']) {
    texts.push((await engine.api('GET', path)).body);
  }
  texts.push(engine.log());
  for (const secret of [password, basic, inFile, inFailed]) {
    assert.deepEqual(filesWith(secret, [engine.dataRoot, engine.execRoot]), []);
    for (const text of texts) assert.ok(!hasWord(text, secret), text.slice(0, 2000));
  }
  assert.ok(filesWith(shown, [engine.dataRoot]).length > 0, 'what a step copies is found');
});
