import { randomBytes } from 'node:crypto';
import { formatNanos } from '../../base/time.ts';
import { UnixDatagramChannel } from '../channel/unix-datagram-channel.ts';
import type { LogDriver } from '../log-driver.ts';
import type { LogOptions } from '../log-options.ts';
import type { LogMessage, LogSender, LogSubject } from '../log-sender.ts';
import { expandTag } from '../tag.ts';
import { encodeEntry, fieldName } from './journal-entry.ts';

/** Where systemd-journald listens. */
const SOCKET = '/run/systemd/journal/socket';
const INFO = '6';
const ERROR = '3';
const SHORT_ID = 12;

/** Sends lines to the systemd-journald of the host. */
export const journald: LogDriver = {
  name: 'journald',
  title: 'journald log driver',
  options: new Set(['labels', 'labels-regex', 'env', 'env-regex', 'tag']),
  keepsOutput: true,
  showsPath: false,
  openSender: openJournalSender,
};

function openJournalSender(subject: LogSubject, options: LogOptions): LogSender {
  const channel = new UnixDatagramChannel(SOCKET);
  const fields = constantFields(subject, expandTag(options['tag'] ?? '', subject, '{{.ID}}'));
  let ordinal = 0;
  return {
    async send(messages, signal) {
      // What is sent again has the same numbers.
      await channel.write(
        messages.map((message, at) => encodeEntry([...messageFields(message, ordinal + at + 1), ...fields])),
        signal,
      );
      ordinal += messages.length;
    },
    close: () => channel.close(),
  };
}

type Field = readonly [name: string, value: string | Buffer];

/** Epoch and ordinal order the entries of one sender, whose times may be equal. */
function constantFields(subject: LogSubject, tag: string): readonly Field[] {
  const fields = new Map<string, string>();
  for (const [name, value] of Object.entries(subject.attributes)) {
    const field = fieldName(name);
    if (field !== '') fields.set(field, value);
  }
  fields.set('CONTAINER_ID', subject.containerId.slice(0, SHORT_ID));
  fields.set('CONTAINER_ID_FULL', subject.containerId);
  fields.set('CONTAINER_NAME', subject.containerName);
  fields.set('CONTAINER_TAG', tag);
  fields.set('IMAGE_NAME', subject.imageName);
  fields.set('SYSLOG_IDENTIFIER', tag);
  fields.set('CONTAINER_LOG_EPOCH', randomBytes(32).toString('hex'));
  return [...fields];
}

function messageFields({ line, stream, nanos, part }: LogMessage, ordinal: number): readonly Field[] {
  const fields: Field[] = [
    ['PRIORITY', stream === 'stderr' ? ERROR : INFO],
    ['MESSAGE', line],
    ['SYSLOG_TIMESTAMP', formatNanos(nanos)],
    ['CONTAINER_LOG_ORDINAL', String(ordinal)],
  ];
  if (part === undefined) return fields;
  fields.push(
    ['CONTAINER_PARTIAL_ID', part.id],
    ['CONTAINER_PARTIAL_ORDINAL', String(part.ordinal)],
    ['CONTAINER_PARTIAL_LAST', String(part.last)],
  );
  if (!part.last) fields.push(['CONTAINER_PARTIAL_MESSAGE', 'true']);
  return fields;
}
