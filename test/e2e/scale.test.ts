import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { command } from '../support/command.ts';
import { eventually, useEngine } from '../support/fixture.ts';

const engine = useEngine();

async function create(body: object): Promise<string> {
  const answer = await engine().api('POST', '/containers/create', { Image: 'busybox', ...body });
  assert.equal(answer.status, 201, answer.body);
  return (JSON.parse(answer.body) as { readonly Id: string }).Id;
}

/** Everything a container costs the host, by kind; equal before and after when nothing leaks. */
async function resources(): Promise<Readonly<Record<string, number>>> {
  const { execRoot, dataRoot, bridge } = engine();
  const lines = (text: string, mine: (line: string) => boolean): number => text.split('\n').filter(mine).length;
  const folders = (path: string): number => {
    try {
      return readdirSync(path).length;
    } catch {
      return 0;
    }
  };
  return {
    mounts: lines(
      readFileSync('/proc/self/mountinfo', 'utf8'),
      (line) => line.includes(execRoot) || line.includes(dataRoot),
    ),
    links: lines((await command('ip', ['-o', 'link'])).stdout, (line) => line.includes(`master ${bridge} `)),
    firewall: lines(
      (await command('nft', ['list', 'ruleset'])).stdout,
      (line) => line.includes(bridge) || /dnat|: 10\./.test(line),
    ),
    processes: readdirSync('/proc').filter((name) => {
      try {
        return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(execRoot);
      } catch {
        return false;
      }
    }).length,
    descriptors: openDescriptors(engine().pid()),
    containers: folders(`${dataRoot}/containers`),
    snapshots: folders(`${dataRoot}/snapshots`),
    tasks: folders(`${execRoot}/tasks`),
    rootfs: folders(`${execRoot}/rootfs`),
    netns: folders(`${execRoot}/netns`),
  };
}

/** Descriptors but for connections, which come and go with the clients. */
function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return !readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}

test('200 containers started at once all run, and all end when killed', async () => {
  const ids = await Promise.all(Array.from({ length: 200 }, () => create({ Cmd: ['sleep', '1000'] })));
  const starts = await Promise.all(ids.map((id) => engine().api('POST', `/containers/${id}/start`)));
  assert.ok(
    starts.every(({ status }) => status === 204),
    JSON.stringify(starts.find(({ status }) => status !== 204)),
  );
  const running = JSON.parse((await engine().api('GET', '/containers/json')).body) as readonly object[];
  assert.equal(running.length, 200);
  const ended = ids.map((id) => engine().api('POST', `/containers/${id}/wait`));
  await Promise.all(ids.map((id) => engine().api('POST', `/containers/${id}/kill?signal=KILL`)));
  const codes = (await Promise.all(ended)).map(
    ({ body }) => (JSON.parse(body) as { readonly StatusCode: number }).StatusCode,
  );
  assert.ok(codes.every((code) => code === 137));
  await Promise.all(ids.map((id) => engine().api('DELETE', `/containers/${id}`)));
});

test('200 containers with a code each, started at once, all end with theirs', async () => {
  const ids = await Promise.all(
    Array.from({ length: 200 }, (_, index) => create({ Cmd: ['sh', '-c', `exit ${index}`] })),
  );
  const ended = ids.map((id) => engine().api('POST', `/containers/${id}/wait?condition=next-exit`));
  await Promise.all(ids.map((id) => engine().api('POST', `/containers/${id}/start`)));
  const codes = (await Promise.all(ended)).map(
    ({ body }) => (JSON.parse(body) as { readonly StatusCode: number }).StatusCode,
  );
  assert.deepEqual(
    codes,
    ids.map((_, index) => index),
  );
  await Promise.all(ids.map((id) => engine().api('DELETE', `/containers/${id}`)));
});

test('start and remove, many times, leaves no mount, namespace, link, firewall element, process, descriptor or folder', async () => {
  const cycle = async (): Promise<void> => {
    const id = await create({ Cmd: ['true'], HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '' }] } } });
    const ended = engine().api('POST', `/containers/${id}/wait?condition=next-exit`);
    assert.equal((await engine().api('POST', `/containers/${id}/start`)).status, 204);
    await ended;
    assert.equal((await engine().api('DELETE', `/containers/${id}?v=1`)).status, 204);
  };
  for (let warm = 0; warm < 10; warm++) await cycle();
  const settledResources = (expected?: object): Promise<object> =>
    eventually(async () => {
      const now = await resources();
      if (expected !== undefined) assert.deepEqual(now, expected);
      return now;
    });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const before = await settledResources();
  for (let round = 0; round < 25; round++) await Promise.all([cycle(), cycle(), cycle(), cycle()]);
  await settledResources(before);
});
