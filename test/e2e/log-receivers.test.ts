import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { eventually, useEngine } from '../support/fixture.ts';
import { freePort } from '../support/free-port.ts';
import { LineReceiver } from '../support/line-receiver.ts';

const engineOf = useEngine();

const syslogTo = (port: number): readonly string[] => [
  '--log-driver=syslog',
  `--log-opt=syslog-address=tcp://127.0.0.1:${port}`,
];

const textsOf = (lines: readonly string[]): readonly string[] => lines.map((line) => line.replace(/^.*?\]: /, ''));
const numbers = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => String(from + at));

interface Delivery {
  readonly Error: string;
  readonly Dropped: number;
  readonly UnsentBytes: number;
}

async function deliveryOf(name: string): Promise<Delivery> {
  return JSON.parse(await engineOf().ok('docker', ['inspect', '-f', '{{json .LogDelivery}}', name]));
}

function until(what: () => Promise<boolean>): Promise<void> {
  return eventually(async () => assert.ok(await what(), String(what)));
}

test('a receiver that is away lets the container start, and gets its lines when it is back', async () => {
  const port = await freePort();
  const opts = [...syslogTo(port), '--log-opt=tag={{.Name}}', '--log-opt=syslog-format=rfc3164'];
  await engineOf().ok('docker', ['run', '--name', 'away', ...opts, 'busybox', 'sh', '-c', 'echo out; echo err >&2']);
  assert.deepEqual((await engineOf().ok('docker', ['logs', 'away'])).split('\n').sort(), ['out']);
  await until(async () => (await deliveryOf('away')).Error.includes('ECONNREFUSED'));
  await using receiver = await LineReceiver.listen({ port });
  const lines = await receiver.received(2);
  assert.deepEqual([...textsOf(lines)].sort(), ['err', 'out']);
  assert.match(lines.find((line) => line.endsWith('err')) ?? '', /^<27>\w{3} [ \d]\d [\d:]{8} \S+ away\[\d+\]: err$/);
  await until(async () => (await deliveryOf('away')).UnsentBytes === 0);
  assert.match(engineOf().log(), /the receiver of a log is away.*away/);
  await engineOf().ok('docker', ['rm', 'away']);
});

test('kill -9 of the engine loses no line', async () => {
  await using receiver = await LineReceiver.listen({ port: 0 });
  const script = 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo $i; [ $((i % 100)) = 0 ] && sleep 0.05; done; true';
  await engineOf().ok('docker', [
    'run',
    '-d',
    '--name',
    'killed',
    ...syslogTo(receiver.port),
    'busybox',
    'sh',
    '-c',
    script,
  ]);
  await receiver.received(300);
  await engineOf().kill9();
  await engineOf().start();
  const lines = await receiver.received(3000);
  // What was sent after the last stored position comes twice.
  const texts = textsOf(lines);
  await until(async () => new Set(texts).size === 3000 || textsOf(receiver.lines).at(-1) === '3000');
  assert.deepEqual([...new Set(textsOf(receiver.lines))], numbers(1, 3000));
});

test('without blocking a full buffer drops lines, which inspect and info show', async () => {
  const port = await freePort();
  const opts = [...syslogTo(port), '--log-opt=mode=non-blocking', '--log-opt=max-buffer-size=4k'];
  await engineOf().ok('docker', ['run', '--name', 'full', ...opts, 'busybox', 'seq', '2000']);
  await until(async () => (await deliveryOf('full')).Dropped > 1000);
  const info = JSON.parse((await engineOf().api('GET', '/info')).body) as { readonly Warnings: readonly string[] };
  const warning = info.Warnings.find((each) => each.includes('full'));
  assert.match(warning ?? '', /^WARNING: container full: log driver syslog has dropped \d{4} messages$/);
  assert.equal((await engineOf().ok('docker', ['logs', 'full'])).split('\n').length, 2000);
  const removed = Date.now();
  await engineOf().ok('docker', ['rm', 'full']);
  assert.ok(Date.now() - removed < 5000, 'the removal does not wait for the receiver');
});

test('blocking holds the container while its receiver takes nothing, and goes on when it does', async () => {
  await using receiver = await LineReceiver.listen({ port: 0 });
  receiver.pause();
  const script = 'head -c 20000000 /dev/zero | tr "\\0" a | fold -w 1000 | cat; echo end >/done; sleep 1000';
  const opts = [...syslogTo(receiver.port), '--log-opt=mode=blocking'];
  await engineOf().ok('docker', ['run', '-d', '--name', 'held', ...opts, 'busybox', 'sh', '-c', script]);
  let last = -1;
  await until(async () => {
    const { UnsentBytes } = await deliveryOf('held');
    const stands = UnsentBytes > 1024 * 1024 && UnsentBytes === last;
    last = UnsentBytes;
    return stands;
  });
  const isDone = async (): Promise<boolean> =>
    (await engineOf().docker(['exec', 'held', 'test', '-e', '/done'])).code === 0;
  assert.equal(await isDone(), false);
  receiver.resume();
  await until(isDone);
  await engineOf().ok('docker', ['rm', '-f', 'held']);
});

test('an engine that dies holds no container', async () => {
  await using receiver = await LineReceiver.listen({ port: 0 });
  receiver.pause();
  const script = 'head -c 20000000 /dev/zero | tr "\\0" a | fold -w 1000 | cat; echo end >/mark/done; sleep 1000';
  const opts = [...syslogTo(receiver.port), '--log-opt=mode=blocking', '-v', `${engineOf().dataRoot}/mark:/mark`];
  await engineOf().ok('docker', ['run', '-d', '--name', 'orphan', ...opts, 'busybox', 'sh', '-c', script]);
  await until(async () => (await deliveryOf('orphan')).UnsentBytes > 1024 * 1024);
  assert.equal(existsSync(`${engineOf().dataRoot}/mark/done`), false);
  await engineOf().kill9();
  await until(async () => existsSync(`${engineOf().dataRoot}/mark/done`));
  await engineOf().start();
  receiver.resume();
  await engineOf().ok('docker', ['rm', '-f', 'orphan']);
});

test('options that the driver refuses fail the creation or the start, as with dockerd', async () => {
  const fails = async (opt: string, text: string): Promise<void> => {
    const { stderr } = await engineOf().docker([
      'run',
      '--rm',
      '--log-driver=syslog',
      `--log-opt=${opt}`,
      'busybox',
      'true',
    ]);
    assert.ok(stderr.includes(`Error response from daemon: ${text}\n`), stderr);
  };
  await fails('foo=1', "unknown log opt 'foo' for syslog log driver");
  await fails('syslog-address=foo://x', "unsupported scheme: 'foo'");
  await fails(
    'tag={{',
    'failed to create task for container: failed to initialize logging driver: template: log-tag:1: unclosed action',
  );
});
