import { containerLogs, type Engine, type LogOptions } from '../../client/index.ts';
import { Demultiplexer } from '../../io/index.ts';
import type { LogSource } from './container-output.ts';
import type { LogPrinter } from './log-printer.ts';

/** A line, or a part of a long one. The part with its end has a newline. */
interface Part {
  /** When the line began, as RFC 3339 with nanoseconds: its order is that of the times. */
  readonly time: string;
  readonly stream: 'out' | 'err';
  readonly isBegin: boolean;
  readonly text: Buffer;
}

/** Prints what containers have written until now, all lines in the order of their times. @throws EngineError */
export async function printMergedLogs(
  engine: Engine,
  sources: readonly LogSource[],
  { printer, options }: { readonly printer: LogPrinter; readonly options: LogOptions },
  signal: AbortSignal,
): Promise<void> {
  const showsTimes = options.timestamps === true;
  printer.announce(sources.map(({ name }) => name));
  const readers = sources.map((source) => {
    const sinks = { out: printer.sink(source.name, 'out'), err: printer.sink(source.name, 'err') };
    return { parts: partsOf(engine, source, options, signal), sinks };
  });
  const heads = await Promise.all(
    readers.map(async ({ parts, sinks }) => ({ sinks, parts, next: await parts.next() })),
  );
  while (true) {
    let first: (typeof heads)[number] | undefined;
    for (const head of heads) {
      if (head.next.done === true) continue;
      if (first === undefined || head.next.value.time < (first.next.value as Part).time) first = head;
    }
    if (first === undefined) break;
    const { time, stream, isBegin, text } = first.next.value as Part;
    first.sinks[stream].write(showsTimes && isBegin ? Buffer.concat([Buffer.from(`${time} `), text]) : text);
    first.next = await first.parts.next();
  }
  for (const { sinks } of heads) for (const sink of [sinks.out, sinks.err]) sink.end();
}

async function* partsOf(
  engine: Engine,
  { id, hasTerminal }: LogSource,
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<Part, undefined> {
  const chunks = await containerLogs(engine, id, { ...options, timestamps: true, follow: false }, signal);
  const found: Part[] = [];
  const splitters = { out: new PartSplitter('out', found), err: new PartSplitter('err', found) };
  const frames = new Demultiplexer(
    wholeFrames((frame) => splitters.out.takeFrame(frame)),
    wholeFrames((frame) => splitters.err.takeFrame(frame)),
  );
  for await (const chunk of chunks) {
    if (hasTerminal) splitters.out.take(chunk);
    else frames.push(chunk);
    yield* found.splice(0);
  }
  return undefined;
}

/** Frames are entries of the log: engines split long lines into entries of 16 KiB. */
function wholeFrames(take: (frame: Buffer) => void): (data: Uint8Array, leftBytes: number) => void {
  let before: Uint8Array[] = [];
  return (data, leftBytes) => {
    before.push(data);
    if (leftBytes > 0) return;
    take(before.length === 1 ? viewOf(data) : Buffer.concat(before));
    before = [];
  };
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

const LINE_END = 10;
const SPACE = 32;
const TIME_BYTES_MAX = 40;
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) /;

/** Splits a stream whose lines begin with a time. It keeps no text: a line may have any length. */
export class PartSplitter {
  readonly #stream: Part['stream'];
  readonly #found: Part[];
  /** The beginning of a time. */
  #rest: Buffer = Buffer.alloc(0);
  #time = '';
  #isInLine = false;

  constructor(stream: Part['stream'], found: Part[]) {
    this.#stream = stream;
    this.#found = found;
  }

  /** Takes an entry. Docker's engine repeats the time in each entry of a long line. */
  takeFrame(frame: Buffer): void {
    const repeated = this.#isInLine ? TIME.exec(frame.toString('latin1', 0, TIME_BYTES_MAX)) : null;
    this.take(repeated === null ? frame : frame.subarray(repeated[0].length));
  }

  take(data: Buffer): void {
    const bytes = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    this.#rest = Buffer.alloc(0);
    for (let at = 0; at < bytes.length; ) {
      const isBegin = !this.#isInLine;
      if (isBegin) {
        const space = bytes.indexOf(SPACE, at);
        if (space < 0) {
          this.#rest = bytes.subarray(at);
          return;
        }
        this.#time = bytes.toString('latin1', at, space);
        at = space + 1;
      }
      const end = bytes.indexOf(LINE_END, at);
      const next = end < 0 ? bytes.length : end + 1;
      this.#found.push({ time: this.#time, stream: this.#stream, isBegin, text: bytes.subarray(at, next) });
      this.#isInLine = end < 0;
      at = next;
    }
  }
}
