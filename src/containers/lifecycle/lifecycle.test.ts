import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../base/errors.ts';
import { TestEngine } from '../testing/test-engine.ts';

test('a container is created, runs, ends with its code and is removed, and nothing is left', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  const id = await engine.run('web', { Volumes: { '/anon': {} }, HostConfig: { Binds: ['data:/data'] } });
  assert.equal(await engine.status('web'), 'running');
  const { result } = await containers.wait('web', 'next-exit', signal);
  host.exit({ containerId: id }, 3);
  assert.deepEqual(await result, { exitCode: 3 });
  assert.equal(await engine.status('web'), 'exited');
  await engine.idle();
  assert.deepEqual([host.sandboxes.size, host.mounted.size, host.tasks.size], [0, 0, 0]);
  await containers.remove('web', { force: false, volumes: true, link: false }, signal);
  await engine.idle();
  assert.deepEqual([host.records.all().length, host.writables.size, engine.folders().length], [0, 0, 0]);
  assert.deepEqual([...host.volumes.keys()], ['data'], 'the named volume stays, the anonymous one goes');
  assert.deepEqual(engine.actions('container'), ['create', 'start', 'die', 'destroy']);
});

test('waiters are answered before anything is cleaned up', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  const id = await engine.run('web');
  const { result } = await containers.wait('web', 'not-running', signal);
  let steps = 0;
  const answered = result.then(() => {
    steps = host.journal.filter((step) => step === 'network detach').length;
  });
  const detached = Promise.withResolvers<void>();
  const detach = engine.life.networks.detach;
  Object.assign(engine.life.networks, { detach: (ref: string) => detached.promise.then(() => detach(ref)) });
  host.exit({ containerId: id }, 0);
  await answered;
  assert.equal(steps, 0);
  detached.resolve();
  await engine.idle();
  assert.equal(host.sandboxes.size, 0);
});

test('an auto-remove container is gone, with its anonymous volumes, when its waiter is answered', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  const id = await engine.run('once', { Volumes: { '/anon': {} }, HostConfig: { AutoRemove: true } });
  const { result } = await containers.wait(id, 'removed', signal);
  host.exit({ containerId: id }, 0);
  assert.deepEqual(await result, { exitCode: 0 });
  await assert.rejects(containers.inspect(id, { size: false }), { kind: 'notFound' });
  assert.equal(host.volumes.size, 0);
  await engine.create('once');
});

for (const step of ['network attach', 'root mount', 'volume mount', 'volume copyUp', 'runtime start']) {
  test(`a start that fails at "${step}" gives everything back and says why`, async () => {
    using engine = await TestEngine.start();
    const { host, containers, signal } = engine;
    await engine.create('web', { HostConfig: { Binds: ['data:/data'] } });
    host.before = (name) => {
      if (name === step) throw new EngineError('internal', `no ${step}`);
    };
    await assert.rejects(containers.start('web', signal), { message: `no ${step}` });
    const { State } = await containers.inspect('web', { size: false });
    assert.deepEqual([State.Status, State.ExitCode, State.Error], ['created', 128, `no ${step}`]);
    assert.deepEqual([host.sandboxes.size, host.mounted.size, host.running().length], [0, 0, 0]);
    assert.equal(host.volumes.get('data')?.mountedBy.size, 0);
    host.before = () => undefined;
    await containers.start('web', signal);
    assert.equal(await engine.status('web'), 'running');
  });
}

for (const [message, code] of [
  ['exec: "x": executable file not found in $PATH: unknown', 127],
  ['exec: "/x": permission denied: unknown', 126],
  ['exec: "/tmp": is a directory: unknown', 126],
] as const) {
  test(`a command that cannot run leaves ${code} for: ${message}`, async () => {
    using engine = await TestEngine.start();
    await engine.create('web');
    engine.host.before = (name) => {
      if (name === 'runtime start') throw new EngineError('invalid', message);
    };
    await assert.rejects(engine.containers.start('web', engine.signal), { kind: 'invalid', message });
    const { State } = await engine.containers.inspect('web', { size: false });
    assert.deepEqual([State.ExitCode, State.Error], [code, message]);
  });
}

