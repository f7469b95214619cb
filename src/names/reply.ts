import { Buffer } from 'node:buffer';
import { HEADER_BYTES, type Query, TYPE } from './message.ts';

/** Bytes of an answer that every client takes by UDP (RFC 1035), and the most that is sent to those that take more. */
const UDP_BYTES_MIN = 512;
const UDP_BYTES_MAX = 4096;
const TCP_BYTES_MAX = 65_535;
const OPT_BYTES = 11;
/** A pointer to the question's name, type, class, TTL and the length of the data. */
const RECORD_BYTES = 12;
const CLASS_IN = 1;
const NAME_OF_QUESTION = 0xc000 | HEADER_BYTES;

export type Transport = 'udp' | 'tcp';

export interface Reply {
  readonly rcode: number;
  /** Data of the records, each a string with one character per byte. They are of the type that was asked for. */
  readonly data: readonly string[];
}

/**
 * Encodes the answer to a query: the question as it was sent, then records with TTL 0. An answer above the client's
 * limit has the records that fit, and is marked as truncated.
 */
export function encodeReply(bytes: Buffer, query: Query, reply: Reply & { readonly transport: Transport }): Buffer {
  const optBytes = query.edns === undefined ? 0 : OPT_BYTES;
  const limit = limitBytes(query, reply.transport) - optBytes;
  let count = 0;
  let size = query.questionEnd;
  for (const item of reply.data) {
    if (size + RECORD_BYTES + item.length > limit) break;
    size += RECORD_BYTES + item.length;
    count += 1;
  }
  const out = Buffer.allocUnsafe(size + optBytes);
  bytes.copy(out, 0, 0, query.questionEnd);
  writeFlags(out, bytes, reply.rcode);
  if (count < reply.data.length) out[2] = (out[2] ?? 0) | 2;
  out.writeUInt16BE(count, 6);
  out.writeUInt16BE(0, 8);
  out.writeUInt16BE(optBytes === 0 ? 0 : 1, 10);
  let at = query.questionEnd;
  for (let index = 0; index < count; index++) at = writeRecord(out, at, query.type, reply.data[index] ?? '');
  if (query.edns !== undefined) writeOpt(out, at, { rcode: reply.rcode, wantsDnssec: query.edns.wantsDnssec });
  return out;
}

/** The answer to a message whose question cannot be read: a header with its id, opcode and RD. */
export function encodeError(bytes: Buffer, rcode: number): Buffer {
  const out = Buffer.alloc(HEADER_BYTES);
  bytes.copy(out, 0, 0, 2);
  writeFlags(out, bytes, rcode);
  return out;
}

function limitBytes(query: Query, transport: Transport): number {
  if (transport === 'tcp') return TCP_BYTES_MAX;
  return Math.min(Math.max(query.edns?.sizeBytes ?? 0, UDP_BYTES_MIN), UDP_BYTES_MAX);
}

/** QR, the opcode and RD of the query, RA, and the low bits of the code. Not AA: a name here is no zone of DNS. */
function writeFlags(out: Buffer, bytes: Buffer, rcode: number): void {
  out[2] = 0x80 | ((bytes[2] ?? 0) & 0x79);
  out[3] = 0x80 | (rcode & 15);
}

function writeRecord(out: Buffer, start: number, type: number, data: string): number {
  let at = out.writeUInt16BE(NAME_OF_QUESTION, start);
  at = out.writeUInt16BE(type, at);
  at = out.writeUInt16BE(CLASS_IN, at);
  at = out.writeUInt32BE(0, at);
  at = out.writeUInt16BE(data.length, at);
  return at + out.write(data, at, 'latin1');
}

/** RFC 6891 section 6.1: our own limit, the code's high bits, version 0. DO is copied (RFC 3225). */
function writeOpt(out: Buffer, start: number, { rcode, wantsDnssec }: { rcode: number; wantsDnssec: boolean }): void {
  let at = out.writeUInt8(0, start);
  at = out.writeUInt16BE(TYPE.opt, at);
  at = out.writeUInt16BE(UDP_BYTES_MAX, at);
  at = out.writeUInt8(rcode >> 4, at);
  at = out.writeUInt8(0, at);
  at = out.writeUInt16BE(wantsDnssec ? 0x8000 : 0, at);
  out.writeUInt16BE(0, at);
}
