import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Caller } from '../auth/caller.ts';
import type { Registry } from '../registry.ts';
import type { FilePart } from './send-file.ts';

/** One request, its path taken apart and its caller known. */
export interface Call {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  readonly body: Readable;
  readonly caller: Caller;
  /** Where the request came from, for notifications. */
  readonly remoteAddress: string;
}

/** What is answered. A HEAD's body is not sent, its headers are. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string | Uint8Array;
  /** The body, instead of `body`. */
  readonly file?: FilePart;
  /** The body may be long in coming: the head goes ahead. */
  readonly isSlow?: boolean;
}

export type Handler<Params> = (registry: Registry, params: Params, call: Call) => Promise<Answer> | Answer;

export function json(value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(value) };
}
