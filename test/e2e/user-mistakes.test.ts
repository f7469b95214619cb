import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { tarArchive } from '../support/busybox-image.ts';
import { eventually, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine({ flags: ['--debug'] });
const message = (body: string): string => (JSON.parse(body) as { readonly message: string }).message;

async function make(body: object = {}): Promise<string> {
  const name = unique('mistaken');
  const made = await engine().api('POST', `/containers/create?name=${name}`, { Image: 'busybox', ...body });
  assert.equal(made.status, 201, made.body);
  return name;
}

function put(name: string, path: string, archive: Buffer): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const url = `/containers/${name}/archive?path=${encodeURIComponent(path)}`;
    const sent = request(
      {
        socketPath: engine().socketPath,
        method: 'PUT',
        path: url,
        agent: false,
        headers: { 'Content-Length': archive.length },
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    sent.on('error', reject).end(archive);
  });
}

test('a hard link to nothing in an archive for a container is 404, whether it runs or not', async () => {
  const [running, created] = [await make({ Cmd: ['sleep', '1000'] }), await make()];
  await engine().ok('gantry', ['start', running]);
  for (const name of [running, created]) {
    for (const target of ['nothing', '/nothing/x', 'l', 'etc/passwd/x']) {
      const answer = await put(name, '/', tarArchive([{ name: 'l', type: 'link', target }]));
      assert.equal(answer.status, 404, `${target}: ${answer.body}`);
      assert.equal(message(answer.body), `Could not find the file / in container ${name}`);
    }
    const there = await put(name, '/', tarArchive([{ name: 'l', type: 'link', target: 'etc/passwd' }]));
    assert.equal(there.status, 200, there.body);
  }
  await engine().ok('gantry', ['rm', '-f', running, created]);
});

test('a NUL byte in a path is 400, wherever a path is taken', async () => {
  const name = await make({ Cmd: ['sleep', '1000'] });
  await engine().ok('gantry', ['start', name]);
  const archive = tarArchive([{ name: 'x', type: 'file', content: 'x' }]);
  for (const path of ['/tmp/a\0b', '\0', '/\0']) {
    const query = encodeURIComponent(path);
    assert.equal((await engine().api('HEAD', `/containers/${name}/archive?path=${query}`)).status, 400);
    const got = await engine().api('GET', `/containers/${name}/archive?path=${query}`);
    assert.equal(got.status, 400, got.body);
    assert.equal(message(got.body), `invalid path ${JSON.stringify(path)}: it contains a NUL byte`);
    assert.equal((await put(name, path, archive)).status, 400);
  }
  assert.equal((await engine().api('GET', `/containers/${name}/top?ps_args=%00`)).status, 400);
  assert.equal((await engine().api('POST', `/containers/${name}/exec`, { Cmd: ['x'], WorkingDir: '/\0' })).status, 400);
  assert.equal((await engine().api('POST', `/containers/${name}/exec`, { Cmd: ['x', 'a\0b'] })).status, 400);
  for (const body of [
    { WorkingDir: '/a\0b' },
    { Cmd: ['echo', 'a\0b'] },
    { Entrypoint: ['/bin/sh\0'] },
    { Volumes: { '/x\0y': {} } },
    { HostConfig: { Binds: ['/a\0b:/x'] } },
    { HostConfig: { Binds: ['/tmp:/x\0y'] } },
    { HostConfig: { Mounts: [{ Type: 'bind', Source: '/a\0b', Target: '/x' }] } },
    { HostConfig: { Mounts: [{ Type: 'tmpfs', Target: '/x\0' }] } },
    { HostConfig: { Tmpfs: { '/x\0': '' } } },
    { HostConfig: { Devices: [{ PathOnHost: '/dev/null\0', PathInContainer: '/dev/x' }] } },
    { HostConfig: { CgroupParent: '/a\0' } },
    { HostConfig: { Sysctls: { 'net.ipv4.ip_forward': '1\0' } } },
    { HostConfig: { MaskedPaths: ['/\0'] } },
  ]) {
    const answer = await engine().api('POST', '/containers/create', { Image: 'busybox', ...body });
    assert.equal(answer.status, 400, `${JSON.stringify(body)}: ${answer.body}`);
    assert.match(message(answer.body), /^invalid (?:path|argument) .*: it contains a NUL byte$/);
  }
  const long = await engine().api('POST', '/containers/create', {
    Image: 'busybox',
    WorkingDir: `/${'w'.repeat(300)}`,
  });
  assert.match(`${long.status} ${long.body}`, /^400 .*file name too long/);
  await engine().ok('gantry', ['rm', '-f', name]);
});

