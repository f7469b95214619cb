import { EngineError } from '../base/errors.ts';

/** Separates the body from the bytes after it. */
export interface BodyDecoder {
  /** Returns the body's bytes in this chunk. */
  push(chunk: Buffer): readonly Buffer[];
  readonly done: boolean;
  /** Whether the end of the connection is a proper end of the body. */
  readonly endsWithConnection: boolean;
}

export function emptyBody(): BodyDecoder {
  return { push: () => [], done: true, endsWithConnection: true };
}

export function untilClose(): BodyDecoder {
  return { push: (chunk) => [chunk], done: false, endsWithConnection: true };
}

export function fixedLength(length: number): BodyDecoder {
  let left = length;
  return {
    push(chunk) {
      const part = chunk.subarray(0, left);
      left -= part.length;
      return part.length === 0 ? [] : [part];
    },
    get done() {
      return left === 0;
    },
    endsWithConnection: false,
  };
}

const LF = 10;
const LINE_LIMIT = 16 * 1024;

/**
 * Decodes chunked transfer coding (RFC 9112, 7.1). Extensions and trailers are skipped. @throws EngineError internal
 * for malformed input
 */
export function chunked(): BodyDecoder {
  let state: 'size' | 'data' | 'crlf' | 'trailer' | 'done' = 'size';
  let line = '';
  let left = 0;
  const lineEnds = (): void => {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    line = '';
    if (state === 'crlf') {
      state = 'size';
    } else if (state === 'trailer') {
      if (text === '') state = 'done';
    } else {
      const size = /^\s*([0-9a-fA-F]{1,12})\s*(?:;.*)?$/.exec(text)?.[1];
      if (size === undefined) throw new EngineError('internal', 'the engine sent a malformed chunk');
      left = Number.parseInt(size, 16);
      state = left === 0 ? 'trailer' : 'data';
    }
  };
  return {
    push(chunk) {
      const parts: Buffer[] = [];
      let at = 0;
      while (at < chunk.length && state !== 'done') {
        if (state === 'data') {
          const part = chunk.subarray(at, at + left);
          parts.push(part);
          at += part.length;
          left -= part.length;
          if (left === 0) state = 'crlf';
          continue;
        }
        const end = chunk.indexOf(LF, at);
        line += chunk.toString('latin1', at, end === -1 ? chunk.length : end);
        if (line.length > LINE_LIMIT) throw new EngineError('internal', 'the engine sent a malformed chunk');
        at = end === -1 ? chunk.length : end + 1;
        if (end !== -1) lineEnds();
      }
      return parts;
    },
    get done() {
      return state === 'done';
    },
    endsWithConnection: false,
  };
}
