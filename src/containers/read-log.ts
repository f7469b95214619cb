import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '../base/errors.ts';
import { parseNanos } from '../base/time.ts';
import type { LogSource } from './container-logs.ts';
import type { LogOptions } from './containers.ts';

const POLL_MS = 50;

/** Reads the current log file. */
export function readLog(source: LogSource, options: LogOptions, signal: AbortSignal): Readable {
  return Readable.from(frames(source, options, signal), { objectMode: false });
}

async function* frames(source: LogSource, options: LogOptions, signal: AbortSignal): AsyncGenerator<Buffer> {
  let position = 0;
  let rest = '';
  let ended = source.ended === undefined;
  void source.ended?.then(() => {
    ended = true;
  });
  let tail: Buffer[] | undefined = options.tail >= 0 ? [] : undefined;
  for (;;) {
    const last = ended;
    const chunk = await readFrom(source.path, position);
    position += chunk.length;
    const lines = (rest + chunk.toString('utf8')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const frame = frameOf(line, source.tty, options);
      if (frame === undefined) continue;
      if (tail === undefined) yield frame;
      else tail.push(frame);
    }
    if (chunk.length > 0) continue;
    if (tail !== undefined) {
      yield* options.tail === 0 ? [] : tail.slice(-options.tail);
      tail = undefined;
    }
    if (last || signal.aborted) return;
    await delay(POLL_MS);
  }
}

async function readFrom(path: string, position: number): Promise<Buffer> {
  try {
    await using file = await open(path);
    const buffer = Buffer.allocUnsafe(1 << 20);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

function frameOf(line: string, tty: boolean, options: LogOptions): Buffer | undefined {
  const entry = JSON.parse(line) as { log: string; stream: string; time: string };
  if (entry.stream === 'stderr' ? !options.stderr : !options.stdout) return undefined;
  const at = parseNanos(entry.time) ?? 0n;
  if ((options.since !== undefined && at < options.since) || (options.until !== undefined && at > options.until)) {
    return undefined;
  }
  const body = Buffer.from(options.timestamps ? `${entry.time} ${entry.log}` : entry.log);
  if (tty) return body;
  const header = Buffer.alloc(8);
  header[0] = entry.stream === 'stderr' ? 2 : 1;
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}
