import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { taskLayout } from '../spec/index.ts';
import { commandPath, execFailureText } from './exec-failure.ts';

const command = (): string => '/m/x';
const json = (msg: string): string => `{"msg":${JSON.stringify(msg)},"level":"error","time":"2026-01-01T00:00:00.1Z"}`;

test('what crun says of a failed execve is told in the words of Docker', () => {
  const cases: readonly (readonly [string, string])[] = [
    [`${json('exec container process `/m/x`: Exec format error')}\n`, 'exec /m/x: exec format error\n'],
    [
      `${json('exec container process (missing dynamic library?) `/m/a b`: No such file or directory')}\n`,
      'exec /m/a b: no such file or directory\n',
    ],
    ['exec: Exec format error\n', 'exec /m/x: exec format error\n'],
    [
      `\x1b[1;31m${json('exec container process `/m/x`: Exec format error')}\x1b[0m\r\n`,
      'exec /m/x: exec format error\r\n',
    ],
    ['\x1b[1;31mexec: Permission denied\x1b[0m\r\n', 'exec /m/x: permission denied\r\n'],
  ];
  for (const [said, expected] of cases) assert.equal(execFailureText(said, command), expected);
});

test("runc's words, and what is no such failure, stay as they are", () => {
  for (const said of ['exec /m/x: exec format error\n', json('the moon is full'), 'hello', ''])
    assert.equal(execFailureText(said, command), said);
});

test('a command is found in PATH behind folders that cannot be looked at', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-path-'));
  const layout = taskLayout(folder, { containerId: 'c', execId: 'e' });
  mkdirSync(layout.folder, { recursive: true });
  symlinkSync('loop', join(folder, 'loop'));
  writeFileSync(join(folder, 'x'), '');
  const PATH = [join(folder, 'loop'), `/${'long'.repeat(1100)}`, join(folder, 'x'), folder].join(':');
  writeFileSync(layout.process, JSON.stringify({ args: ['x'], env: [`PATH=${PATH}`] }));
  assert.equal(commandPath(layout, process.pid), join(folder, 'x'));
  rmSync(folder, { recursive: true });
});
