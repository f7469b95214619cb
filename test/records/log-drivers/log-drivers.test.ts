import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { formatNanos, parseNanos } from '../../../src/base/time.ts';
import { fluentd } from '../../../src/log-drivers/fluentd/fluentd.ts';
import { gelf } from '../../../src/log-drivers/gelf/gelf.ts';
import type { LogMessage, LogSubject } from '../../../src/log-drivers/index.ts';
import { splunk } from '../../../src/log-drivers/splunk/splunk.ts';
import { arrivals } from './arrivals.ts';
import { CASES, ENV, LABELS, type LogCase, OUTPUT, SCRIPT } from './log-cases.ts';

/** What our senders send, compared field by field with what dockerd 28.5 sent (`npm run record -- log-drivers`). */

const NOW = parseNanos('2026-12-01T01:23:36.831986470Z') ?? 0n;
const DRIVERS = { fluentd, 'gelf-udp': gelf, 'gelf-tcp': gelf, splunk } as const;
const PART_BYTES = 16_384;
const SIGNAL = new AbortController().signal;

const record = new Map(
  readFileSync(new URL('./log-drivers.dockerd.txt', import.meta.url), 'utf8')
    .split(/^# /m)
    .slice(1)
    .map((block) => {
      const end = block.indexOf('\n');
      return [block.slice(0, end), block.slice(end + 1).trimEnd()];
    }),
);

const MESSAGES: readonly LogMessage[] = OUTPUT.flatMap(({ stream, text }) => {
  const count = Math.ceil(text.length / PART_BYTES);
  if (count <= 1) return [{ line: text, stream, nanos: NOW }];
  return Array.from({ length: count }, (_, index) => ({
    line: text.subarray(index * PART_BYTES, (index + 1) * PART_BYTES),
    stream,
    nanos: NOW,
    part: { id: 'e'.repeat(64), ordinal: index + 1, last: index === count - 1 },
  }));
});

/** The attributes that a container's log options select here. */
function attributesOf({ labels = '', 'env-regex': env }: Readonly<Record<string, string>>): Record<string, string> {
  const named = labels.split(',');
  const pairs: readonly (readonly [string, string])[] = Object.entries(LABELS).filter(([name]) => named.includes(name));
  const variables = env === undefined ? [] : ENV.map((pair) => pair.split('=') as [string, string]);
  return Object.fromEntries([...pairs, ...variables]);
}

async function send({ receiver }: LogCase, options: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const subject: LogSubject = {
    containerId: '0a'.repeat(32),
    containerName: 'rec-logs',
    imageId: `sha256:${'1b'.repeat(32)}`,
    imageName: 'busybox',
    createdNanos: NOW,
    entrypoint: 'sh',
    args: ['-c', SCRIPT],
    daemonName: 'docker',
    hostName: 'host-of-the-engine',
    attributes: attributesOf(options),
    env: ENV,
    labels: LABELS,
  };
  const driver = DRIVERS[receiver];
  const sender = driver.openSender?.(subject, options);
  assert.ok(sender !== undefined);
  driver.check?.(options);
  await sender.verify?.(SIGNAL);
  await sender.send(MESSAGES, SIGNAL);
  await sender.close();
  const { containerId: id, imageId: image, hostName: host } = subject;
  return { id, 'short id': id.slice(0, 12), created: formatNanos(NOW), image, host };
}

for (const each of CASES) {
  test(`${each.name}: what arrives is what dockerd sends`, async () => {
    assert.equal(await arrivals(each, (options) => send(each, options)), record.get(each.name));
  });
}

test('the record is of these cases', () => {
  assert.deepEqual(
    [...record.keys()],
    CASES.map(({ name }) => name),
  );
});
