import assert from 'node:assert/strict';
import { test } from 'node:test';
import { useEngine } from '../support/fixture.ts';
import { idleResources } from '../support/resources.ts';

const engine = useEngine();

async function create(body: object): Promise<string> {
  const answer = await engine().api('POST', '/containers/create', { Image: 'busybox', ...body });
  assert.equal(answer.status, 201, answer.body);
  return (JSON.parse(answer.body) as { readonly Id: string }).Id;
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
  for (let warm = 0; warm < 5; warm++) await Promise.all([cycle(), cycle(), cycle(), cycle()]);
  const before = await idleResources(engine());
  for (let round = 0; round < 25; round++) await Promise.all([cycle(), cycle(), cycle(), cycle()]);
  assert.deepEqual(await idleResources(engine()), before);
});
