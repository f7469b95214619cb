import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogConfig } from '../spec/index.ts';
import { checkLogConfig, findLogDriver, logDriverNames, logDriverOf } from './index.ts';

const log = (Type: string, Config?: Record<string, string>): LogConfig => ({ Type, Config: Config ?? null });

test('a driver that nobody knows and options of others are refused in dockerd’s words', () => {
  const refuses = (config: LogConfig, message: string): void =>
    assert.throws(() => checkLogConfig(config), { kind: 'invalid', message });
  refuses(log('foo'), 'error looking up logging plugin foo: plugin "foo" not found');
  refuses(log('__proto__'), 'error looking up logging plugin __proto__: plugin "__proto__" not found');
  refuses(log('json-file', { foo: 'x' }), "unknown log opt 'foo' for json-file log driver");
  refuses(log('local', { tag: 'x' }), "unknown log opt 'tag' for log driver local");
  refuses(log('json-file', { mode: 'x' }), 'logger: logging mode not supported: x');
  refuses(
    log('local', { 'max-buffer-size': '1m' }),
    "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
  );
  const nonBlocking = { mode: 'non-blocking', 'max-buffer-size': 'x' };
  refuses(log('local', nonBlocking), "error parsing option max-buffer-size: invalid size: 'x'");
  refuses(log('local', { 'cache-disabled': 'x' }), 'invalid value for option cache-disabled: x');
  const cache = { 'cache-disabled': 'true', 'cache-max-size': 'x', 'cache-max-file': '0', 'cache-compress': 'x' };
  checkLogConfig(log('json-file', cache));
  for (const config of [log('none', { x: '1' }), log('', { 'max-size': '1m', mode: 'non-blocking' }), {}])
    checkLogConfig(config);
});

test('a driver that Docker has and this engine has not is refused with the reason', () => {
  for (const name of ['awslogs', 'etwlogs', 'gcplogs'])
    assert.throws(() => checkLogConfig(log(name)), {
      kind: 'invalid',
      message: new RegExp(`^log driver ${name} is not available in this engine: it `),
    });
});

test('a configuration without a type means json-file', () => {
  assert.deepEqual(
    [logDriverOf(undefined), logDriverOf(log('')), logDriverOf(log('none'))],
    ['json-file', 'json-file', 'none'],
  );
});

test('info names the drivers that keep something', () => {
  assert.deepEqual(logDriverNames(), ['fluentd', 'gelf', 'journald', 'json-file', 'local', 'splunk', 'syslog']);
  assert.equal(findLogDriver('none')?.keepsOutput, false);
});
