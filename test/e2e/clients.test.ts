import assert from 'node:assert/strict';
import { PassThrough, type Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { test } from 'node:test';
import { DockerClient } from '@docker/node-sdk';
import Docker from 'dockerode';
import { eventually, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();

test('dockerode creates, attaches, starts, waits, logs, execs and removes', async () => {
  const docker = new Docker({ socketPath: engine().socketPath });
  const container = await docker.createContainer({
    Image: 'busybox',
    Cmd: ['sh', '-c', 'echo out; echo err >&2; read x; echo "got $x"; exit 3'],
    OpenStdin: true,
    StdinOnce: true,
  });
  const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  container.modem.demuxStream(stream, stdout, stderr);
  stream.on('end', () => {
    stdout.end();
    stderr.end();
  });
  await container.start();
  stream.write('line\n');
  stream.end();
  assert.deepEqual(await Promise.all([text(stdout), text(stderr)]), ['out\ngot line\n', 'err\n']);
  assert.equal(((await container.wait()) as { readonly StatusCode: number }).StatusCode, 3);
  const logs = await container.logs({ stdout: true, stderr: false });
  assert.match(logs.toString(), /got line/);
  await container.remove();
  await assert.rejects(container.inspect(), { statusCode: 404 });
});

test('dockerode execs with and without hijack', async () => {
  const docker = new Docker({ socketPath: engine().socketPath });
  const container = await docker.createContainer({ Image: 'busybox', Cmd: ['sleep', '1000'] });
  await container.start();
  for (const hijack of [true, false]) {
    const exec = await container.exec({
      Cmd: ['sh', '-c', 'echo from exec; exit 2'],
      AttachStdout: true,
      AttachStderr: true,
    });
    const stream = (await exec.start({ hijack })) as unknown as Readable;
    const frames = await buffer(stream);
    assert.deepEqual([...frames.subarray(0, 8)], [1, 0, 0, 0, 0, 0, 0, 10]);
    assert.equal(frames.subarray(8).toString(), 'from exec\n');
    assert.equal((await exec.inspect()).ExitCode, 2);
  }
  await container.remove({ force: true });
});

test('@docker/node-sdk creates, starts, execs, attaches, waits, logs and deletes', async () => {
  const docker = await DockerClient.fromDockerHost(engine().host);
  const name = unique('sdk');
  const { Id } = await docker.containerCreate(
    { Image: 'busybox', Cmd: ['sh', '-c', 'echo hello; sleep 0.5; exit 7'] },
    { name },
  );
  const attached = new PassThrough();
  const attaching = docker.containerAttach(Id, attached, null, { stream: true, stdout: true });
  void attaching.catch(() => {});
  await docker.containerStart(Id);
  const executed = await docker.containerExec(Id, { Cmd: ['echo', 'inside'], AttachStdout: true });
  const output = new PassThrough();
  const errors = new PassThrough();
  await docker.execStart(executed.Id, output, errors);
  await eventually(async () => assert.equal(output.read()?.toString(), 'inside\n'));
  assert.equal((await docker.containerWait(Id)).StatusCode, 7);
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  await docker.containerLogs(Id, stdout, stderr, { stdout: true, stderr: true });
  assert.equal(stdout.read()?.toString(), 'hello\n');
  await docker.containerDelete(Id);
  assert.deepEqual(
    (await docker.containerList({ all: true })).filter((entry) => entry.Names?.includes(`/${name}`)),
    [],
  );
  await docker.close();
});

test('testcontainers starts a container with a mapped port, waits for its log, execs and stops it', async () => {
  // Its reaper is an image of a registry; the test cleans up itself.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
  process.env['DOCKER_HOST'] = engine().host;
  const { GenericContainer, Wait } = await import('testcontainers');
  const container = await new GenericContainer('busybox:latest')
    .withCommand(['sh', '-c', 'mkdir /www; echo page >/www/index.html; echo serving; exec httpd -f -p 80 -h /www'])
    .withExposedPorts(80)
    .withWaitStrategy(Wait.forAll([Wait.forLogMessage('serving'), Wait.forListeningPorts()]))
    .start();
  const page = await fetch(`http://${container.getHost()}:${container.getMappedPort(80)}/`);
  assert.equal(await page.text(), 'page\n');
  const result = await container.exec(['cat', '/www/index.html']);
  assert.deepEqual([result.exitCode, result.output], [0, 'page\n']);
  await container.stop();
  assert.equal(await engine().ok('gantry', ['ps', '-aq']), '');
});

test('testcontainers connects containers by a network with aliases, and removes it', async () => {
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
  process.env['DOCKER_HOST'] = engine().host;
  const { GenericContainer, Network, Wait } = await import('testcontainers');
  const network = await new Network().start();
  const web = await new GenericContainer('busybox:latest')
    .withCommand(['sh', '-c', 'mkdir /www; echo page >/www/index.html; echo serving; exec httpd -f -p 80 -h /www'])
    .withNetwork(network)
    .withNetworkAliases('web', 'www.example')
    .withWaitStrategy(Wait.forLogMessage('serving'))
    .start();
  const asking = await new GenericContainer('busybox:latest')
    .withCommand(['sleep', '1000'])
    .withNetwork(network)
    .start();
  assert.match(web.getIpAddress(network.getName()), /^\d+\.\d+\.\d+\.\d+$/);
  for (const name of ['web', 'www.example']) {
    await eventually(async () => {
      const { output } = await asking.exec(['sh', '-c', `printf 'GET / HTTP/1.0\r\n\r\n' | nc ${name} 80 | tail -n 1`]);
      assert.equal(output, 'page\n');
    });
  }
  await asking.stop();
  await web.stop();
  await network.stop();
  assert.equal(await engine().ok('gantry', ['network', 'ls', '-q', '--filter', 'type=custom']), '');
});
