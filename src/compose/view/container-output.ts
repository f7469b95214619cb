import { attachContainer, containerLogs, type Engine, type LogOptions } from '../../client/index.ts';
import { Demultiplexer } from '../../io/index.ts';
import type { LogPrinter } from './log-printer.ts';

/** A container whose output is shown. */
export interface LogSource {
  readonly id: string;
  /** As it is shown: `web-1`. */
  readonly name: string;
  /** Whether its output is one stream, without frames. */
  readonly hasTerminal: boolean;
}

/** Prints a container's logs until they end: with `follow`, until it ends. @throws EngineError */
export async function printLogs(
  engine: Engine,
  source: LogSource,
  { printer, options }: { readonly printer: LogPrinter; readonly options: LogOptions },
  signal: AbortSignal,
): Promise<void> {
  await print(await containerLogs(engine, source.id, options, signal), source, printer);
}

/** Connects to a container's output, and prints what it writes from then on. For drivers whose logs cannot be read. */
export async function attachOutput(
  engine: Engine,
  source: LogSource,
  printer: LogPrinter,
): Promise<{ readonly ended: Promise<void> }> {
  const { socket } = await attachContainer(engine, source.id, { stdout: true, stderr: true });
  const ended = print(socket, source, printer).catch(() => {});
  return { ended };
}

async function print(chunks: AsyncIterable<Buffer>, { name, hasTerminal }: LogSource, printer: LogPrinter) {
  const [out, err] = [printer.sink(name, 'out'), printer.sink(name, 'err')];
  const frames = new Demultiplexer(out.write, err.write);
  try {
    for await (const chunk of chunks) {
      if (hasTerminal) out.write(chunk);
      else frames.push(chunk);
    }
  } finally {
    out.end();
    err.end();
  }
}
