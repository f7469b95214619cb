import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesAround } from './lines-around.ts';

const at = (line: number) => ({ start: { line }, end: { line } });

test('of a large source the lines near a place stay, by their numbers', () => {
  const lines = Array.from({ length: 1000 }, (_, index) => `line ${index + 1} ${'x'.repeat(50)}`);
  const small = Buffer.from(lines.slice(0, 20).join('\n'));
  assert.equal(linesAround(small, [at(3)]), small);
  const kept = linesAround(Buffer.from(lines.join('\n')), [at(500), at(501)])
    .toString()
    .split('\n');
  assert.equal(kept.length, 506);
  for (const line of [495, 500, 501, 506]) assert.equal(kept[line - 1], lines[line - 1]);
  assert.equal(kept[493], '');
  assert.equal(
    linesAround(Buffer.from(lines.join('\n')), [])
      .toString()
      .trim(),
    '',
  );
});

test('whatever a source is, little of it stays', () => {
  const whole = { start: { line: 1 }, end: { line: 1_000_000 } };
  for (const text of ['x'.repeat(100_000), `${'x'.repeat(999)}\n`.repeat(100), '\n'.repeat(100_000)]) {
    const kept = linesAround(Buffer.from(text), [whole]);
    assert.ok(kept.length <= 12 << 10, String(kept.length));
  }
});
