import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Caller } from '../auth/caller.ts';
import type { FilePart } from './send-file.ts';

/** One request, with its parsed path and its caller. */
export interface Call {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  readonly body: Readable;
  readonly caller: Caller;
  /** The client's address, for notifications. */
  readonly remoteAddress: string;
}

/** The response. For a HEAD request the headers are sent without the body. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string | Uint8Array;
  /** A file that is sent instead of `body`. */
  readonly file?: FilePart;
  /** Whether the body may take long, so that the head is sent first. */
  readonly isSlow?: boolean;
}

export function json(value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(value) };
}