test('a failed start keeps the exit code of the run before, unless the command cannot run', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  const id = await engine.run('web');
  host.exit({ containerId: id }, 3);
  await engine.idle();
  const codeAfter = async (message: string): Promise<number> => {
    host.before = (name) => {
      if (name === 'runtime start') throw new EngineError('invalid', message);
    };
    await assert.rejects(containers.start('web', signal), { message });
    return (await containers.inspect('web', { size: false })).State.ExitCode;
  };
  // dockerd 28.5 with a port that another container has taken.
  assert.equal(await codeAfter('port is already allocated'), 3);
  assert.equal(await codeAfter('exec: "/x": permission denied: unknown'), 126);
});

test('an auto-remove container whose start fails is removed', async () => {
  using engine = await TestEngine.start();
  const { id } = await engine.create('once', { HostConfig: { AutoRemove: true } });
  engine.host.before = (name) => {
    if (name === 'runtime start') throw new EngineError('invalid', 'no');
  };
  const { result } = await engine.containers.wait(id, 'removed', engine.signal);
  await assert.rejects(engine.containers.start('once', engine.signal), { message: 'no' });
  assert.deepEqual(await result, { exitCode: 128 });
  await assert.rejects(engine.containers.inspect(id, { size: false }), { kind: 'notFound' });
});

test('an exit that overtakes the answer to its start is applied after it', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  const { id } = await engine.create('quick');
  const { result } = await containers.wait(id, 'next-exit', signal);
  const start = engine.life.runtime.start;
  Object.assign(engine.life.runtime, {
    start: async (...args: Parameters<typeof start>) => {
      const started = await start(...args);
      host.exit({ containerId: id }, 5);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return started;
    },
  });
  await containers.start(id, signal);
  assert.deepEqual(await result, { exitCode: 5 });
  assert.deepEqual(engine.actions('container'), ['create', 'start', 'die']);
});

test('stop signals, waits and announces; a container that ignores it is killed', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  await engine.run('web', { StopSignal: 'SIGHUP' });
  const stopped = containers.stop('web', { graceSeconds: 3 }, signal);
  await engine.idle();
  assert.equal(await engine.status('web'), 'running');
  assert.deepEqual(engine.life.clock.pending(), [3000]);
  engine.life.clock.advance(3000);
  await stopped;
  assert.equal(await engine.status('web'), 'exited');
  assert.deepEqual(
    host.journal.filter((step) => step.startsWith('runtime kill')),
    ['runtime kill 1', 'runtime kill 9'],
  );
  assert.deepEqual(engine.actions('container'), ['create', 'start', 'kill', 'kill', 'die', 'stop']);
  await assert.rejects(containers.stop('web', {}, signal), { kind: 'notModified' });
});

test('kill and forced removal work while a stop waits for its grace time', async () => {
  using engine = await TestEngine.start();
  const { containers, signal } = engine;
  await engine.run('web', { StopSignal: 'SIGHUP' });
  const stopped = containers.stop('web', { graceSeconds: -1 }, signal);
  await engine.idle();
  await containers.remove('web', { force: true, volumes: false, link: false }, signal);
  await stopped;
  await assert.rejects(containers.inspect('web', { size: false }), { kind: 'notFound' });
});

test('a running container is not removed without force, and a second removal is refused', async () => {
  using engine = await TestEngine.start();
  const { containers, signal } = engine;
  await engine.run('web');
  const options = { force: false, volumes: false, link: false };
  await assert.rejects(containers.remove('web', options, signal), {
    kind: 'conflict',
    message: 'cannot remove container "web": container is running: stop the container before removing or force remove',
  });
  const [first, second] = await Promise.allSettled([
    containers.remove('web', { ...options, force: true }, signal),
    containers.remove('web', { ...options, force: true }, signal),
  ]);
  assert.equal(first.status, 'fulfilled');
  assert.equal(second.status, 'rejected');
});

test('a restart policy starts it again with growing delays until it is stopped by hand', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  const id = await engine.run('web', { HostConfig: { RestartPolicy: { Name: 'always' } } });
  const delays: number[] = [];
  for (let i = 0; i < 3; i += 1) {
    host.exit({ containerId: id }, 1);
    await engine.idle();
    assert.equal(await engine.status('web'), 'restarting');
    const [delay = 0] = engine.life.clock.pending();
    delays.push(Math.round(delay / 100) * 100);
    engine.life.clock.advance(delay + 1);
    await engine.idle();
    assert.equal(await engine.status('web'), 'running');
  }
  assert.deepEqual(delays, [100, 200, 400]);
  assert.equal((await containers.inspect('web', { size: false })).RestartCount, 3);
  await containers.stop('web', {}, signal);
  await engine.idle();
  assert.equal(await engine.status('web'), 'exited');
  assert.deepEqual(engine.life.clock.pending(), []);
  await containers.start('web', signal);
  assert.equal((await containers.inspect('web', { size: false })).RestartCount, 0);
});

