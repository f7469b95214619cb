import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TaskStats } from '../../runtime/index.ts';
import { logSpec } from '../logs/log-spec.ts';
import { parseSignal } from '../model/signals.ts';
import { parseProcessList } from '../query/top-container.ts';
import { detachKeysOf } from '../streams/detach-keys.ts';
import { TestEngine } from '../testing/test-engine.ts';
import { mergeChange } from './update-container.ts';

test('signals are known by name with and without SIG, and by number', () => {
  for (const name of ['HUP', 'SIGHUP', 'sighup', '1']) assert.equal(parseSignal(name), 1);
  assert.equal(parseSignal('RTMIN+3'), 37);
  assert.equal(parseSignal('RTMAX-1'), 63);
  assert.throws(() => parseSignal('BOGUS'), { kind: 'invalid', message: 'invalid signal: BOGUS' });
  assert.throws(() => parseSignal('RTMIN+99'), { kind: 'invalid' });
  assert.throws(() => parseSignal('99'), { message: 'the linux daemon does not support signal 99' });
});

test('detach keys are control characters and plain ones', () => {
  assert.deepEqual([...detachKeysOf('')], [16, 17]);
  assert.deepEqual([...detachKeysOf('ctrl-a,x,ctrl-[')], [1, 120, 27]);
  for (const bad of ['ctrl-', 'ctrl-aa', 'xyz', 'ctrl-a,']) assert.throws(() => detachKeysOf(bad), { kind: 'invalid' });
});

test('kill names the container and what is wrong with the signal', async () => {
  using engine = await TestEngine.start();
  const { id } = await engine.create('web');
  const { containers, signal } = engine;
  await assert.rejects(containers.kill('web', 'BOGUS', signal), {
    kind: 'invalid',
    message: 'cannot kill container: web: invalid signal: BOGUS',
  });
  await assert.rejects(containers.kill('web', '', signal), {
    kind: 'conflict',
    message: `cannot kill container: web: container ${id} is not running`,
  });
});

test('top shows the container’s rows, the last column with its blanks', () => {
  const output = 'UID PID PPID CMD\nroot 7 1 sleep 10 --x\nroot 8 1 other\n';
  assert.deepEqual(parseProcessList(output, new Set([7])), {
    titles: ['UID', 'PID', 'PPID', 'CMD'],
    processes: [['root', '7', '1', 'sleep 10 --x']],
  });
  assert.throws(() => parseProcessList('CMD\nsleep\n', new Set([7])), {
    message: "Couldn't find PID field in ps output",
  });
});

test('top of this very process works with the host’s ps and its default arguments', async () => {
  using engine = await TestEngine.start();
  await engine.run('web');
  Object.assign(engine.life.runtime, { processes: async () => [process.pid] });
  const { titles, processes } = await engine.containers.top('web', '', engine.signal);
  assert.equal(processes.length, 1);
  assert.equal(processes[0]?.[titles.indexOf('PID')], String(process.pid));
  await assert.rejects(engine.containers.top('web', '-o ppid=PID', engine.signal), { kind: 'invalid' });
});

test('an update keeps what is not named and refuses what excludes what is there', () => {
  const current = { Memory: 10, MemorySwap: 20, NanoCpus: 5, PidsLimit: 3 };
  assert.deepEqual(mergeChange(current, { Memory: 15, CpuShares: 0, CpusetCpus: '' }), { ...current, Memory: 15 });
  assert.throws(() => mergeChange(current, { Memory: 30 }), { kind: 'conflict', message: /memoryswap/ });
  assert.throws(() => mergeChange(current, { CpuQuota: 1 }), { kind: 'conflict', message: /NanoCPUs/ });
  for (const MemorySwap of [0, -1]) {
    assert.throws(
      () => mergeChange({ Memory: 10, MemorySwap }, { Memory: 5 }),
      { message: /memoryswap/ },
      `${MemorySwap}`,
    );
  }
  assert.equal(mergeChange({ MemorySwap: -1 }, { Memory: 5, MemorySwap: -1 }).Memory, 5);
  assert.equal(mergeChange({ NanoCpus: 5 }, { CpuQuota: -1 }).CpuQuota, -1, 'no quota excludes nothing');
  assert.equal(mergeChange({ CpuQuota: -1 }, { NanoCpus: 5 }).NanoCpus, 5);
  assert.throws(() => mergeChange({ CpuQuota: 1 }, { NanoCpus: 5 }), { message: /CPU Quota/ });
  assert.throws(() => mergeChange({ AutoRemove: true }, { RestartPolicy: { Name: 'always' } }), { kind: 'conflict' });
});

