import { isObject } from '../../base/is-object.ts';
import { attributeBytes, BLANK } from './entry-attributes.ts';
import { FIXED_BYTES, fixedTime, fixTime } from './entry-time.ts';
import { ESCAPED, hex4, putUtf8 } from './json-text.ts';
import { PART_BYTES } from './line-parts.ts';
import { LogPosition } from './log-position.ts';

/** The entries to show, and their form. */
export interface EntryFormat {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly timestamps: boolean;
  /** Whether the entry's attributes, as a URL query, precede its text. */
  readonly details: boolean;
  /** Whether Docker's 8-byte frame header precedes each entry. False writes the text alone, for terminals. */
  readonly framed: boolean;
  /** Whether {@link EntryDecoder.skipSeen} may be called. */
  readonly tracksPosition: boolean;
  /** Nanoseconds since the epoch. Undefined sets no limit. Both ends belong to the range. */
  readonly since: bigint | undefined;
  readonly until: bigint | undefined;
}

const HEAD = Buffer.from('{"log":"');
const STREAM = Buffer.from(',"stream":"std');
const TIME = Buffer.from('"time":"');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NEWLINE = 10;
const STDOUT = 1;
const STDERR = 2;
const HEADER_BYTES = 8;
const OUT_BYTES = 128 * 1024;
/** Larger than any entry of ours (16 kB of text, each byte as \u00XX, and attributes). A longer line is damage. */
const MOST_LINE_BYTES = 4 * 1024 * 1024;

const NO_ATTRIBUTES: Buffer = Buffer.alloc(0);
/** The time of the current entry. */
const fixed = Buffer.alloc(FIXED_BYTES);

/**
 * Decodes the bytes of json-file logs into the bytes for a client. A scanner reads entries in the form of our writer
 * and of dockerd; any other JSON is parsed. A line that is not an entry is skipped: a damaged line never ends a log.
 */
export class EntryDecoder {
  readonly #format: EntryFormat;
  readonly #since: Buffer | undefined;
  readonly #until: Buffer | undefined;
  readonly #needsTime: boolean;
  /** Length of header and time. */
  readonly #prefixBytes: number;
  readonly #ready: Buffer[] = [];
  #out: Buffer = Buffer.allocUnsafe(OUT_BYTES);
  #used = 0;
  #rest: Buffer | undefined;
  #skipping = false;
  #finished = false;
  readonly #place = new LogPosition();
  #scanned = 0;
  /** The stream whose line goes on in the next entry, or 0. */
  #partOf = 0;
  #attrsText = '';
  #attrs = NO_ATTRIBUTES;

  constructor(format: EntryFormat) {
    this.#format = format;
    this.#since = format.since === undefined ? undefined : fixedTime(format.since);
    this.#until = format.until === undefined ? undefined : fixedTime(format.until);
    this.#prefixBytes = (format.framed ? HEADER_BYTES : 0) + (format.timestamps ? FIXED_BYTES + 1 : 0);
    this.#needsTime = format.timestamps || this.#since !== undefined || this.#until !== undefined;
  }

  /** Whether an entry after `until` was seen: no later entry is shown. */
  get finished(): boolean {
    return this.#finished;
  }