test('a stop during the back-off ends the restarting', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  const id = await engine.run('web', { HostConfig: { RestartPolicy: { Name: 'always' } } });
  host.exit({ containerId: id }, 1);
  await engine.idle();
  await containers.stop('web', {}, signal);
  assert.equal(await engine.status('web'), 'exited');
  assert.deepEqual(engine.life.clock.pending(), []);
});

test('on-failure gives up after its limit, and a signal that is a message leaves the policy alone', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  const RestartPolicy = { Name: 'on-failure', MaximumRetryCount: 1 } as const;
  const id = await engine.run('web', { HostConfig: { RestartPolicy } });
  await containers.kill('web', 'HUP', signal);
  for (const expected of ['restarting', 'exited']) {
    host.exit({ containerId: id }, 1);
    await engine.idle();
    assert.equal(await engine.status('web'), expected);
    engine.life.clock.advance(100_000);
    await engine.idle();
  }
});

test('a restart by hand neither removes an auto-remove container nor runs its policy', async () => {
  using engine = await TestEngine.start();
  const { containers, signal } = engine;
  await engine.run('web', { HostConfig: { AutoRemove: true } });
  await containers.restart('web', { graceSeconds: 1 }, signal);
  await engine.idle();
  assert.equal(await engine.status('web'), 'running');
  assert.deepEqual(engine.actions('container'), ['create', 'start', 'kill', 'die', 'stop', 'start', 'restart']);
});

test('a restart that could not start again does not stop', async () => {
  using engine = await TestEngine.start();
  const { containers, signal, host } = engine;
  const base = await engine.run('base');
  await engine.run('web', { HostConfig: { NetworkMode: `container:${base}` } });
  const restart = (): Promise<void> => containers.restart('web', { graceSeconds: 1 }, signal);
  await containers.stop('base', { graceSeconds: 1 }, signal);
  await assert.rejects(restart(), {
    kind: 'conflict',
    message: /cannot join network namespace of a non running container/,
  });
  await containers.start('base', signal);
  host.before = (step) => {
    if (step === 'record put') throw new EngineError('noSpace', 'no space left on device');
  };
  await assert.rejects(restart(), { kind: 'noSpace' });
  host.before = () => undefined;
  assert.equal(await engine.status('web'), 'running');
  assert.deepEqual(
    host.events.filter(({ Actor, Action }) => Actor.ID !== base && ['kill', 'die', 'stop'].includes(Action)),
    [],
  );
  await restart();
  assert.equal(await engine.status('web'), 'running');
});

test('pause and unpause, with the errors for the wrong state', async () => {
  using engine = await TestEngine.start();
  const { containers, signal } = engine;
  const { id } = await engine.create('web');
  await assert.rejects(containers.pause('web', signal), {
    kind: 'conflict',
    message: `container ${id} is not running`,
  });
  await containers.start('web', signal);
  await assert.rejects(containers.unpause('web', signal), { message: `Container ${id} is not paused` });
  await containers.pause('web', signal);
  assert.equal(await engine.status('web'), 'paused');
  await assert.rejects(containers.pause('web', signal), { message: `Container ${id} is already paused` });
  await assert.rejects(containers.start('web', signal), {
    message: 'cannot start a paused container, try unpause instead',
  });
  await assert.rejects(containers.execCreate('web', { Cmd: ['true'] }, signal), {
    message: 'Container web is paused, unpause the container before exec',
  });
  await containers.kill('web', 'KILL', signal);
  assert.equal(await engine.status('web'), 'exited');
});

