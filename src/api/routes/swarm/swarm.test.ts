import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../../testing/serve.ts';

test('an engine outside of swarms says so to those who ask for one', async () => {
  await using api = await serve();
  for (const [method, path] of [
    ['GET', '/v1.45/swarm'],
    ['GET', '/nodes'],
    ['GET', '/services?filters=%7B%7D'],
    ['POST', '/services/create'],
    ['GET', '/tasks/x/logs'],
    ['DELETE', '/secrets/x'],
    ['POST', '/configs/x/update?version=1'],
  ] as const) {
    const { status, text } = await api.ask(method, path);
    assert.equal(status, 503, path);
    assert.match(text, /This node is not a swarm manager/);
  }
  const { status, text } = await api.ask('POST', '/swarm/leave');
  assert.deepEqual([status, JSON.parse(text)], [503, { message: 'This node is not part of a swarm' }]);
});
