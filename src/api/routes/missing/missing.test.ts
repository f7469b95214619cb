import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../../testing/serve.ts';

test('what is not there yet says so, and is not a page that was not found', async () => {
  await using api = await serve();
  for (const [method, path, what] of [
    ['POST', '/v1.51/swarm/init', 'swarm mode'],
    ['POST', '/swarm/join', 'swarm mode'],
    ['GET', '/containers/web/checkpoints', 'checkpoints'],
    ['POST', '/containers/web/checkpoints', 'checkpoints'],
    ['DELETE', '/containers/web/checkpoints/c', 'checkpoints'],
    ['GET', '/plugins/privileges?remote=x', 'plugins'],
    ['POST', '/plugins/pull?remote=x', 'plugins'],
    ['POST', '/plugins/create?name=x', 'plugins'],
  ] as const) {
    const { status, text } = await api.ask(method, path);
    assert.deepEqual([status, JSON.parse(text)], [501, { message: `Gantry does not have this yet: ${what}` }], path);
  }
});

test('plugins: the list is empty, and none is found', async () => {
  await using api = await serve();
  assert.equal((await api.ask('GET', '/plugins')).text, '[]\n');
  for (const [method, path] of [
    ['GET', '/plugins/a/b:1/json'],
    ['DELETE', '/plugins/a/b:1'],
    ['POST', '/plugins/a/b:1/enable?timeout=1'],
    ['POST', '/plugins/a/b:1/set'],
  ] as const) {
    const { status, text } = await api.ask(method, path);
    assert.deepEqual([status, JSON.parse(text)], [404, { message: 'plugin "a/b:1" not found' }], path);
  }
});
