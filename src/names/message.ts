import { Buffer } from 'node:buffer';

/**
 * Reads queries (RFC 1035 section 4, RFC 6891). A message is a header of 12 bytes, the question, and records. Nothing
 * here throws or keeps memory, whatever the bytes are.
 */
export const HEADER_BYTES = 12;
export const RCODE = { formatError: 1, serverFailure: 2, nameError: 3, notImplemented: 4, refused: 5, badVersion: 16 };
export const TYPE = { a: 1, ptr: 12, aaaa: 28, opt: 41 } as const;

const CLASS_IN = 1;
const CLASS_ANY = 255;
/** Of a name as sent, with the lengths of its labels and the root's zero. */
const NAME_BYTES_MAX = 255;
const LABEL_BYTES_MAX = 63;
/** Record after its name: type, class, TTL, length of the data. */
const RECORD_BYTES = 10;
const POINTER = 0xc0;
const DO_FLAG = 0x8000;
const DOT = 0x2e;
const BACKSLASH = 0x5c;

export interface Query {
  /** In lower case, without the trailing dot, one character per byte. A dot within a label is `\.`. */
  readonly name: string;
  readonly type: number;
  /** False for a question about another class, which names of containers don't answer. */
  readonly isInternet: boolean;
  /** Where the question ends, which begins after the header. */
  readonly questionEnd: number;
  readonly edns: Edns | undefined;
}

/** What the client says about itself in its OPT record. */
export interface Edns {
  /** Bytes that it takes by UDP, as it says. */
  readonly sizeBytes: number;
  readonly version: number;
  readonly wantsDnssec: boolean;
}

/** Why a message with a header is not a plain query: to be answered with this code. */
export interface Rejected {
  readonly rcode: number;
}

const FORMAT_ERROR: Rejected = { rcode: RCODE.formatError };
const NOT_IMPLEMENTED: Rejected = { rcode: RCODE.notImplemented };

/** Returns undefined for a message that gets no answer: a response, or one without a whole header. */
export function decodeQuery(bytes: Buffer): Query | Rejected | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const flags = bytes[2] ?? 0;
  if ((flags & 0x80) !== 0) return undefined;
  if ((flags & 0x78) !== 0) return NOT_IMPLEMENTED;
  if (bytes.readUInt16BE(4) !== 1) return FORMAT_ERROR;
  const nameEnd = readName(bytes);
  const questionEnd = nameEnd + 4;
  if (nameEnd < 0 || questionEnd > bytes.length) return FORMAT_ERROR;
  const edns = readEdns(bytes, questionEnd);
  if (edns === 'malformed') return FORMAT_ERROR;
  const askedClass = bytes.readUInt16BE(nameEnd + 2);
  return {
    name: scratch.toString('latin1', 0, scratchLength),
    type: bytes.readUInt16BE(nameEnd),
    isInternet: askedClass === CLASS_IN || askedClass === CLASS_ANY,
    questionEnd,
    edns,
  };
}

/** The last name read. A dot within a label takes two bytes. */
const scratch = Buffer.alloc(2 * NAME_BYTES_MAX);
let scratchLength = 0;

/** Reads the question's name into {@link scratch}. Returns its end, or -1. There is nothing that it may point to. */
function readName(bytes: Buffer): number {
  let to = 0;
  let at = HEADER_BYTES;
  for (;;) {
    const size = bytes[at++];
    if (size === undefined || size > LABEL_BYTES_MAX) return -1;
    if (size === 0) break;
    const end = at + size;
    if (end >= bytes.length || end - HEADER_BYTES >= NAME_BYTES_MAX) return -1;
    if (to > 0) scratch[to++] = DOT;
    for (; at < end; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === DOT) scratch[to++] = BACKSLASH;
      scratch[to++] = lower(byte);
    }
  }
  scratchLength = to;
  return at;
}

/** The lower case of a byte: of ASCII only, as DNS does (RFC 4343). */
export function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte;
}

/** Finds the OPT record among the additional ones. */
function readEdns(bytes: Buffer, start: number): Edns | 'malformed' | undefined {
  const before = bytes.readUInt16BE(6) + bytes.readUInt16BE(8);
  const count = before + bytes.readUInt16BE(10);
  let found: Edns | undefined;
  let at = start;
  for (let index = 0; index < count; index++) {
    const isRoot = bytes[at] === 0;
    at = skipName(bytes, at);
    if (at < 0 || at + RECORD_BYTES > bytes.length) return 'malformed';
    if (index >= before && bytes.readUInt16BE(at) === TYPE.opt) {
      if (found !== undefined || !isRoot) return 'malformed';
      const wantsDnssec = (bytes.readUInt16BE(at + 6) & DO_FLAG) !== 0;
      found = { sizeBytes: bytes.readUInt16BE(at + 2), version: bytes[at + 5] ?? 0, wantsDnssec };
    }
    at += RECORD_BYTES + bytes.readUInt16BE(at + 8);
    if (at > bytes.length) return 'malformed';
  }
  return found;
}

/** Returns where a record's name ends: at its zero, or after a pointer, which is not followed. -1 when it doesn't. */
function skipName(bytes: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const size = bytes[at];
    if (size === undefined) return -1;
    if (size >= POINTER) return at + 2;
    if (size > LABEL_BYTES_MAX) return -1;
    at += 1 + size;
    if (size === 0) return at;
  }
}
