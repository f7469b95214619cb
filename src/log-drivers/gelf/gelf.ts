import { connect } from 'node:net';
import { promisify } from 'node:util';
import { deflate, gzip } from 'node:zlib';
import type { LogChannel } from '../channel/log-channel.ts';
import { StreamChannel } from '../channel/stream-channel.ts';
import { UdpChannel } from '../channel/udp-channel.ts';
import type { LogDriver } from '../log-driver.ts';
import type { LogOptions } from '../log-options.ts';
import type { LogMessage, LogSender, LogSubject } from '../log-sender.ts';
import { DEFAULT_TAG, expandTag } from '../tag.ts';
import { gelfChunks } from './gelf-chunks.ts';
import { GelfWriter } from './gelf-message.ts';
import { checkGelfPort, type GelfOptions, parseGelfOptions } from './gelf-options.ts';

const compressors = { gzip: promisify(gzip), zlib: promisify(deflate) } as const;
const NULL_BYTE = Buffer.alloc(1);

/** Sends lines in GELF, Graylog's format, by UDP or TCP. */
export const gelf: LogDriver = {
  name: 'gelf',
  title: 'gelf log driver',
  quotesOptions: true,
  options: new Set([
    'env',
    'env-regex',
    'gelf-address',
    'gelf-compression-level',
    'gelf-compression-type',
    'gelf-tcp-max-reconnect',
    'gelf-tcp-reconnect-delay',
    'labels',
    'labels-regex',
    'tag',
  ]),
  keepsOutput: true,
  showsPath: false,
  check: (options) => void parseGelfOptions(options),
  openSender: (subject, options) => new GelfSender(subject, options),
};

class GelfSender implements LogSender {
  readonly #options: GelfOptions;
  readonly #writer: GelfWriter;
  readonly #channel: LogChannel;

  /** @throws EngineError invalid */
  constructor(subject: LogSubject, options: LogOptions) {
    this.#options = parseGelfOptions(options);
    checkGelfPort(this.#options);
    this.#writer = new GelfWriter(subject, expandTag(options['tag'], subject, DEFAULT_TAG));
    const { protocol, host, port } = this.#options;
    this.#channel =
      protocol === 'udp'
        ? new UdpChannel(host, port)
        : new StreamChannel(() => ({ socket: connect({ host, port }), event: 'connect' }));
  }

  async send(messages: readonly LogMessage[], signal: AbortSignal): Promise<void> {
    const frames: Buffer[] = [];
    // As with dockerd empty lines are left out: GELF has no message without a text.
    for (const message of messages) if (message.line.length > 0) frames.push(...(await this.#frames(message)));
    if (frames.length > 0) await this.#channel.write(frames, signal);
  }

  close(): Promise<void> {
    return this.#channel.close();
  }

  async #frames(message: LogMessage): Promise<readonly Buffer[]> {
    const text = this.#writer.write(message);
    if (this.#options.protocol === 'tcp') return [text, NULL_BYTE];
    const { compression, level } = this.#options;
    return gelfChunks(compression === 'none' ? text : await compressors[compression](text, { level }));
  }
}