test('an exec ends with its code before the client’s stream does', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  const id = await engine.run('web');
  const { id: execId } = await containers.execCreate('web', { Cmd: ['ls', '-l'], AttachStdout: true }, signal);
  const attachment = await containers.execStart(execId, { detach: false, tty: false }, signal);
  const { duplexPair } = await import('node:stream');
  const [connection, client] = duplexPair();
  const chunks: Buffer[] = [];
  client.on('data', (chunk: Buffer) => chunks.push(chunk));
  let code: number | null = null;
  const ended = new Promise<void>((resolve) =>
    client.once('end', async () => {
      code = (await containers.execInspect(execId)).ExitCode;
      resolve();
    }),
  );
  const connected = attachment?.connect(connection, signal);
  await engine.idle();
  const process = engine.life.attached.get(`${id}/${execId}`);
  process?.end('out');
  await new Promise((resolve) => setImmediate(resolve));
  host.exit({ containerId: id, execId }, 7);
  await connected;
  await ended;
  assert.equal(Buffer.concat(chunks).toString(), 'out');
  assert.equal(code, 7);
  assert.deepEqual(engine.actions('container').slice(2), ['exec_create: ls -l', 'exec_start: ls -l', 'exec_die']);
  await assert.rejects(containers.execStart(execId, { detach: true, tty: false }, signal), {
    message: `exec command ${execId} has already run`,
  });
});

test('the start says whether the client reads frames, whatever terminal the exec has', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  const id = await engine.run('web');
  const { duplexPair } = await import('node:stream');
  const { buffer } = await import('node:stream/consumers');
  const framed = (stream: number, text: string): Buffer =>
    Buffer.concat([Buffer.from([stream, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)]);
  const read = async (made: boolean, asked: boolean, output: readonly Buffer[]): Promise<Buffer> => {
    const config = { Cmd: ['x'], Tty: made, AttachStdout: true, AttachStderr: true };
    const { id: execId } = await containers.execCreate('web', config, signal);
    const attachment = await containers.execStart(execId, { detach: false, tty: asked }, signal);
    assert.equal(attachment?.tty, asked);
    const [connection, client] = duplexPair();
    const seen = buffer(client);
    const connected = attachment?.connect(connection, signal);
    await engine.idle();
    const process = engine.life.attached.get(`${id}/${execId}`);
    for (const part of output) process?.write(part);
    process?.end();
    await new Promise((resolve) => setImmediate(resolve));
    host.exit({ containerId: id, execId }, 0);
    await connected;
    return seen;
  };
  const frames = [framed(1, 'out'), framed(2, 'err'), framed(1, '!')];
  assert.deepEqual(await read(false, false, frames), Buffer.concat(frames));
  assert.deepEqual(await read(false, true, frames), Buffer.from('out!'), 'as dockerd: stdout alone');
  assert.deepEqual(await read(true, true, [Buffer.from('raw')]), Buffer.from('raw'));
  const raw = [Buffer.from('raw'), Buffer.from('more')];
  const multiplexed = await read(true, false, raw);
  assert.equal(multiplexed[0], 1, 'frames of stdout');
  const { Demultiplexer } = await import('../../io/index.ts');
  const parts: Uint8Array[] = [];
  new Demultiplexer(
    (part) => void parts.push(part),
    () => assert.fail('no stderr'),
  ).push(multiplexed);
  assert.equal(Buffer.concat(parts).toString(), 'rawmore');
});

test('an exec that was not started when its container ended is gone, also behind a reboot of the engine', async () => {
  using engine = await TestEngine.start();
  const id = await engine.run('web');
  const make = async (): Promise<string> =>
    (await engine.containers.execCreate('web', { Cmd: ['x'] }, engine.signal)).id;
  const [first, running] = [await make(), await make()];
  await engine.containers.execStart(running, { detach: true, tty: false }, engine.signal);
  engine.host.exit({ containerId: id }, 0);
  await engine.idle();
  const gone = async (execId: string): Promise<void> => {
    await assert.rejects(engine.containers.execInspect(execId), { kind: 'notFound' });
    await assert.rejects(engine.containers.execStart(execId, { detach: true, tty: false }, engine.signal), {
      kind: 'notFound',
      message: `No such exec instance: ${execId}`,
    });
  };
  await gone(first);
  assert.equal((await engine.containers.execInspect(running)).Running, false, 'one that ran stays to be inspected');
  await engine.containers.start(id, engine.signal);
  await gone(first);
  const second = await make();
  engine.life.kill();
  engine.host.exit({ containerId: id }, 0);
  await engine.reboot();
  await engine.idle();
  await gone(second);
});

