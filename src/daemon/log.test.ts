import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, type LogFormat, type LogLevel } from './log.ts';

function lines(format: LogFormat, level: LogLevel): { out: string[]; log: ReturnType<typeof createLogger> } {
  const out: string[] = [];
  const log = createLogger({ format, level: () => level, write: (line) => out.push(line), now: () => new Date(0) });
  return { out, log };
}

test('text is logfmt, one line per entry whatever the fields hold', () => {
  const { out, log } = lines('text', 'info');
  log.debug({}, 'hidden');
  log.info({ id: 'c1', text: 'two\nlines "q"', nanos: 5n, none: undefined }, 'hello there');
  assert.deepEqual(out, [
    'time=1970-01-01T00:00:00.000Z level=info msg="hello there" id=c1 text="two\\nlines \\"q\\"" nanos=5\n',
  ]);
});

test('json is one object per line, errors with stack and cause', () => {
  const { out, log } = lines('json', 'debug');
  log.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed');
  const entry = JSON.parse(out[0] ?? '') as { level: string; msg: string; err: string };
  assert.equal(entry.level, 'error');
  assert.equal(entry.msg, 'failed');
  assert.match(entry.err, /Error: outer[\s\S]*caused by Error: inner/);
  assert.equal(out.length, 1);
});
