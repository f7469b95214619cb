import { goJson, goJsonString, goMap } from '../../base/template/index.ts';
import { formatNanos } from '../../base/time.ts';
import type { LogMessage, LogSubject } from '../log-sender.ts';
import { commandOf } from '../tag.ts';

/** Severities of syslog. */
const INFO = 6;
const ERROR = 3;

/** Writes messages in GELF 1.1, as dockerd does: JSON with the additional fields sorted. */
export class GelfWriter {
  readonly #host: string;
  /** What follows the fields of a message. */
  readonly #end: string;

  constructor(subject: LogSubject, tag: string) {
    const fields: Record<string, string> = {
      _container_id: subject.containerId,
      _container_name: subject.containerName,
      _image_id: subject.imageId,
      _image_name: subject.imageName,
      _command: commandOf(subject),
      _tag: tag,
      _created: formatNanos(subject.createdNanos),
    };
    for (const [name, value] of Object.entries(subject.attributes))
      fields[name.startsWith('_') ? name : `_${name}`] = value;
    this.#host = goJsonString(subject.hostName);
    this.#end = goJson(goMap(fields)).slice(1);
  }

  write({ line, stream, nanos }: LogMessage): Buffer {
    const seconds = Number(nanos / 1_000_000n) / 1000;
    const level = stream === 'stderr' ? ERROR : INFO;
    const text = goJsonString(line.toString());
    return Buffer.from(
      `{"version":"1.1","host":${this.#host},"short_message":${text},"timestamp":${seconds},"level":${level},${this.#end}`,
    );
  }
}