test('an attach that chooses no stream ends at once', async () => {
  using engine = await TestEngine.start();
  await engine.run('web');
  const { duplexPair } = await import('node:stream');
  const { text } = await import('node:stream/consumers');
  for (const more of [{}, { stream: true }, { logs: true }, { stream: true, logs: true }]) {
    const none = { stdin: false, stdout: false, stderr: false, stream: false, logs: false, detachKeys: '' };
    const attachment = await engine.containers.attach('web', { ...none, ...more }, engine.signal);
    const [connection, client] = duplexPair();
    await attachment.connect(connection, engine.signal);
    assert.equal(await text(client), '');
  }
});

test('an exec that cannot run says so on the stream and leaves 127', async () => {
  using engine = await TestEngine.start();
  const { containers, signal } = engine;
  await engine.run('web');
  const { id } = await containers.execCreate('web', { Cmd: ['x'], AttachStdout: true }, signal);
  engine.host.before = (step) => {
    if (step === 'runtime exec') throw new EngineError('invalid', 'exec: "x": executable file not found in $PATH');
  };
  const attachment = await containers.execStart(id, { detach: false, tty: false }, signal);
  const { duplexPair } = await import('node:stream');
  const { buffer } = await import('node:stream/consumers');
  const [connection, client] = duplexPair();
  const seen = buffer(client);
  await attachment?.connect(connection, signal);
  const frame = await seen;
  assert.deepEqual([...frame.subarray(0, 4)], [1, 0, 0, 0]);
  assert.match(frame.subarray(8).toString(), /executable file not found in \$PATH\r\n$/);
  assert.equal((await containers.execInspect(id)).ExitCode, 127);
});

