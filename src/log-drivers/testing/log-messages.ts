import { parseNanos } from '../../base/time.ts';
import type { LogMessage } from '../log-sender.ts';

export const NANOS = parseNanos('2026-12-01T01:23:36.831986470Z') ?? 0n;

/** A line of stdout, for tests of senders. */
export function line(text: string | Buffer, more: Partial<LogMessage> = {}): LogMessage {
  return { line: Buffer.from(text), stream: 'stdout', nanos: NANOS, ...more };
}

/** The parts of a line that is longer than 16 KiB. */
export function parts(text: string): readonly LogMessage[] {
  const id = 'f'.repeat(64);
  const pieces = text.match(/.{1,16384}/g) ?? [];
  return pieces.map((piece, index) =>
    line(piece, { part: { id, ordinal: index + 1, last: index === pieces.length - 1 } }),
  );
}
