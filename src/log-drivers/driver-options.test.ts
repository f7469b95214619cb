import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkLogOptions } from './check-log-config.ts';
import { fluentd } from './fluentd/fluentd.ts';
import { parseFluentdOptions } from './fluentd/fluentd-options.ts';
import { gelf } from './gelf/gelf.ts';
import type { LogDriver } from './log-driver.ts';
import type { LogOptions } from './log-options.ts';
import { splunk } from './splunk/splunk.ts';
import { parseSplunkOptions } from './splunk/splunk-options.ts';
import { testSubject } from './testing/test-subject.ts';

/** Each text is that of dockerd 28.5 for these options. */

/** `create`: refused when a container is made; `start`: when it starts. */
function refused(driver: LogDriver, when: 'create' | 'start', options: LogOptions, message: string): void {
  if (when === 'create') {
    assert.throws(() => driver.check?.(options), { kind: 'invalid', message });
  } else {
    driver.check?.(options);
    assert.throws(() => driver.openSender?.(testSubject, options), { kind: 'invalid', message });
  }
}

const FLUENTD_ADDRESSES: Readonly<Record<string, string>> = {
  'x:y': 'parse "tcp://x:y": invalid port ":y" after host',
  'tcp://x:y': 'parse "tcp://x:y": invalid port ":y" after host',
  'tcp://a:b:c': 'parse "tcp://a:b:c": invalid port ":c" after host',
  'udp://127.0.0.1:1': "unsupported scheme: 'udp'",
  '127.0.0.1:99999': 'invalid port: strconv.ParseUint: parsing "99999": value out of range',
  'unix://': 'path is empty',
  'unix://relative': 'path is empty',
  'unix:///a%zz': 'parse "unix:///a%zz": invalid URL escape "%zz"',
  'tcp://127.0.0.1:1/path': 'should not contain a path element',
  'tcp://[::1': 'parse "tcp://[::1": missing \']\' in host',
  'a b': 'parse "tcp://a b": invalid character " " in host name',
};

for (const [address, why] of Object.entries(FLUENTD_ADDRESSES)) {
  test(`fluentd-address ${address} is refused`, () =>
    refused(fluentd, 'create', { 'fluentd-address': address }, `invalid fluentd-address (${address}): ${why}`));
}

test('addresses of fluentd have a default host and port', () => {
  const address = (text: string) => parseFluentdOptions({ 'fluentd-address': text }).address;
  const tcp = (host: string, port: number) => ({ kind: 'tcp', host, port });
  assert.deepEqual(address(''), tcp('127.0.0.1', 24224));
  assert.deepEqual(address('tcp://'), tcp('127.0.0.1', 24224));
  assert.deepEqual(address(':1'), tcp('127.0.0.1', 1));
  assert.deepEqual(address('host'), tcp('host', 24224));
  assert.deepEqual(address('[::1]:1'), tcp('::1', 1));
  assert.deepEqual(address('tcp://user@host:1?x=1'), tcp('host', 1));
  assert.deepEqual(address('tls://host:1'), { kind: 'tls', host: 'host', port: 1 });
  assert.deepEqual(address('unix:///run/a%20b'), { kind: 'unix', path: '/run/a b' });
});

const FLUENTD_VALUES: readonly (readonly [name: string, value: string, message: string])[] = [
  ['fluentd-async', 'x', 'strconv.ParseBool: parsing "x": invalid syntax'],
  ['fluentd-request-ack', 'x', 'strconv.ParseBool: parsing "x": invalid syntax'],
  ['fluentd-sub-second-precision', 'x', 'strconv.ParseBool: parsing "x": invalid syntax'],
  ['fluentd-buffer-limit', 'x', "invalid size: 'x'"],
  ['fluentd-max-retries', '-1', 'strconv.ParseUint: parsing "-1": invalid syntax'],
  ['fluentd-retry-wait', '5', 'time: missing unit in duration "5"'],
  [
    'fluentd-async-reconnect-interval',
    'x',
    'invalid value for fluentd-async-reconnect-interval: time: invalid duration "x"',
  ],
  [
    'fluentd-async-reconnect-interval',
    '50ms',
    'invalid value for fluentd-async-reconnect-interval: value ("50ms") must be between 100ms and 10s',
  ],
  [
    'fluentd-write-timeout',
    'x',
    'invalid value for fluentd-write-timeout: value must be a duration: time: invalid duration "x"',
  ],
  [
    'fluentd-write-timeout',
    '-1s',
    'invalid value for fluentd-write-timeout: value must be a duration that is non-negative',
  ],
];

for (const [name, value, message] of FLUENTD_VALUES) {
  test(`${name}=${value} is refused`, () => refused(fluentd, 'create', { [name]: value }, message));
}

test('a malformed tag is refused at the start', () => {
  const message = `template: log-tag:1:2: executing "log-tag" at <.X>: can't evaluate field X in type *logger.Info`;
  refused(fluentd, 'start', { tag: '{{.X}}' }, message);
  refused(splunk, 'start', { ...SPLUNK, tag: '{{.X}}' }, message);
});

const SPLUNK = { 'splunk-url': 'http://127.0.0.1:1', 'splunk-token': 'sekret' };
const SPLUNK_FORM = 'splunk: expected format scheme://dns_name_or_ip:port for splunk-url';