test('a shareable container’s memory goes with its run, and who may join says so', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  const donor = await engine.run('donor', { HostConfig: { IpcMode: 'shareable', ShmSize: 4096 } });
  assert.deepEqual([...host.sharedMemory], [[donor, 4096]]);
  const joiner = await engine.run('joiner', { HostConfig: { IpcMode: `container:${donor}` } });
  await engine.run('further', { HostConfig: { IpcMode: `container:${joiner}` } });
  assert.equal(host.sharedMemory.size, 1, 'those who join bring none');
  const own = await engine.run('own', { HostConfig: { IpcMode: 'private' } });
  await engine.create('refused', { HostConfig: { IpcMode: `container:${own}` } });
  await assert.rejects(containers.start('refused', signal), {
    kind: 'invalid',
    message: `failed to join IPC namespace: container ${own}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
  });
  host.exit({ containerId: donor }, 0);
  await engine.idle();
  assert.equal(host.sharedMemory.size, 0);
  await engine.create('late', { HostConfig: { IpcMode: `container:${joiner}` } });
  await assert.rejects(containers.start('late', signal), {
    kind: 'conflict',
    message: `failed to join IPC namespace: container ${donor} is not running`,
  });
  await engine.create('pids', { HostConfig: { PidMode: `container:${donor}` } });
  await assert.rejects(containers.start('pids', signal), {
    kind: 'failed',
    message: `failed to join PID namespace: container ${donor} is not running`,
  });
});

test('a container joins the network of a running one only', async () => {
  using engine = await TestEngine.start();
  const { containers, signal } = engine;
  const { id } = await engine.create('aa');
  await engine.create('bb', { HostConfig: { NetworkMode: `container:${id}` } });
  await assert.rejects(containers.start('bb', signal), {
    kind: 'conflict',
    message: 'cannot join network namespace of a non running container: container aa is created',
  });
  await containers.start('aa', signal);
  await containers.start('bb', signal);
  const inspect = await containers.inspect('bb', { size: false });
  assert.match(inspect.HostsPath, new RegExp(`/${id}/hosts$`));
  assert.deepEqual(inspect.NetworkSettings.Networks, {});
});

test("a chain of joined networks ends at one container's files, and its breaks are told in Docker's words", async () => {
  using engine = await TestEngine.start();
  const { containers, signal } = engine;
  const id = await engine.run('aa');
  await engine.run('bb', { HostConfig: { NetworkMode: 'container:aa' } });
  await engine.run('cc', { HostConfig: { NetworkMode: 'container:bb' } });
  const { HostnamePath, HostsPath, ResolvConfPath } = await containers.inspect('cc', { size: false });
  for (const [path, name] of Object.entries({
    [HostnamePath]: 'hostname',
    [HostsPath]: 'hosts',
    [ResolvConfPath]: 'resolv.conf',
  }))
    assert.match(path, new RegExp(`/${id}/${name}$`));

  const refused = (name: string, kind: string, message: string): Promise<void> =>
    assert.rejects(containers.start(name, signal), { kind, message });
  await containers.stop('bb', { graceSeconds: 0 }, signal);
  await engine.create('dd', { HostConfig: { NetworkMode: 'container:bb' } });
  await refused('dd', 'conflict', 'cannot join network namespace of a non running container: container bb is exited');
  await engine.create('ee', { HostConfig: { NetworkMode: 'container:nope' } });
  await refused('ee', 'failed', 'joining network namespace of container: No such container: nope');
  await engine.create('ff', { HostConfig: { NetworkMode: 'container:ff' } });
  await refused('ff', 'failed', 'cannot join own network namespace');
});

test('a shutdown with containers to stop gives each its grace and leaves their policies alone', async () => {
  using engine = await TestEngine.start();
  const { containers } = engine;
  await engine.run('aa', { HostConfig: { RestartPolicy: { Name: 'unless-stopped' } } });
  await engine.run('bb');
  await containers.shutdown({ stopContainers: true });
  assert.equal(await engine.status('aa'), 'exited');
  assert.equal(await engine.status('bb'), 'exited');
  await engine.reboot();
  engine.life.clock.advance(1);
  await engine.idle();
  assert.equal(await engine.status('aa'), 'running');
  assert.equal(await engine.status('bb'), 'exited');
});

test('on a full disk a container still ends, its waiters are answered and its exit is kept for later', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  const id = await engine.run('web');
  const { result } = await containers.wait('web', 'next-exit', signal);
  host.before = (step) => {
    if (step === 'record put') throw new EngineError('noSpace', 'no space left on device');
  };
  host.exit({ containerId: id }, 6);
  assert.deepEqual(await result, { exitCode: 6 });
  await engine.idle();
  assert.equal(await engine.status('web'), 'exited');
  assert.equal(host.sandboxes.size, 0);
  host.before = () => undefined;
  await engine.reboot();
  await engine.idle();
  const { State } = await engine.containers.inspect('web', { size: false });
  assert.deepEqual([State.Status, State.ExitCode, host.tasks.size], ['exited', 6, 0]);
});

test('on a disk too full to delete a record, the end of a container with execs is complete', async () => {
  using engine = await TestEngine.start();
  const { host, containers, signal } = engine;
  for (const name of ['stays', 'goes']) {
    const id = await engine.run(name, { HostConfig: { AutoRemove: name === 'goes' } });
    const { id: execId } = await containers.execCreate(name, { Cmd: ['true'] }, signal);
    const { result } = await containers.wait(id, name === 'goes' ? 'removed' : 'next-exit', signal);
    host.before = (step) => {
      if (step === 'exec delete') throw new EngineError('noSpace', 'no space left on device');
    };
    host.exit({ containerId: id }, 4);
    assert.deepEqual(await result, { exitCode: 4 });
    await engine.idle();
    await assert.rejects(containers.execInspect(execId), { kind: 'notFound' });
    assert.deepEqual([host.sandboxes.size, host.mounted.size, host.tasks.size], [0, 0, 0], name);
    host.before = () => undefined;
  }
  await engine.reboot();
  assert.equal(host.execRecords.all().length, 0);
});

test('a working folder that cannot be one refuses the create and leaves nothing', async () => {
  using engine = await TestEngine.start();
  engine.roots.makeDirectory = () => {
    throw new EngineError('invalid', 'no directory');
  };
  await assert.rejects(engine.create('web', { WorkingDir: '/bin/sh', Volumes: { '/anon': {} } }), {
    kind: 'invalid',
    message: 'Cannot mkdir: /bin/sh is not a directory',
  });
  const { host } = engine;
  assert.deepEqual(
    [host.records.all().length, host.writables.size, host.mounted.size, host.volumes.size, engine.folders().length],
    [0, 0, 0, 0, 0],
  );
  await engine.create('web');
});
