import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { LogDriver } from '../log-driver.ts';
import type { LogOptions } from '../log-options.ts';
import type { LogMessage, LogSender, LogSubject } from '../log-sender.ts';
import { EventCollector } from './event-collector.ts';
import { SplunkWriter } from './splunk-event.ts';
import { parseSplunkOptions, type SplunkOptions } from './splunk-options.ts';

const compress = promisify(gzip);

/** Sends lines to the HTTP event collector of a Splunk. */
export const splunk: LogDriver = {
  name: 'splunk',
  title: 'splunk log driver',
  options: new Set([
    'env',
    'env-regex',
    'labels',
    'labels-regex',
    'splunk-caname',
    'splunk-capath',
    'splunk-format',
    'splunk-gzip',
    'splunk-gzip-level',
    'splunk-index',
    'splunk-index-acknowledgment',
    'splunk-insecureskipverify',
    'splunk-source',
    'splunk-sourcetype',
    'splunk-token',
    'splunk-url',
    'splunk-verify-connection',
    'tag',
  ]),
  keepsOutput: true,
  showsPath: false,
  openSender: (subject, options) => new SplunkSender(subject, options),
};

class SplunkSender implements LogSender {
  readonly verify?: NonNullable<LogSender['verify']>;
  readonly #options: SplunkOptions;
  readonly #writer: SplunkWriter;
  readonly #collector: EventCollector;

  /** @throws EngineError invalid */
  constructor(subject: LogSubject, options: LogOptions) {
    this.#options = parseSplunkOptions(options);
    this.#writer = new SplunkWriter(this.#options.format, subject, options);
    this.#collector = new EventCollector(this.#options);
    if (this.#options.verifiesConnection) this.verify = (signal) => this.#collector.verify(signal);
  }

  async send(messages: readonly LogMessage[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const events = messages.map((message) => this.#writer.write(message)).filter((event) => event !== undefined);
    if (events.length === 0) return;
    const body = Buffer.from(events.join(''));
    const { gzipLevel } = this.#options;
    await this.#collector.post(gzipLevel === undefined ? body : await compress(body, { level: gzipLevel }), signal);
  }

  close(): Promise<void> {
    this.#collector.close();
    return Promise.resolve();
  }
}
