// Sends the messages of standard input by a log driver: `{ driver, options, attributes, lines }`. It runs in the namespaces of a receiver.
import { text } from 'node:stream/consumers';
import { findLogDriver, type LogSubject } from '../../src/log-drivers/index.ts';

const asked = JSON.parse(await text(process.stdin)) as {
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, string>>;
  readonly lines: readonly string[];
};
const subject: LogSubject = {
  containerId: 'c0ffee'.padEnd(64, '0'),
  containerName: 'web',
  imageId: 'sha256:1',
  imageName: 'busybox',
  createdNanos: 0n,
  entrypoint: 'sh',
  args: [],
  daemonName: 'docker',
  hostName: 'host',
  attributes: asked.attributes,
  env: [],
  labels: {},
};
const sender = findLogDriver(asked.driver)?.openSender?.(subject, asked.options);
const messages = asked.lines.map((line) => ({
  line: Buffer.from(line),
  stream: 'stdout' as const,
  nanos: BigInt(Date.now()) * 1_000_000n,
}));
await sender?.send(messages, new AbortController().signal);
await sender?.close();
