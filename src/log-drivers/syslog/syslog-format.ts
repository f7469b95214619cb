import { invalid } from '../../base/errors.ts';
import type { LogMessage } from '../log-sender.ts';

const INFO = 6;
const ERROR = 3;
const MILLION = 1_000_000n;
const LINE_FEED = Buffer.from('\n');
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** What precedes the text of each message. */
export interface SyslogHead {
  readonly format: SyslogFormat;
  readonly facility: number;
  readonly tag: string;
  readonly hostName: string;
  readonly pid: number;
  /** Whether the number of bytes precedes a message (RFC 5425, section 4.3). dockerd does so with RFC 5424 over TLS alone. */
  readonly counted: boolean;
}

/** `plain`: as a program writes to the local syslog, without the host's name. */
export type SyslogFormat = 'plain' | 'rfc3164' | 'rfc5424' | 'rfc5424micro';

/** @throws EngineError invalid */
export function parseSyslogFormat(text: string | undefined): SyslogFormat {
  if (text === undefined || text === '') return 'plain';
  if (text === 'rfc3164' || text === 'rfc5424' || text === 'rfc5424micro') return text;
  throw invalid('Invalid syslog format');
}

/** Encodes messages. Empty lines are left out, as dockerd does. */
export function encodeSyslog(head: SyslogHead, messages: readonly LogMessage[]): Buffer[] {
  const frames: Buffer[] = [];
  for (const message of messages) if (message.line.length > 0) frames.push(encode(head, message));
  return frames;
}

function encode(head: SyslogHead, { line, stream, nanos }: LogMessage): Buffer {
  const priority = head.facility * 8 + (stream === 'stderr' ? ERROR : INFO);
  const frame = Buffer.concat([Buffer.from(`<${priority}>${prefix(head, nanos)}`), line, LINE_FEED]);
  return head.counted ? Buffer.concat([Buffer.from(`${frame.length} `), frame]) : frame;
}

function prefix({ format, hostName, tag, pid }: SyslogHead, nanos: bigint): string {
  switch (format) {
    case 'plain':
      return `${stamp(nanos)} ${tag}[${pid}]: `;
    case 'rfc3164':
      return `${stamp(nanos)} ${hostName} ${tag}[${pid}]: `;
    case 'rfc5424':
      return `1 ${isoTime(nanos, '')} ${hostName} ${tag} ${pid} ${tag} - `;
    case 'rfc5424micro':
      return `1 ${isoTime(nanos, `.${((nanos / 1000n) % MILLION).toString().padStart(6, '0')}`)} ${hostName} ${tag} ${pid} ${tag} - `;
  }
}

/** The host's time in the form of RFC 3164: `Jan  2 03:04:05`. */
function stamp(nanos: bigint): string {
  const date = new Date(Number(nanos / MILLION));
  return `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2, ' ')} ${clock(date)}`;
}

function isoTime(nanos: bigint, fraction: string): string {
  const date = new Date(Number(nanos / MILLION));
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${clock(date)}${fraction}${zone(-date.getTimezoneOffset())}`;
}

function clock(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function zone(minutes: number): string {
  if (minutes === 0) return 'Z';
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
