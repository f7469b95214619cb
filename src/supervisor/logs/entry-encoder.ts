// This file is longer than most: it is one state machine, written for a million lines a second.
import { Buffer } from 'node:buffer';

/** As in Docker, longer lines are split into partial entries of this size. */
export const PARTIAL_BYTES = 16_384;

export type StreamName = 'stdout' | 'stderr';

/** Takes encoded entries. `entries` is valid only during the call. */
export interface EntrySink {
  /** Whether the file must be rotated before another entry, given the bytes that are encoded but not yet written. */
  full(pendingBytes: number): boolean;
  /** `done` is the position in the stream after the last of these entries. */
  write(entries: Buffer, done: number): void;
  rotate(): void;
}

/** Bytes that need no escape inside a JSON string of Go's encoder, which also escapes `<`, `>` and `&`. */
const PLAIN = new Uint8Array(256);
for (let byte = 0x20; byte < 0x80; byte++) PLAIN[byte] = 1;
for (const char of '\\"<>&') PLAIN[char.charCodeAt(0)] = 0;

const NEWLINE = 10;
const BACKSLASH = 0x5c;
const HEX = Buffer.from('0123456789abcdef');
const FLUSH_BYTES = 128 * 1024;
// Space for an entry's suffix. The buffer also holds one entry at its worst (each byte as \u00XX) after the point of the flush.
const SUFFIX_BYTES = 8 * 1024;
const out = Buffer.allocUnsafeSlow(FLUSH_BYTES + 6 * PARTIAL_BYTES + 2 * SUFFIX_BYTES);
const words = new DataView(out.buffer);
const line = Buffer.allocUnsafeSlow(PARTIAL_BYTES);

/** Bytes that are appended to many entries, as words of four: V8 stores a word by one instruction. */
interface Repeated {
  readonly bytes: Buffer;
  /** Little endian. The last one is padded. */
  readonly words: Int32Array;
}

function repeated(text: string): Repeated {
  const bytes = Buffer.from(text);
  const padded = Buffer.concat([bytes, Buffer.alloc(3)]);
  const count = Math.ceil(bytes.length / 4);
  return { bytes, words: Int32Array.from({ length: count }, (_, i) => padded.readInt32LE(4 * i)) };
}

const HEAD = repeated('{"log":"');

/**
 * Encodes one stream's bytes into entries of Docker's json-file format, as its copier and jsonlog do: one object per
 * line, lines above 16 kB in parts (only the last ends with `\n`), all parts with the time of the first.
 */
export class EntryEncoder {
  readonly #sink: EntrySink;
  /** `","stream":"stdout","attrs":{…},"time":"`: the bytes between the text and the time. */
  readonly #middle: string;
  #tail: Buffer | undefined;
  /** The bytes after the text of each part of the line that is being split. */
  #partSuffix: Repeated | undefined;
  #at = 0;
  /** Position in the stream after the last encoded entry, and after the last byte that arrived. */
  #done = 0;
  #end = 0;

  constructor(sink: EntrySink, stream: StreamName, attrs: Readonly<Record<string, string>> | undefined) {
    this.#sink = sink;
    const extra = attrs === undefined ? '' : `"attrs":${goJson(attrs)},`;
    this.#middle = `","stream":"${stream}",${extra}"time":"`;
  }

  /**
   * `time` is RFC 3339. `end` is the position in the stream after the chunk. The caller may reuse `chunk` afterwards.
   */
  write(chunk: Buffer, time: string, end = this.#end + chunk.length): void {
    const start = end - chunk.length;
    this.#end = end;
    this.#done = start - (this.#tail?.length ?? 0);
    const suffix = repeated(`${this.#middle}${time}"}\n`);
    this.#at = 0;
    let position = this.#tail === undefined ? 0 : this.#completeTail(chunk, suffix);
    while (position < chunk.length) {
      this.#done = start + position;
      position = this.#line(chunk, position, suffix);
    }
    this.#done = end - (this.#tail?.length ?? 0);
    this.#flush();
  }

  /** Ends the stream. A last line without its newline is kept as it is. */
  end(time: string): void {
    const tail = this.#tail;
    if (tail === undefined) return;
    this.#tail = undefined;
    this.#at = 0;
    this.#part(tail, 0, tail.length, repeated(`${this.#middle}${time}"}\n`));
    this.#done = this.#end;
    this.#flush();
  }

