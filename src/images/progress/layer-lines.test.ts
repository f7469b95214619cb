import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layerLines } from './layer-lines.ts';

test('bars are drawn at their begin and end, and seldom between', () => {
  const messages: Readonly<Record<string, unknown>>[] = [];
  const lines = layerLines('abc', (message) => void messages.push(message));
  lines.state('Pulling fs layer');
  for (let current = 1000; current <= 1_000_000; current += 1000) lines.bar('Downloading', current, 1_000_000);
  assert.deepEqual(messages[0], { status: 'Pulling fs layer', progressDetail: {}, id: 'abc' });
  assert.deepEqual(messages[1]?.['progressDetail'], { current: 1000, total: 1_000_000 });
  assert.deepEqual(messages.at(-1)?.['progressDetail'], { current: 1_000_000, total: 1_000_000 });
  assert.ok(messages.length < 50);
});
