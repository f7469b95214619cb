import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseModeChange } from './file-mode.ts';

test('modes are those of chmod', () => {
  const cases: readonly [text: string, before: number, after: number, isDirectory?: boolean][] = [
    ['755', 0o4600, 0o755],
    ['04711', 0, 0o4711],
    ['u+x,g-w', 0o664, 0o744],
    ['+x', 0o644, 0o755],
    ['a=r', 0o4777, 0o444],
    ['go=', 0o755, 0o700],
    ['u=rwX,go=rX', 0o600, 0o644],
    ['u=rwX,go=rX', 0o600, 0o755, true],
    ['u=rwX,go=rX', 0o700, 0o755],
    ['g=u', 0o740, 0o770],
    ['o+u-x', 0o740, 0o746],
    ['u+s,g+s,+t', 0o755, 0o7755],
    ['u=rx', 0o4755, 0o555],
  ];
  for (const [text, before, after, isDirectory = false] of cases) {
    assert.equal(
      parseModeChange(text)(before, isDirectory).toString(8),
      after.toString(8),
      `${text} on ${before.toString(8)}`,
    );
  }
  for (const text of ['', '8', '77777', 'u', 'x+u', 'u+y', 'u+x,', '17777']) {
    assert.throws(() => parseModeChange(text), { kind: 'invalid', message: `invalid mode "${text}"` }, text);
  }
});
