import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tarArchive } from '../support/busybox-image.ts';
import { eventually, unique, useEngine } from '../support/fixture.ts';
import { rawRequest, readFrames, requestBytes } from '../support/raw-request.ts';

const engine = useEngine();

/** 1.42 is the first that says in the content type what is multiplexed. */
const VERSIONS = ['1.24', '1.40', '1.45', '1.51', '1.52'];
const JSON_TYPE = { 'Content-Type': 'application/json' };
/** How clients ask for a raw stream: docker, docker-py; curl and old clients; Go programs that forget the connection's option. */
const WAYS: Readonly<Record<string, { readonly headers: Record<string, string>; readonly status: number }>> = {
  'an upgrade': { headers: { Connection: 'Upgrade', Upgrade: 'tcp' }, status: 101 },
  'no upgrade': { headers: {}, status: 200 },
  'Upgrade without Connection': { headers: { Upgrade: 'tcp' }, status: 101 },
};

async function post(path: string, body: unknown, status: number): Promise<Record<string, unknown>> {
  const answer = await engine().api('POST', path, body);
  assert.equal(answer.status, status, answer.body);
  return answer.body === '' ? {} : JSON.parse(answer.body);
}

function contentType(version: string, status: number, raw: boolean): string {
  const isOld = Number(version.slice(2)) < 42;
  return `application/vnd.docker.${status === 200 || isOld || raw ? 'raw' : 'multiplexed'}-stream`;
}

/** Recorded from dockerd 28.5: what is said to whom, by the terminal of the exec and that of its start. */
const RECORDED = [
  { made: false, asked: false, frames: { 1: 'out\n', 2: 'err\n' } },
  { made: false, asked: true, raw: 'out\n' },
  { made: true, asked: false, frames: { 1: 'out\r\nerr\r\nterminal\r\n' } },
  { made: true, asked: true, raw: 'out\r\nerr\r\nterminal\r\n' },
] as const;

for (const version of VERSIONS) {
  test(`API ${version}: an exec is framed by what its start asks for`, async () => {
    const name = unique('framed');
    await engine().ok('gantry', ['run', '-d', '--name', name, 'busybox', 'sleep', '1000']);
    const Cmd = ['sh', '-c', 'echo out; echo err >&2; test -t 1 && echo terminal || true'];
    for (const { made, asked, ...expected } of RECORDED) {
      for (const [way, { headers, status }] of Object.entries(WAYS)) {
        const config = { Cmd, Tty: made, AttachStdout: true, AttachStderr: true };
        const { Id } = await post(`/v${version}/containers/${name}/exec`, config, 201);
        const body = JSON.stringify({ Detach: false, Tty: asked });
        const request = requestBytes(`POST /v${version}/exec/${Id}/start`, { ...JSON_TYPE, ...headers }, body);
        const answer = await rawRequest(engine().socketPath, request);
        const what = `made ${made}, asked ${asked}, ${way}`;
        assert.equal(answer.status, status, what);
        assert.equal(answer.headers['content-type'], contentType(version, status, asked), what);
        if ('raw' in expected) assert.equal(answer.body.toString(), expected.raw, what);
        else assert.deepEqual(readFrames(answer.body), expected.frames, what);
      }
    }
    await engine().ok('gantry', ['rm', '-f', name]);
  });

  test(`API ${version}: an attach that chooses no stream is an empty one`, async () => {
    const [running, ended] = [unique('none'), unique('ended')];
    await engine().ok('gantry', ['run', '-d', '-i', '--name', running, 'busybox', 'cat']);
    await engine().ok('gantry', ['create', '--name', ended, 'busybox', 'true']);
    for (const name of [running, ended]) {
      for (const query of ['', '?stream=0', '?stream=1', '?stream=1&stdin=0', '?logs=1', '?stream=1&logs=1']) {
        for (const [way, { headers, status }] of Object.entries(WAYS)) {
          const request = requestBytes(`POST /v${version}/containers/${name}/attach${query}`, headers);
          const answer = await rawRequest(engine().socketPath, request);
          assert.deepEqual([answer.status, answer.body.length], [status, 0], `${query}, ${way}`);
          assert.equal(answer.headers['content-type'], contentType(version, status, false), `${query}, ${way}`);
        }
      }
    }
    await engine().ok('gantry', ['rm', '-f', running, ended]);
  });
}

test('an exec that was not started is gone once its container has stopped', async () => {
  const name = unique('gone');
  await engine().ok('gantry', ['run', '-d', '--init', '--name', name, 'busybox', 'sleep', '1000']);
  const make = async (Cmd: string[]) => (await post(`/containers/${name}/exec`, { Cmd }, 201))['Id'] as string;
  const [fresh, done] = [await make(['true']), await make(['true'])];
  await post(`/exec/${done}/start`, { Detach: true }, 200);
  await eventually(async () => {
    assert.match((await engine().api('GET', `/exec/${done}/json`)).body, /"ExitCode":0/);
  });
  const again = await post(`/exec/${done}/start`, { Detach: true }, 409);
  assert.equal(again['message'], `exec command ${done} has already run`);
  await engine().ok('gantry', ['stop', name]);
  const isGone = async () => {
    const text = `No such exec instance: ${fresh}`;
    assert.equal((await post(`/exec/${fresh}/start`, { Detach: true }, 404))['message'], text);
    assert.equal((await post(`/exec/${fresh}/resize?h=1&w=1`, undefined, 404))['message'], text);
    assert.equal((await engine().api('GET', `/exec/${fresh}/json`)).status, 404);
    assert.equal((await engine().api('GET', `/exec/${done}/json`)).status, 200, 'one that ran can be inspected');
  };
  await isGone();
  const stopped = await post(`/exec/${done}/start`, { Detach: true }, 409);
  assert.match(stopped['message'] as string, /^container [0-9a-f]{64} is not running$/);
  await engine().ok('gantry', ['start', name]);
  await isGone();
  await engine().ok('gantry', ['rm', '-f', name]);
});