const SPLUNK_VALUES: readonly (readonly [options: LogOptions, message: string])[] = [
  [{}, 'splunk: splunk-url is expected'],
  [{ 'splunk-url': 'http://127.0.0.1:1' }, 'splunk: splunk-token is expected'],
  [{ 'splunk-url': 'x' }, SPLUNK_FORM],
  [{ 'splunk-url': 'ftp://127.0.0.1' }, SPLUNK_FORM],
  [{ 'splunk-url': 'http://127.0.0.1:1/p' }, SPLUNK_FORM],
  [{ 'splunk-url': 'http://127.0.0.1:1?x=1' }, SPLUNK_FORM],
  [{ 'splunk-url': 'http://127.0.0.1:1#a' }, SPLUNK_FORM],
  [{ 'splunk-url': '127.0.0.1:8088' }, 'splunk: failed to parse 127.0.0.1:8088 as url value in splunk-url'],
  [{ 'splunk-url': 'http://a b' }, 'splunk: failed to parse http://a b as url value in splunk-url'],
  [{ ...SPLUNK, 'splunk-insecureskipverify': 'x' }, 'strconv.ParseBool: parsing "x": invalid syntax'],
  [{ ...SPLUNK, 'splunk-gzip': 'x' }, 'strconv.ParseBool: parsing "x": invalid syntax'],
  [{ ...SPLUNK, 'splunk-verify-connection': 'x' }, 'strconv.ParseBool: parsing "x": invalid syntax'],
  [{ ...SPLUNK, 'splunk-index-acknowledgment': 'x' }, 'strconv.ParseBool: parsing "x": invalid syntax'],
  [{ ...SPLUNK, 'splunk-capath': '/nonexistent' }, 'open /nonexistent: no such file or directory'],
  [{ ...SPLUNK, 'splunk-gzip-level': 'x' }, 'strconv.ParseInt: parsing "x": invalid syntax'],
  [
    { ...SPLUNK, 'splunk-gzip-level': '10' },
    "not supported level '10' for splunk-gzip-level (supported values between -1 and 9)",
  ],
  [{ ...SPLUNK, 'splunk-format': 'x' }, 'unknown format specified x, supported formats are inline, json and raw'],
];

for (const [options, message] of SPLUNK_VALUES) {
  test(`${JSON.stringify(options)} is refused`, () => refused(splunk, 'start', options, message));
}

test('a password in the address of a Splunk is not part of a message', () => {
  const options = { ...SPLUNK, 'splunk-url': 'http://u:sekret@a b' };
  assert.throws(() => parseSplunkOptions(options), { message: /^splunk: failed to parse http:\/\/\*\*\*@a b / });
});

const GELF_ADDRESSES: Readonly<Record<string, string>> = {
  '': 'gelf-address is a required parameter',
  'x:y': 'gelf: endpoint needs to be TCP or UDP',
  'tcp://x:y': 'parse "tcp://x:y": invalid port ":y" after host',
  '127.0.0.1:12201': 'parse "127.0.0.1:12201": first path segment in URL cannot contain colon',
  'udp://127.0.0.1': 'gelf: please provide gelf-address as proto://host:port',
  'unix:///x': 'gelf: endpoint needs to be TCP or UDP',
  'udp://a b:1': 'parse "udp://a b:1": invalid character " " in host name',
  'udp://': 'gelf: please provide gelf-address as proto://host:port',
};

for (const [address, message] of Object.entries(GELF_ADDRESSES)) {
  test(`gelf-address ${address} is refused`, () => refused(gelf, 'create', { 'gelf-address': address }, message));
}

const GELF_VALUES: readonly (readonly [protocol: string, name: string, value: string, message: string])[] = [
  ['udp', 'gelf-compression-type', 'x', 'unknown value "x" for log opt "gelf-compression-type" for gelf log driver'],
  ['udp', 'gelf-compression-level', 'x', 'unknown value "x" for log opt "gelf-compression-level" for gelf log driver'],
  [
    'udp',
    'gelf-compression-level',
    '10',
    'unknown value "10" for log opt "gelf-compression-level" for gelf log driver',
  ],
  [
    'udp',
    'gelf-compression-level',
    '-2',
    'unknown value "-2" for log opt "gelf-compression-level" for gelf log driver',
  ],
  ['udp', 'gelf-tcp-max-reconnect', '0', '"gelf-tcp-max-reconnect" is only valid for TCP'],
  ['udp', 'gelf-tcp-reconnect-delay', '1', '"gelf-tcp-reconnect-delay" is only valid for TCP'],
  ['tcp', 'gelf-compression-type', 'none', 'compression is only supported on UDP'],
  ['tcp', 'gelf-compression-level', '1', 'compression is only supported on UDP'],
  ['tcp', 'gelf-tcp-max-reconnect', '-1', '"gelf-tcp-max-reconnect" must be a positive integer'],
  ['tcp', 'gelf-tcp-reconnect-delay', 'x', '"gelf-tcp-reconnect-delay" must be a positive integer'],
];

for (const [protocol, name, value, message] of GELF_VALUES) {
  test(`${name}=${value} with ${protocol} is refused`, () =>
    refused(gelf, 'create', { 'gelf-address': `${protocol}://127.0.0.1:1`, [name]: value }, message));
}

test('a port that there is not is refused at the start', () => {
  const message = 'gelf: cannot connect to GELF endpoint: 127.0.0.1:99999 dial udp: address 99999: invalid port';
  refused(gelf, 'start', { 'gelf-address': 'udp://127.0.0.1:99999' }, message);
});

test('an unknown option of gelf is quoted', () => {
  assert.throws(() => checkLogOptions(gelf, { 'gelf-address': 'udp://127.0.0.1:1', foo: 'x' }), {
    message: 'unknown log opt "foo" for gelf log driver',
  });
});