/** Starts that fail by what was asked for; dockerd answers most of them with 500. */
const MISTAKES: Readonly<Record<string, object>> = {
  'no such program': { Cmd: ['no-such-program'] },
  'a directory as a program': { Cmd: ['/etc'] },
  'no such user': { User: 'nobody-at-all' },
  'a user out of range': { User: '99999999999' },
  'no such device': { HostConfig: { Devices: [{ PathOnHost: '/dev/none-such', PathInContainer: '/dev/x' }] } },
  'a file as a directory': { HostConfig: { Binds: ['/etc/passwd/x:/y'] } },
  'a directory over a file': { HostConfig: { Binds: ['/tmp:/etc/passwd'] } },
  'a port that is taken': {
    HostConfig: {
      PortBindings: {
        '80/tcp': [
          { HostIp: '127.0.0.1', HostPort: '1' },
          { HostIp: '127.0.0.1', HostPort: '1' },
        ],
      },
    },
  },
  'an address that is not here': {
    HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '192.0.2.1', HostPort: '0' }] } },
  },
};

test('mistakes of users are not logged as errors, let alone with a stack', async () => {
  for (const [what, body] of Object.entries(MISTAKES)) {
    const name = await make({ Cmd: ['true'], ...body });
    const { status } = await engine().api('POST', `/containers/${name}/start`);
    assert.ok(status >= 400, `${what}: ${status}`);
    await engine().ok('gantry', ['rm', '-f', name]);
  }
  const name = await make();
  for (const [method, path, body] of [
    ['POST', `/containers/${name}/unpause`],
    ['POST', `/containers/${name}/pause`],
    ['POST', `/containers/${name}/kill`],
    ['POST', `/containers/${name}/kill?signal=nonsense`],
    ['POST', `/containers/${name}/exec`, { Cmd: ['x'] }],
    ['POST', '/containers/create', { Image: 'none-such' }],
    ['POST', '/containers/create', { Image: 'busybox', HostConfig: { Memory: 'much' } }],
    ['POST', '/images/create?fromImage=UPPER'],
    ['POST', '/images/create?fromImage=127.0.0.1:1/x&tag=1'],
    ['POST', '/images/load'],
    ['DELETE', '/volumes/none-such'],
    ['GET', '/no/such/page'],
    ['POST', '/networks/create', { Name: 'x', Driver: 'none-such' }],
    ['POST', '/networks/none-such/connect', { Container: name }],
    ['GET', '/v9.99/version'],
  ] as const) {
    await engine().api(method, path, body);
  }
  await engine().ok('gantry', ['rm', '-f', name]);
  const logged = engine().log();
  assert.doesNotMatch(logged, /level=error/);
  assert.doesNotMatch(logged, /\n\s+at |\\n\s+at /);
});

/** Sends the first bytes of a body and hangs up. */
async function breakOff(method: string, path: string, framing: string): Promise<void> {
  const socket = connect(engine().socketPath);
  const type = path.startsWith('/containers/create') ? 'application/json' : 'application/x-tar';
  socket.end(`${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\n${framing}`);
  // What the server answers to a connection that is half-closed within a body is of no interest.
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
}

test('an upload that its client breaks off is logged at debug, not as an error', async () => {
  const name = await make();
  for (const [method, path] of [
    ['POST', '/images/load?'],
    ['POST', '/images/create?fromSrc=-&repo=broken-off&'],
    ['PUT', `/containers/${name}/archive?path=/&`],
    ['POST', '/containers/create?'],
  ] as const) {
    for (const framing of ['Content-Length: 100000\r\n\r\nabc', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n']) {
      const url = `${path}break=${framing.startsWith('C') ? 'length' : 'chunk'}`;
      await breakOff(method, url, framing);
      await eventually(async () => {
        const line = engine()
          .log()
          .split('\n')
          .find((text) => text.includes(url));
        assert.match(line ?? '', /level=debug msg="request refused"/, url);
      });
    }
  }
  assert.doesNotMatch(engine().log(), /level=error/);
  await engine().ok('gantry', ['rm', '-f', name]);
});