/** Recorded from dockerd 28.5. */
const SIZES: readonly (readonly [query: string, status: number, message?: string])[] = [
  ['h=10&w=99999999999', 400, 'invalid resize width "99999999999": value out of range'],
  ['h=-1&w=5', 400, 'invalid resize height "-1": value out of range'],
  ['h=4294967296&w=1', 400, 'invalid resize height "4294967296": value out of range'],
  ['h=18446744073709551616&w=1', 400, 'invalid resize height "18446744073709551616": value out of range'],
  ['h=x&w=1', 400, 'invalid resize height "x": invalid syntax'],
  ['h=1.5&w=1', 400, 'invalid resize height "1.5": invalid syntax'],
  ['h=%2B5&w=5', 400, 'invalid resize height "+5": invalid syntax'],
  ['h=&w=', 400, 'invalid resize height "": invalid syntax'],
  ['', 400, 'invalid resize height "": invalid syntax'],
  ['h=4294967295&w=4294967295', 200],
  ['h=65536&w=99999', 200],
  ['h=0&w=0', 200],
  ['h=24&w=80', 200],
];

test('sizes of terminals that make no sense are 400 in Docker’s words, of an exec as well', async () => {
  const [terminal, plain] = [unique('resized'), unique('plain')];
  await engine().ok('gantry', ['run', '-d', '-t', '--name', terminal, 'busybox', 'sleep', '1000']);
  await engine().ok('gantry', ['run', '-d', '--name', plain, 'busybox', 'sleep', '1000']);
  const config = { Cmd: ['sleep', '1000'], Tty: true, AttachStdout: true };
  const { Id } = await post(`/containers/${plain}/exec`, config, 201);
  await post(`/exec/${Id}/start`, { Detach: true, Tty: true }, 200);
  for (const path of [`/containers/${terminal}`, `/containers/${plain}`, `/exec/${Id}`]) {
    for (const [query, status, message] of SIZES) {
      const answer = await engine().api('POST', `${path}/resize?${query}`);
      assert.equal(answer.status, status, `${path} ${query}: ${answer.body}`);
      if (message !== undefined) assert.equal(JSON.parse(answer.body).message, message);
    }
  }
  assert.equal((await engine().api('POST', '/containers/nope/resize?h=-1&w=1')).status, 400);
  assert.equal((await engine().api('POST', '/containers/nope/resize?h=1&w=1')).status, 404);
  await engine().ok('gantry', ['rm', '-f', terminal, plain]);
});

test('a terminal that is made larger than the kernel knows starts all the same', async () => {
  const name = unique('huge');
  const HostConfig = { ConsoleSize: [70_000, 70_000] };
  await post(`/containers/create?name=${name}`, { Image: 'busybox', Cmd: ['true'], Tty: true, HostConfig }, 201);
  await post(`/containers/${name}/start`, undefined, 204);
  await engine().ok('gantry', ['rm', '-f', name]);
});

/** Text of dockerd 28.5 where it says more than the place of a file of its own. */
const ARCHIVES: Readonly<Record<string, readonly [archive: Buffer, error: RegExp]>> = {
  nothing: [Buffer.alloc(0), /repositories/],
  'an empty archive': [Buffer.alloc(1024), /repositories/],
  'no archive': [Buffer.from('this is no tar'.repeat(100)), /^archive\/tar: invalid tar header/],
  'three bytes': [Buffer.from('abc'), /^unexpected EOF$/],
  'an archive without images': [tarArchive([{ name: 'x', type: 'file', content: 'y' }]), /repositories/],
};

for (const [what, [archive, error]] of Object.entries(ARCHIVES)) {
  test(`load of ${what} is 200, and the error is in the stream`, async () => {
    for (const query of ['', '?quiet=1']) {
      const head = requestBytes(`POST /images/load${query}`, {
        'Content-Type': 'application/x-tar',
        'Content-Length': `${archive.length}`,
        Connection: 'close',
      });
      const answer = await rawRequest(engine().socketPath, Buffer.concat([Buffer.from(head), archive]));
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-type'], 'application/json');
      const [, line = ''] = answer.body.toString().split('\r\n');
      const { errorDetail, error: text } = JSON.parse(line) as { errorDetail: { message: string }; error: string };
      assert.match(text, error);
      assert.equal(errorDetail.message, text);
    }
  });
}

test('a commit of a container that ends at that moment succeeds', async () => {
  for (let round = 0; round < 24; round++) {
    const name = unique('ending');
    await engine().ok('gantry', ['run', '-d', '--name', name, 'busybox', 'sh', '-c', 'echo x >/made; read -t 0.2 x']);
    await new Promise((resolve) => setTimeout(resolve, 170 + (round % 8) * 10));
    const { Id } = await post(`/commit?container=${name}`, undefined, 201);
    await engine().ok('gantry', ['rm', '-f', name]);
    await engine().ok('gantry', ['rmi', Id as string]);
  }
  assert.doesNotMatch(engine().log(), /level=error/);
});
