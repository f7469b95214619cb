import { containerLogs, type Engine, type LogOptions } from '../../client/index.ts';
import { Demultiplexer } from '../../io/index.ts';
import type { LogSource } from './container-output.ts';
import type { LogPrinter } from './log-printer.ts';

interface Line {
  /** RFC 3339 with nanoseconds: its order is that of the times. */
  readonly time: string;
  readonly stream: 'out' | 'err';
  /** With its end. */
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
    return { lines: linesOf(engine, source, options, signal), sinks };
  });
  const heads = await Promise.all(
    readers.map(async ({ lines, sinks }) => ({ sinks, lines, next: await lines.next() })),
  );
  while (true) {
    let first: (typeof heads)[number] | undefined;
    for (const head of heads) {
      if (head.next.done === true) continue;
      if (first === undefined || head.next.value.time < (first.next.value as Line).time) first = head;
    }
    if (first === undefined) break;
    const { time, stream, text } = first.next.value as Line;
    first.sinks[stream].write(showsTimes ? Buffer.concat([Buffer.from(`${time} `), text]) : text);
    first.next = await first.lines.next();
  }
  for (const { sinks } of heads) for (const sink of [sinks.out, sinks.err]) sink.end();
}

async function* linesOf(
  engine: Engine,
  { id, hasTerminal }: LogSource,
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<Line, undefined> {
  const chunks = await containerLogs(engine, id, { ...options, timestamps: true, follow: false }, signal);
  const found: Line[] = [];
  const splitters = { out: new LineSplitter('out', found), err: new LineSplitter('err', found) };
  const frames = new Demultiplexer(
    (data) => splitters.out.take(data),
    (data) => splitters.err.take(data),
  );
  for await (const chunk of chunks) {
    if (hasTerminal) splitters.out.take(chunk);
    else frames.push(chunk);
    yield* found.splice(0);
  }
  for (const splitter of [splitters.out, splitters.err]) splitter.end();
  yield* found;
  return undefined;
}

const LINE_END = 10;
const SPACE = 32;

/** Splits a stream into lines that begin with a time. */
class LineSplitter {
  readonly #stream: Line['stream'];
  readonly #found: Line[];
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: Line['stream'], found: Line[]) {
    this.#stream = stream;
    this.#found = found;
  }

  take(data: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? Buffer.from(data) : Buffer.concat([this.#rest, data]);
    let begin = 0;
    for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, begin)) {
      this.#add(bytes.subarray(begin, end + 1));
      begin = end + 1;
    }
    this.#rest = bytes.subarray(begin);
  }

  end(): void {
    if (this.#rest.length > 0) this.#add(this.#rest);
    this.#rest = Buffer.alloc(0);
  }

  #add(line: Buffer): void {
    const space = line.indexOf(SPACE);
    this.#found.push({
      time: line.toString('latin1', 0, Math.max(space, 0)),
      stream: this.#stream,
      text: line.subarray(space + 1),
    });
  }
}