test('an update without the name of a policy leaves the policy alone', async () => {
  using engine = await TestEngine.start();
  const policy = { Name: 'on-failure', MaximumRetryCount: 3 } as const;
  await engine.create('web', { HostConfig: { RestartPolicy: policy } });
  await engine.containers.update('web', { RestartPolicy: { Name: '', MaximumRetryCount: 2 } }, engine.signal);
  assert.deepEqual((await engine.containers.inspect('web', { size: false })).HostConfig.RestartPolicy, policy);
});

test('an update that the runtime refuses changes nothing', async () => {
  using engine = await TestEngine.start();
  const id = await engine.run('web');
  engine.host.before = (step) => {
    if (step === 'runtime update') throw Object.assign(new Error('no'), {});
  };
  await assert.rejects(engine.containers.update('web', { Memory: 99 << 20 }, engine.signal));
  assert.equal((await engine.containers.inspect(id, { size: false })).HostConfig.Memory, 0);
});

test('an ambiguous rename is refused and a good one announced', async () => {
  using engine = await TestEngine.start();
  const { containers, signal, host } = engine;
  await engine.create('web');
  await engine.create('db');
  await assert.rejects(containers.rename('web', 'db', signal), {
    kind: 'conflict',
    message: /^Error when allocating new name: Conflict. The container name "\/db" is already in use/,
  });
  await assert.rejects(containers.rename('web', 'a b', signal), {
    message:
      'Error when allocating new name: Invalid container name (/a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed',
  });
  await containers.rename('web', '/www', signal);
  const renamed = host.events.at(-1);
  assert.deepEqual([renamed?.Action, renamed?.Actor.Attributes['oldName']], ['rename', '/web']);
});

test('a list is newest first, running ones only unless asked, and limited', async () => {
  using engine = await TestEngine.start();
  for (const name of ['one', 'two', 'three']) await engine.create(name);
  await engine.containers.start('two', engine.signal);
  const names = async (options: { all: boolean; limit: number }): Promise<readonly string[]> => {
    const list = await engine.containers.list({ ...options, size: false, filters: {} });
    return list.map(({ Names }) => Names[0] ?? '');
  };
  assert.deepEqual(await names({ all: false, limit: 0 }), ['/two']);
  assert.deepEqual(await names({ all: true, limit: 0 }), ['/three', '/two', '/one']);
  assert.deepEqual(await names({ all: false, limit: 2 }), ['/three', '/two']);
  await engine.containers.rename('three', 'four', engine.signal);
  assert.deepEqual(await names({ all: true, limit: 1 }), ['/four'], 'a change is seen');
});

test('prune removes what does not run and says what it freed', async () => {
  using engine = await TestEngine.start();
  const { id } = await engine.create('old');
  await engine.run('web');
  assert.deepEqual(await engine.containers.prune({}, engine.signal), { deleted: [id], reclaimedBytes: 0 });
  assert.equal(await engine.status('web'), 'running');
});

