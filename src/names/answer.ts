import type { Buffer } from 'node:buffer';
import { decodeQuery, type Query, RCODE, TYPE } from './message.ts';
import type { Endpoint, NameIndex } from './name-index.ts';
import { encodeError, encodeReply, type Transport } from './reply.ts';

export interface AnswerDeps {
  readonly index: Pick<NameIndex, 'find' | 'findAddress'>;
  /** From 0 to less than 1. Chooses the address with which an answer begins. */
  readonly random: () => number;
}

export interface Asked {
  readonly sandboxId: string;
  readonly bytes: Buffer;
  readonly transport: Transport;
}

/** An answer to send, a question to which others know the answer, or undefined for bytes that get none. */
export type Verdict = { readonly answer: Buffer } | { readonly forward: Query } | undefined;

/** Answers what a container asks about names and addresses on its networks. Does not throw, whatever the bytes are. */
export function answer(deps: AnswerDeps, asked: Asked): Verdict {
  const { bytes, transport } = asked;
  const query = decodeQuery(bytes);
  if (query === undefined) return undefined;
  if ('rcode' in query) return { answer: encodeError(bytes, query.rcode) };
  // RFC 6891 section 6.1.3
  if (query.edns !== undefined && query.edns.version > 0) {
    return { answer: encodeReply(bytes, query, { rcode: RCODE.badVersion, data: [], transport }) };
  }
  const data = query.isInternet ? dataOf(deps, asked.sandboxId, query) : undefined;
  if (data === undefined) return { forward: query };
  return { answer: encodeReply(bytes, query, { rcode: 0, data, transport }) };
}

/** The answer when the others know none either. */
export function serverFailure({ bytes, transport }: Asked, query: Query): Buffer {
  return encodeReply(bytes, query, { rcode: RCODE.serverFailure, data: [], transport });
}

/**
 * Undefined when the name is none of ours. A name of ours exists with every type: without records of it, the answer is
 * empty. NXDOMAIN would deny its addresses too.
 */
function dataOf({ index, random }: AnswerDeps, sandboxId: string, query: Query): readonly string[] | undefined {
  const endpoints = index.find(sandboxId, query.name);
  if (endpoints !== undefined) {
    if (query.type === TYPE.a) return rotated(addresses(endpoints, 'v4'), random);
    if (query.type === TYPE.aaaa) return rotated(addresses(endpoints, 'v6'), random);
    return [];
  }
  if (query.type !== TYPE.ptr) return undefined;
  const found = index.findAddress(sandboxId, query.name);
  if (found === undefined) return undefined;
  return found.pointer === undefined ? [] : [found.pointer];
}

function addresses(endpoints: readonly Endpoint[], family: 'v4' | 'v6'): readonly string[] {
  const [only] = endpoints;
  if (only !== undefined && endpoints.length === 1) return only[family];
  return endpoints.flatMap((endpoint) => endpoint[family]);
}

function rotated(items: readonly string[], random: () => number): readonly string[] {
  if (items.length < 2) return items;
  const start = Math.floor(random() * items.length);
  return [...items.slice(start), ...items.slice(0, start)];
}
