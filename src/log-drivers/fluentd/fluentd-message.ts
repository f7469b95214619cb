import type { LogMessage, LogSubject } from '../log-sender.ts';
import { packArray, packEventTime, packMap, packSeconds, packText } from './pack.ts';

export interface FluentdHead {
  readonly tag: string;
  readonly hasNanoseconds: boolean;
  readonly subject: LogSubject;
}

/** Encodes one message: tag, time, record and options. `chunk` is what the receiver has to answer with. */
export function encodeFluentd(head: FluentdHead, message: LogMessage, chunk: string | undefined): Buffer {
  const { nanos } = message;
  const record = recordOf(head.subject, message);
  return Buffer.concat([
    packArray(4),
    ...packText(head.tag),
    head.hasNanoseconds ? packEventTime(nanos) : packSeconds(nanos / 1_000_000_000n),
    packMap(record.size),
    ...[...record].flatMap(([key, value]) => [...packText(key), ...packText(value)]),
    ...(chunk === undefined ? [packMap(0)] : [packMap(1), ...packText('chunk'), ...packText(chunk)]),
  ]);
}

/** As with dockerd a label or variable with the name of a field takes its place. */
function recordOf(subject: LogSubject, { line, stream, part }: LogMessage): ReadonlyMap<string, Buffer | string> {
  const record = new Map<string, Buffer | string>([
    ['container_id', subject.containerId],
    ['container_name', `/${subject.containerName}`],
    ['source', stream],
    ['log', line],
    ...Object.entries(subject.attributes),
  ]);
  if (part === undefined) return record;
  return record
    .set('partial_message', 'true')
    .set('partial_id', part.id)
    .set('partial_ordinal', String(part.ordinal))
    .set('partial_last', String(part.last));
}