const STATS: TaskStats = {
  readAt: '2024-01-01T00:00:00Z',
  cpuTotalNanos: 9_007_199_254_740_993n,
  cpuUserNanos: 1n,
  cpuSystemNanos: 2n,
  perCpuNanos: [],
  hostCpuNanos: 3n,
  onlineCpus: 2,
  throttling: { periods: 0, throttledPeriods: 0, throttledNanos: 0n },
  memory: { usage: 5, maxUsage: 0, limit: 7, stats: { cache: 1 }, failcnt: 0 },
  pids: { current: 1, limit: 0 },
  blkio: [],
  networks: {},
};

test('one-shot stats have no predecessor, single ones have; figures beyond 2^53 stay exact', async () => {
  using engine = await TestEngine.start();
  await engine.run('web');
  Object.assign(engine.life.runtime, { stats: async () => STATS });
  const read = async (oneShot: boolean) => {
    const stats = await engine.containers.stats('web', { stream: false, oneShot }, engine.signal);
    const readings: string[] = [];
    const ticking = setInterval(() => engine.life.clock.advance(1000), 1);
    for await (const reading of stats) readings.push(JSON.stringify(reading));
    clearInterval(ticking);
    assert.equal(readings.length, 1);
    return readings[0] ?? '';
  };
  const first = await read(true);
  assert.match(first, /"total_usage":9007199254740993,/);
  assert.match(first, /"preread":"0001-01-01T00:00:00Z"/);
  assert.match(await read(false), /"preread":"2024-01-01T00:00:00Z"/);
});

test('stats of a container that does not run are empty', async () => {
  using engine = await TestEngine.start();
  const { id } = await engine.create('web');
  const stats = await engine.containers.stats('web', { stream: false, oneShot: true }, engine.signal);
  for await (const reading of stats) {
    const { read, cpu_stats: cpu, name } = reading as Record<string, unknown>;
    assert.deepEqual([read, name], ['0001-01-01T00:00:00Z', '/web']);
    assert.deepEqual((cpu as { cpu_usage: object }).cpu_usage, {
      total_usage: 0,
      usage_in_kernelmode: 0,
      usage_in_usermode: 0,
    });
  }
  assert.ok(id);
});

test('log options choose rotation and the attributes of lines; bad ones are named', async () => {
  using engine = await TestEngine.start();
  const { id } = await engine.create('web');
  const record = engine.host.records.get(id);
  assert.ok(record !== undefined);
  const withOptions = (Config: Record<string, string>) => ({
    ...record,
    config: { Labels: { a: '1', b: '2' }, Env: ['X=y', 'Z=w'] },
    hostConfig: { LogConfig: { Type: 'json-file', Config } },
  });
  const defaults = { maxSizeBytes: 5, maxFiles: 2, compress: true };
  assert.deepEqual(await logSpec(withOptions({}), '/log', defaults), {
    driver: 'json-file',
    path: '/log',
    ...defaults,
  });
  const options = { 'max-size': '10k', 'max-file': '3', compress: 'false', labels: 'a', 'env-regex': '^X' };
  assert.deepEqual(await logSpec(withOptions(options), '/log', defaults), {
    driver: 'json-file',
    path: '/log',
    maxSizeBytes: 10_240,
    maxFiles: 3,
    compress: false,
    attrs: { a: '1', X: 'y' },
  });
  for (const bad of [{ 'max-size': 'x' }, { 'max-file': '0' }, { 'labels-regex': '(' }]) {
    await assert.rejects(logSpec(withOptions(bad), '/log', defaults), { kind: 'invalid' });
  }
  // The errors are Go's, in the words of dockerd 28.5. An expression that could backtrack for years takes no time.
  await assert.rejects(logSpec(withOptions({ 'env-regex': '(' }), '/log', defaults), {
    message:
      'failed to create task for container: failed to initialize logging driver: error parsing regexp: missing closing ): `(`',
  });
  const long = { ...withOptions({ 'labels-regex': '(a+)+$' }), config: { Labels: { [`${'a'.repeat(60)}!`]: '' } } };
  assert.equal((await logSpec(long, '/log', defaults)).attrs, undefined);
});
