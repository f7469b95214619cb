import assert from 'node:assert/strict';
import { test } from 'node:test';
import { useEngine } from '../support/fixture.ts';
import { FluentdReceiver } from '../support/log-receivers/fluentd-receiver.ts';
import { GelfTcpReceiver } from '../support/log-receivers/gelf-receiver.ts';
import type { Packed } from '../support/log-receivers/read-msgpack.ts';
import { SplunkReceiver } from '../support/log-receivers/splunk-receiver.ts';

/** Containers whose output goes to fluentd, GELF and Splunk. What exactly is sent is compared in test/records/log-drivers. */

const engineOf = useEngine();
const LONG = 40_000;
const SCRIPT = `echo out; head -c ${LONG} /dev/zero | tr '\\0' x; echo`;

/** Runs a container that has the name of its driver. */
async function runWith(driver: string, options: Readonly<Record<string, string>>): Promise<void> {
  const flags = Object.entries(options).map(([option, value]) => `--log-opt=${option}=${value}`);
  const tag = '--log-opt=tag={{.Name}}';
  await engineOf().ok('docker', [
    'run',
    `--name=${driver}`,
    `--log-driver=${driver}`,
    tag,
    ...flags,
    'busybox',
    'sh',
    '-c',
    SCRIPT,
  ]);
  const logs = await engineOf().ok('docker', ['logs', driver]);
  assert.equal(logs.trim(), `out\n${'x'.repeat(LONG)}`);
}

test('a container with the driver fluentd sends its lines with receipts, a long one in parts', async () => {
  await using receiver = await FluentdReceiver.listen({ host: '127.0.0.1', port: 0 });
  await runWith('fluentd', { 'fluentd-address': `127.0.0.1:${receiver.port}`, 'fluentd-request-ack': 'true' });
  const messages = (await receiver.received(4)) as readonly (readonly Packed[])[];
  const shown = messages.map(([tag, , record]) => {
    assert.ok(record instanceof Map);
    const text = (key: string): string | undefined => (record as ReadonlyMap<string, Packed>).get(key)?.toString();
    return [tag?.toString(), text('log')?.length, text('partial_ordinal'), text('partial_last')];
  });
  assert.deepEqual(shown, [
    ['fluentd', 3, undefined, undefined],
    ['fluentd', 16_384, '1', 'false'],
    ['fluentd', 16_384, '2', 'false'],
    ['fluentd', LONG - 2 * 16_384, '3', 'true'],
  ]);
});

test('a container with the driver gelf sends its lines', async () => {
  await using receiver = await GelfTcpReceiver.listen();
  await runWith('gelf', { 'gelf-address': `tcp://127.0.0.1:${receiver.port}` });
  const [first] = (await receiver.received(4)).map((text) => JSON.parse(text));
  const { short_message: text, level, _tag: tag, _command: command, _image_name: image } = first;
  assert.deepEqual([text, level, tag, command, image], ['out', 6, 'gelf', `sh -c ${SCRIPT}`, 'busybox']);
});

test('a container with the driver splunk sends its lines, and its token is in no log of the engine', async () => {
  await using receiver = await SplunkReceiver.listen();
  const url = `http://127.0.0.1:${receiver.port}`;
  receiver.answer = (request, response) => {
    receiver.answer = (_request, later) => later.end('{"code":0}');
    response.writeHead(503).end(`busy, ${request.headers.authorization}`);
  };
  await runWith('splunk', { 'splunk-url': url, 'splunk-token': 'sekret-token', 'splunk-format': 'raw' });
  const requests = await receiver.received(2);
  assert.match(requests[1]?.body ?? '', /^\{"event":"splunk out","time":"\d+\.\d{6}","host":"/);
  assert.match(engineOf().log(), /503 Service Unavailable - busy, Splunk \*\*\*/);
  assert.doesNotMatch(engineOf().log(), /sekret-token/);
});

test('a receiver that must be there is looked for when the container starts', async () => {
  const run = ['run', '--rm', '--log-driver=fluentd', '--log-opt=fluentd-address=unix:///nowhere', 'busybox', 'true'];
  await engineOf().ok('docker', run);
  const strict = await engineOf().docker(run.toSpliced(2, 0, '--log-opt=fluentd-async=false'));
  assert.equal(strict.code, 125);
  assert.match(strict.stderr, /failed to initialize logging driver: connect ENOENT/);
});