  /** Decodes the next bytes of the log. The caller may reuse the buffer afterwards. */
  write(block: Buffer): void {
    let at = 0;
    while (!this.#finished) {
      const end = block.indexOf(NEWLINE, at);
      if (end < 0) break;
      if (this.#skipping) this.#skipping = false;
      else if (this.#rest === undefined) this.#line(block, at, end);
      else {
        const line = Buffer.concat([this.#rest, block.subarray(at, end)]);
        this.#rest = undefined;
        this.#line(line, 0, line.length);
      }
      at = end + 1;
    }
    if (!this.#finished && at < block.length) this.#keep(block.subarray(at));
  }

  /** Ends a file: a last line without a newline is complete, or damage. */
  endFile(): void {
    const line = this.#rest;
    this.#rest = undefined;
    this.#skipping = false;
    if (line !== undefined && !this.#finished) this.#line(line, 0, line.length);
  }

  /** Drops a partial line that will not be completed, because its file was truncated. */
  dropPartialLine(): void {
    this.#rest = undefined;
    this.#skipping = false;
  }

  /**
   * Skips entries that were shown already, recognised by their time. It finds the position again in files that cannot
   * be recognised by their inode.
   */
  skipSeen(): void {
    this.#place.searchAgain();
  }

  /** Returns the output since the last call. The caller owns the buffers. */
  take(): Buffer[] {
    if (this.#used > 0) {
      this.#ready.push(this.#out.subarray(0, this.#used));
      this.#out = this.#used * 4 > OUT_BYTES ? Buffer.allocUnsafe(OUT_BYTES) : this.#out.subarray(this.#used);
      this.#used = 0;
    }
    return this.#ready.splice(0);
  }

  #keep(part: Buffer): void {
    if (this.#skipping) return;
    const kept = this.#rest === undefined ? Buffer.from(part) : Buffer.concat([this.#rest, part]);
    this.#skipping = kept.length > MOST_LINE_BYTES;
    this.#rest = this.#skipping ? undefined : kept;
  }

  #line(bytes: Buffer, from: number, to: number): void {
    if (!this.#canonical(bytes, from, to)) this.#parsed(bytes.toString('utf8', from, to));
  }

  /**
   * Scans `{"log":"…","stream":"stdout"[,"attrs":{…}],"time":"…"}`. Returns false, and writes nothing, when the line
   * has any other form.
   */
  #canonical(bytes: Buffer, from: number, to: number): boolean {
    if (to - from < 40 || !matches(bytes, from, HEAD)) return false;
    // An entry's own text is never longer than its line. It is written to its final position, on the assumption that
    // the attributes are those of the last entry.
    const prefix = this.#prefixBytes + this.#attrs.length;
    this.#reserve(to - from + prefix);
    const textAt = this.#used + prefix;
    const textEnd = this.#text(bytes, from + HEAD.length, to, textAt);
    if (textEnd < 0) return false;
    const quote = this.#scanned;
    if (!matches(bytes, quote + 1, STREAM)) return false;
    const letter = bytes[quote + 1 + STREAM.length];
    const stream = letter === 0x6f ? STDOUT : letter === 0x65 ? STDERR : 0;
    if (stream === 0 || bytes[quote + 5 + STREAM.length] !== 0x2c || bytes[to - 1] !== 0x7d) return false;
    const timeEnd = to - 2;
    if (bytes[timeEnd] !== QUOTE) return false;
    // Where the time starts when the entry has no attributes.
    let timeAt = quote + 6 + STREAM.length + TIME.length;
    if (!matches(bytes, timeAt - TIME.length, TIME)) {
      timeAt = bytes.lastIndexOf(QUOTE, timeEnd - 1) + 1;
      if (!matches(bytes, timeAt - TIME.length, TIME)) return false;
    }
    if (!this.#wants(stream, bytes, timeAt, timeEnd)) return true;
    let attrs = NO_ATTRIBUTES;
    if (this.#format.details) {
      const attrsAt = quote + 6 + STREAM.length;
      const between = bytes.toString('utf8', attrsAt, timeAt - TIME.length);
      if (between !== '' && !between.startsWith('"attrs":')) return false;
      attrs = between === '' ? BLANK : this.#attributes(between.slice('"attrs":'.length, -1), to - from);
    }
    this.#emit(stream, textAt, textEnd, attrs);
    return true;
  }

  /**
   * Copies the text of a JSON string to `#out`. Returns the position of its end there, or -1 when it is malformed. Sets
   * `#scanned` to the closing quote.
   */
  #text(bytes: Buffer, from: number, to: number, target: number): number {
    const out = this.#out;
    let at = from;
    let put = target;
    while (at < to) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) {
        this.#scanned = at;
        return put;
      }
      if (byte !== BACKSLASH) {
        out[put++] = byte;
        at += 1;
        continue;
      }
      const letter = bytes[at + 1] as number;
      if (letter === 0x75) {
        let code = hex4(bytes, at + 2);
        at += 6;
        if (code >= 0xd800 && code < 0xdc00 && bytes[at] === BACKSLASH && bytes[at + 1] === 0x75) {
          const low = hex4(bytes, at + 2);
          if (low >= 0xdc00 && low < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            at += 6;
          }
        }
        if (code < 0 || at > to) return -1;
        put = putUtf8(out, put, code);
        continue;
      }
      const plain = letter < 128 ? ESCAPED[letter] : 0;
      if (plain === undefined || plain === 0) return -1;
      out[put++] = plain;
      at += 2;
    }
    return -1;
  }

  /** Whether an entry is shown. Leaves its time in `fixed` when the time is needed. */
  #wants(stream: number, bytes: Buffer, timeAt: number, timeEnd: number): boolean {
    if (this.#needsTime || this.#place.searching) {
      if (!fixTime(fixed, bytes, timeAt, timeEnd)) return false;
      if (this.#place.searching && this.#place.wasShown(fixed)) return false;
      if (this.#since !== undefined && fixed.compare(this.#since) < 0) return false;
      if (this.#until !== undefined && fixed.compare(this.#until) > 0) {
        this.#finished = true;
        return false;
      }
    }
    if (this.#format.tracksPosition) this.#place.note(bytes, timeAt, timeEnd);
    return stream === STDOUT ? this.#format.stdout : this.#format.stderr;
  }

  /** Writes header, time and attributes before the text, which is in place already. Further parts of a line have no time. */
  #emit(stream: number, textAt: number, textEnd: number, attributes: Buffer): void {
    const out = this.#out;
    let put = this.#used;
    const length = textEnd - textAt;
    const begins = this.#partOf !== stream;
    if (length >= PART_BYTES && out[textEnd - 1] !== NEWLINE) this.#partOf = stream;
    else if (!begins) this.#partOf = 0;
    const { framed } = this.#format;
    const timestamps = begins && this.#format.timestamps;
    const attrs = begins ? attributes : NO_ATTRIBUTES;
    const headerAt = put;
    if (framed) put += HEADER_BYTES;
    if (timestamps) {
      fixed.copy(out, put);
      put += FIXED_BYTES;
      out[put++] = 0x20;
    }
    const shift = put + attrs.length;
    if (shift !== textAt) out.copyWithin(shift, textAt, textEnd);
    if (attrs.length > 0) attrs.copy(out, put);
    const end = shift + length;
    if (framed) writeHeader(out, headerAt, stream, end - headerAt - HEADER_BYTES);
    this.#used = end;
  }

  /**
   * Encodes `{"b":"1","a":"2"}` as `a=2,b=1 `, escaped as in a URL's query. Cached, since most lines have the same
   * attributes.
   */
  #attributes(json: string, lineBytes: number): Buffer {
    if (json === this.#attrsText) return this.#attrs;
    let attrs = BLANK;
    try {
      attrs = attributeBytes(JSON.parse(json));
    } catch {
      // Malformed attributes are not shown.
    }
    // The text of the current entry is in place already. The buffer must hold its prefix too.
    const needed = this.#used + this.#prefixBytes + this.#attrs.length + attrs.length + lineBytes;
    if (needed > this.#out.length) {
      const larger = Buffer.allocUnsafe(needed);
      this.#out.copy(larger);
      this.#out = larger;
    }
    this.#attrs = attrs;
    this.#attrsText = json;
    return attrs;
  }

  /** Parses any JSON object with a log. */
  #parsed(line: string): void {
    let entry: unknown;
    try {
      entry = JSON.parse(line);
    } catch {
      return;
    }
    if (!isObject(entry)) return;
    const { log, stream, time, attrs } = entry;
    if (typeof log !== 'string' || typeof time !== 'string') return;
    const timeBytes = Buffer.from(time);
    const kind = stream === 'stderr' ? STDERR : STDOUT;
    if (!this.#wants(kind, timeBytes, 0, timeBytes.length)) return;
    const text = Buffer.from(log);
    const details = this.#format.details ? attributeBytes(attrs) : NO_ATTRIBUTES;
    const prefix = this.#prefixBytes + details.length;
    this.#reserve(prefix + text.length);
    const textAt = this.#used + prefix;
    text.copy(this.#out, textAt);
    this.#emit(kind, textAt, textAt + text.length, details);
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#out.length) return;
    if (this.#used > 0) this.#ready.push(this.#out.subarray(0, this.#used));
    this.#out = Buffer.allocUnsafe(Math.max(OUT_BYTES, bytes));
    this.#used = 0;
  }
}

function writeHeader(out: Buffer, at: number, stream: number, length: number): void {
  out[at] = stream;
  out[at + 1] = 0;
  out[at + 2] = 0;
  out[at + 3] = 0;
  out[at + 4] = length >>> 24;
  out[at + 5] = (length >>> 16) & 255;
  out[at + 6] = (length >>> 8) & 255;
  out[at + 7] = length & 255;
}

function matches(bytes: Buffer, at: number, wanted: Buffer): boolean {
  for (let i = 0; i < wanted.length; i += 1) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}