  /** Joins the start of a line from earlier chunks with its rest. Returns the start of the next line. */
  #completeTail(chunk: Buffer, suffix: Repeated): number {
    const tail = this.#tail ?? line.subarray(0, 0);
    const newline = chunk.indexOf(NEWLINE);
    const rest = newline < 0 ? chunk.length : newline;
    const take = Math.min(PARTIAL_BYTES - tail.length, rest);
    tail.copy(line, 0);
    chunk.copy(line, tail.length, 0, take);
    const length = tail.length + take;
    this.#tail = undefined;
    if (length === PARTIAL_BYTES) {
      this.#part(line, 0, length, suffix);
      return take;
    }
    if (newline < 0) {
      this.#tail = Buffer.from(line.subarray(0, length));
      return chunk.length;
    }
    this.#reserveSpace();
    this.#head();
    this.#encode(line, 0, length);
    this.#finish(suffix);
    return newline + 1;
  }

  /** Encodes the line at `start`, or keeps it when its end has not arrived. Returns the start of the next line. */
  #line(chunk: Buffer, start: number, suffix: Repeated): number {
    this.#reserveSpace();
    const undo = this.#at;
    this.#head();
    const limit = Math.min(chunk.length, start + PARTIAL_BYTES);
    const i = this.#encode(chunk, start, limit);
    if (i < limit) {
      this.#finish(suffix);
      return i + 1;
    }
    this.#at = undo;
    if (i - start === PARTIAL_BYTES) this.#part(chunk, start, i, suffix);
    else this.#tail = Buffer.from(chunk.subarray(start, i));
    return i;
  }

  #part(bytes: Buffer, start: number, end: number, suffix: Repeated): void {
    this.#partSuffix ??= suffix;
    this.#reserveSpace();
    this.#head();
    this.#encode(bytes, start, end);
    this.#append(this.#partSuffix);
  }

  #finish(suffix: Repeated): void {
    out[this.#at++] = BACKSLASH;
    out[this.#at++] = 0x6e;
    this.#append(this.#partSuffix ?? suffix);
    this.#partSuffix = undefined;
  }

  #head(): void {
    this.#append(HEAD);
  }

  #append(suffix: Repeated): void {
    const { length } = suffix.bytes;
    if (length > SUFFIX_BYTES) {
      this.#flush();
      this.#sink.write(suffix.bytes, this.#done);
      return;
    }
    const at = this.#at;
    for (let i = 0; i < suffix.words.length; i++) words.setInt32(at + 4 * i, suffix.words[i] as number, true);
    this.#at = at + length;
  }

  /** Called before each entry: rotates when the file is full, and reserves space in the buffer. */
  #reserveSpace(): void {
    if (this.#sink.full(this.#at)) {
      this.#flush();
      this.#sink.rotate();
    } else if (this.#at > FLUSH_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#at > 0) this.#sink.write(out.subarray(0, this.#at), this.#done);
    this.#at = 0;
  }

  /** Encodes up to a newline, or to `end`. Returns where it stopped. Nearly every byte of every log passes here. */
  #encode(bytes: Buffer, start: number, end: number): number {
    let at = this.#at;
    let i = start;
    while (i < end) {
      const byte = bytes[i] as number;
      if (PLAIN[byte] === 1) {
        out[at++] = byte;
        i++;
      } else if (byte === NEWLINE) break;
      else if (byte < 0x80) {
        at = escapeAscii(byte, at);
        i++;
      } else {
        const length = runeLength(bytes, i, end);
        if (length === 0) {
          at += out.write('\\ufffd', at, 'latin1');
          i++;
        } else if (isLineSeparator(bytes, i)) {
          at += out.write(bytes[i + 2] === 0xa8 ? '\\u2028' : '\\u2029', at, 'latin1');
          i += 3;
        } else {
          for (let k = 0; k < length; k++) out[at++] = bytes[i++] as number;
        }
      }
    }
    this.#at = at;
    return i;
  }
}

function escapeAscii(byte: number, position: number): number {
  let at = position;
  out[at++] = BACKSLASH;
  if (byte === BACKSLASH || byte === 0x22) out[at++] = byte;
  else if (byte === 13) out[at++] = 0x72;
  else {
    out[at++] = 0x75;
    out[at++] = 0x30;
    out[at++] = 0x30;
    out[at++] = HEX[byte >> 4] as number;
    out[at++] = HEX[byte & 15] as number;
  }
  return at;
}

/**
 * Length of the well-formed UTF-8 sequence at `i`, 0 for anything else (RFC 3629: no overlong forms, no surrogates).
 */
function runeLength(bytes: Buffer, i: number, end: number): number {
  const first = bytes[i] as number;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || i + length > end) return 0;
  const second = bytes[i + 1] as number;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let k = 2; k < length; k++) if (((bytes[i + k] as number) & 0xc0) !== 0x80) return 0;
  return length;
}

/** Whether the well-formed sequence is U+2028 or U+2029, which JavaScript once took for ends of line. */
function isLineSeparator(bytes: Buffer, i: number): boolean {
  return bytes[i] === 0xe2 && bytes[i + 1] === 0x80 && ((bytes[i + 2] as number) & 0xfe) === 0xa8;
}

/** JSON in the form of Go's encoding/json for a map: keys sorted, `<`, `>`, `&` and line separators escaped. */
function goJson(attrs: Readonly<Record<string, string>>): string {
  const members = Object.entries(attrs)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return `{${members.join(',')}}`.replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
