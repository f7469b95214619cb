import { goJsonString } from '../../base/template/index.ts';
import type { LogOptions } from '../log-options.ts';
import type { LogMessage, LogSubject } from '../log-sender.ts';
import { DEFAULT_TAG, expandTag } from '../tag.ts';
import { compactJson } from './compact-json.ts';
import type { SplunkFormat } from './splunk-options.ts';

/** Writes events as dockerd does, one JSON object for each line. */
export class SplunkWriter {
  readonly #format: SplunkFormat;
  /** Before the text of a raw event. */
  readonly #prefix: string;
  /** What follows the line and its stream in an event of the other formats. */
  readonly #eventEnd: string;
  /** What follows the time. */
  readonly #end: string;

  /** @throws EngineError invalid for a malformed tag */
  constructor(format: SplunkFormat, subject: LogSubject, options: LogOptions) {
    const { attributes, hostName } = subject;
    // An empty tag removes it.
    const tag = options['tag'] === '' ? '' : expandTag(options['tag'], subject, DEFAULT_TAG);
    const names = Object.keys(attributes).sort();
    const attrs = names.map((name) => field(name, attributes[name])).join(',');
    this.#format = format;
    this.#prefix = [tag, ...names.map((name) => `${name}=${attributes[name]}`), ''].slice(tag === '' ? 1 : 0).join(' ');
    this.#eventEnd = `${tag === '' ? '' : `,${field('tag', tag)}`}${attrs === '' ? '' : `,"attrs":{${attrs}}`}}`;
    this.#end = [
      field('host', hostName),
      ...['source', 'sourcetype', 'index'].flatMap((name) => {
        const value = options[`splunk-${name}`] ?? '';
        return value === '' ? [] : [field(name, value)];
      }),
    ].join(',');
  }

  /** Undefined for a raw event without a text, which a collector refuses. */
  write(message: LogMessage): string | undefined {
    const event = this.#event(message);
    if (event === undefined) return undefined;
    const time = (Number(message.nanos) / 1e9).toFixed(6);
    return `{"event":${event},"time":"${time}",${this.#end}}`;
  }

  #event({ line, stream }: LogMessage): string | undefined {
    const text = line.toString();
    if (this.#format === 'raw') return text.trim() === '' ? undefined : goJsonString(this.#prefix + text);
    const value = this.#format === 'json' ? (compactJson(text) ?? goJsonString(text)) : goJsonString(text);
    return `{"line":${value},${field('source', stream)}${this.#eventEnd}`;
  }
}

function field(name: string, value: string | undefined): string {
  return `${goJsonString(name)}:${goJsonString(value ?? '')}`;
}
