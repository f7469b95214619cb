import type { Buffer } from 'node:buffer';
import { HEADER_BYTES, lower, RCODE } from './message.ts';

/**
 * Whether `reply` has the id and answers the question of a query. A server that does not understand a query may leave
 * the question out of its error.
 */
export function isReplyTo(reply: Buffer, id: number, asked: { bytes: Buffer; questionEnd: number }): boolean {
  if (reply.length < HEADER_BYTES || reply.readUInt16BE(0) !== id || ((reply[2] ?? 0) & 0xf8) !== 0x80) return false;
  const questions = reply.readUInt16BE(4);
  if (questions === 0) return isHeaderOfError(reply);
  const { bytes, questionEnd } = asked;
  if (questions !== 1 || reply.length < questionEnd) return false;
  for (let at = HEADER_BYTES; at < questionEnd - 4; at++) {
    if (lower(reply[at] ?? 0) !== lower(bytes[at] ?? 0)) return false;
  }
  return reply.readUInt32BE(questionEnd - 4) === bytes.readUInt32BE(questionEnd - 4);
}

export function rcodeOf(reply: Buffer): number {
  return (reply[3] ?? 0) & 15;
}

function isHeaderOfError(reply: Buffer): boolean {
  const rcode = rcodeOf(reply);
  return rcode !== 0 && rcode !== RCODE.nameError && reply.readUInt16BE(6) === 0;
}
