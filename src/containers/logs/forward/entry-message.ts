import { randomBytes } from 'node:crypto';
import { isObject } from '../../../base/is-object.ts';
import { parseNanos } from '../../../base/time.ts';
import type { LogMessage } from '../../../log-drivers/index.ts';
import { PART_BYTES } from '../line-parts.ts';

const LINE_FEED = 10;

/** Turns entries of a log into messages, and tells the parts of long lines. */
export class EntryMessages {
  readonly #open = new Map<LogMessage['stream'], { readonly id: string; readonly ordinal: number }>();

  /** Undefined for a line that is no entry. */
  read(entry: Buffer): LogMessage | undefined {
    let parsed: unknown;
    try {
      parsed = JSON.parse(entry.toString());
    } catch {
      return undefined;
    }
    if (!isObject(parsed) || typeof parsed['log'] !== 'string' || typeof parsed['time'] !== 'string') return undefined;
    const nanos = parseNanos(parsed['time']);
    if (nanos === undefined) return undefined;
    return this.#message(Buffer.from(parsed['log']), parsed['stream'] === 'stderr' ? 'stderr' : 'stdout', nanos);
  }

  #message(text: Buffer, stream: LogMessage['stream'], nanos: bigint): LogMessage {
    const isWhole = text[text.length - 1] === LINE_FEED;
    const line = isWhole ? text.subarray(0, -1) : text;
    const open = this.#open.get(stream);
    const goesOn = !isWhole && text.length >= PART_BYTES;
    if (open === undefined && !goesOn) return { line, stream, nanos };
    const id = open?.id ?? randomBytes(32).toString('hex');
    const ordinal = (open?.ordinal ?? 0) + 1;
    if (goesOn) this.#open.set(stream, { id, ordinal });
    else this.#open.delete(stream);
    return { line, stream, nanos, part: { id, ordinal, last: !goesOn } };
  }
}
