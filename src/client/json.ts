import { EngineError } from '../base/errors.ts';

/**
 * Parses JSON. Integers above 2^53 (nanoseconds, byte counters) become bigint, so that nothing is rounded. @throws
 * EngineError internal
 */
export function parseJson(text: string): unknown {
  try {
    return /\d{16}/.test(text) ? JSON.parse(text, exactNumber) : JSON.parse(text);
  } catch (error) {
    throw new EngineError('internal', 'the engine sent malformed JSON', { cause: error });
  }
}

function exactNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}

const LINE_LIMIT = 16 * 1024 * 1024;

/**
 * Parses one value per line. Skips empty lines, and accepts a last line without a line feed. The caller checks the
 * fields that it relies on.
 */
export async function* jsonLines<T = unknown>(body: AsyncIterable<Buffer>): AsyncGenerator<T, void, undefined> {
  const { StringDecoder } = await import('node:string_decoder');
  const decoder = new StringDecoder('utf8');
  let pending = '';
  for await (const chunk of body) {
    const lines = (pending + decoder.write(chunk)).split('\n');
    pending = lines.pop() ?? '';
    if (pending.length > LINE_LIMIT) throw new EngineError('internal', 'the engine sent an endless line');
    for (const line of lines) if (line.trim() !== '') yield parseJson(line) as T;
  }
  const last = pending + decoder.end();
  if (last.trim() !== '') yield parseJson(last) as T;
}
