import { randomBytes } from 'node:crypto';
import type { LogDriver } from '../log-driver.ts';
import type { LogOptions } from '../log-options.ts';
import type { LogMessage, LogSender, LogSubject } from '../log-sender.ts';
import { DEFAULT_TAG, expandTag } from '../tag.ts';
import { FluentdConnection } from './fluentd-connection.ts';
import { encodeFluentd, type FluentdHead } from './fluentd-message.ts';
import { type FluentdOptions, parseFluentdOptions } from './fluentd-options.ts';

/** How long a receipt may take by default. */
const ACK_MILLISECONDS = 60_000;

/** Sends lines to fluentd or Fluent Bit by the forward protocol, over TCP, TLS or a unix socket. */
export const fluentd: LogDriver = {
  name: 'fluentd',
  title: 'fluentd log driver',
  options: new Set([
    'env',
    'env-regex',
    'fluentd-address',
    'fluentd-async',
    'fluentd-async-reconnect-interval',
    'fluentd-buffer-limit',
    'fluentd-max-retries',
    'fluentd-read-timeout',
    'fluentd-request-ack',
    'fluentd-retry-wait',
    'fluentd-sub-second-precision',
    'fluentd-write-timeout',
    'labels',
    'labels-regex',
    'tag',
  ]),
  keepsOutput: true,
  showsPath: false,
  check: (options) => void parseFluentdOptions(options),
  openSender: (subject, options) => new FluentdSender(subject, options),
};

class FluentdSender implements LogSender {
  readonly verify?: NonNullable<LogSender['verify']>;
  readonly #options: FluentdOptions;
  readonly #head: FluentdHead;
  #connection: FluentdConnection | undefined;

  /** @throws EngineError invalid */
  constructor(subject: LogSubject, options: LogOptions) {
    this.#options = parseFluentdOptions(options);
    const { hasNanoseconds, mustAnswer } = this.#options;
    if (mustAnswer) this.verify = async (signal) => void (await this.#connected(signal));
    this.#head = { subject, hasNanoseconds, tag: expandTag(options['tag'], subject, DEFAULT_TAG) };
  }

  async send(messages: readonly LogMessage[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { requestsAck, writeTimeoutMs, readTimeoutMs = ACK_MILLISECONDS } = this.#options;
    const chunks = requestsAck ? messages.map(() => randomBytes(16).toString('base64')) : [];
    const bytes = messages.map((message, index) => encodeFluentd(this.#head, message, chunks[index]));
    const connection = await this.#connected(signal);
    await Promise.all([
      connection.write(Buffer.concat(bytes), within(writeTimeoutMs, signal)),
      ...(requestsAck ? [connection.acknowledged(chunks, within(readTimeoutMs, signal))] : []),
    ]);
  }

  async close(): Promise<void> {
    await this.#connection?.close();
  }

  async #connected(signal: AbortSignal): Promise<FluentdConnection> {
    const { address, reconnectMs } = this.#options;
    const open = this.#connection;
    if (open?.isOpen && reconnectMs !== undefined && open.ageMs > reconnectMs) await open.close();
    if (open?.isOpen) return open;
    this.#connection = await FluentdConnection.open(address, signal);
    return this.#connection;
  }
}

function within(milliseconds: number | undefined, signal: AbortSignal): AbortSignal {
  return milliseconds === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
}
