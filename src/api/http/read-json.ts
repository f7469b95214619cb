import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { EngineError, invalid } from '../../base/errors.ts';
import { jsonFault, TRAILING } from '../codec/json-fault.ts';

/** Larger bodies are refused before they are read. No body of the API comes near it. */
export const MAX_JSON_BYTES = 8 * 1024 * 1024;
/** A client that pauses longer within a body is disconnected. */
export const IDLE_LIMIT_MS = 60_000;

/** Reads a body of at most {@link MAX_JSON_BYTES}. @throws EngineError tooLarge, cancelled */
export async function readBody(source: Readable, headers: IncomingHttpHeaders): Promise<Buffer> {
  if (Number(headers['content-length'] ?? 0) > MAX_JSON_BYTES) throw tooLarge();
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return Buffer.alloc(0);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const parts: Buffer[] = [];
  let total = 0;
  const idle = setTimeout(() => reject(bodyTimedOut()), IDLE_LIMIT_MS);
  const onData = (chunk: Buffer): void => {
    idle.refresh();
    total += chunk.length;
    if (total > MAX_JSON_BYTES) reject(tooLarge());
    else parts.push(chunk);
  };
  const onEnd = (): void => resolve(parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts));
  const onClose = (): void => reject(new EngineError('cancelled', 'the client has gone'));
  source.on('data', onData).once('end', onEnd).once('close', onClose).once('error', onClose);
  try {
    return await promise;
  } finally {
    clearTimeout(idle);
    source.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
    source.on('error', ignore);
  }
}

export function bodyTimedOut(): EngineError {
  return invalid('timed out while reading the request body');
}

function ignore(): void {}

function tooLarge(): EngineError {
  return new EngineError('tooLarge', `request body too large: at most ${MAX_JSON_BYTES} bytes of JSON are accepted`);
}

/**
 * Parses a JSON body. Undefined when it is empty.
 * @throws EngineError invalid in dockerd's words: content type, syntax, trailing data
 */
export function parseJsonBody(bytes: Buffer, contentType: string | undefined): unknown {
  checkContentType(bytes, contentType);
  const text = bytes.toString('utf8');
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    const fault = jsonFault(text);
    throw invalid(fault === TRAILING ? fault : `invalid JSON: ${fault}`, error);
  }
}

function checkContentType(bytes: Buffer, contentType: string | undefined): void {
  if (contentType === undefined || contentType === '') {
    if (bytes.length === 0) return;
  } else if (/^application\/json\s*(?:;|$)/i.test(contentType.trim())) return;
  else if (bytes.length === 0) return;
  throw invalid(`unsupported Content-Type header (${contentType ?? ''}): must be 'application/json'`);
}
