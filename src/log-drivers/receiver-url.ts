import { invalid } from '../base/errors.ts';

/** The parts of an address of a receiver. */
export interface ReceiverUrl {
  /** In lower case. Empty when there is none. */
  readonly scheme: string;
  /** Without user and password. With the brackets of an IPv6 address. */
  readonly authority: string;
  /** Decoded. */
  readonly path: string;
  /** Whether a query or a fragment follows. */
  readonly hasMore: boolean;
}

/** Splits a URL as Go's `url.Parse` does. @throws EngineError invalid, in Go's words */
export function parseReceiverUrl(text: string): ReceiverUrl {
  const fault = (why: string): Error => invalid(`parse ${JSON.stringify(text)}: ${why}`);
  if (hasControl(text)) throw fault('net/url: invalid control character in URL');
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1];
  if (scheme === undefined && text.startsWith(':')) throw fault('missing protocol scheme');
  const rest = scheme === undefined ? text : text.slice(scheme.length + 1);
  const [, slashes, named = '', path = ''] = /^(\/\/([^/?#]*))?([^?#]*)/.exec(rest) ?? [];
  if (scheme === undefined && slashes === undefined && /^[^/]*:/.test(path))
    throw fault('first path segment in URL cannot contain colon');
  const authority = named.slice(named.lastIndexOf('@') + 1);
  const wrong = faultOfAuthority(authority);
  if (wrong !== undefined) throw fault(wrong);
  return { scheme: scheme?.toLowerCase() ?? '', authority, path: decoded(path, fault), hasMore: /[?#]./.test(rest) };
}

/** Splits `host:port` and `[address]:port`. Each part may be empty; the port is undefined when no colon is there. */
export function splitAuthority(authority: string): { readonly host: string; readonly port: string | undefined } {
  const [, bracketed, plain = '', port] = /^(?:\[([^\]]*)\]|(.*?))(?::([^:]*))?$/.exec(authority) ?? [];
  return { host: bracketed ?? plain, port };
}

function faultOfAuthority(authority: string): string | undefined {
  const forbidden = /[\s<>"`{}|\\^]/.exec(authority)?.[0];
  if (forbidden !== undefined) return `invalid character ${JSON.stringify(forbidden)} in host name`;
  if (authority.startsWith('[') && !authority.includes(']')) return "missing ']' in host";
  const port = /(?:^\[[^\]]*\]|^[^[]*?)(:[^\]]*)$/.exec(authority)?.[1];
  const last = authority.startsWith('[') ? port : port?.slice(port.lastIndexOf(':'));
  return last === undefined || /^:\d*$/.test(last) ? undefined : `invalid port ${JSON.stringify(last)} after host`;
}

function decoded(path: string, fault: (why: string) => Error): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw fault(`invalid URL escape ${JSON.stringify(/%(?![0-9a-fA-F]{2}).{0,2}/.exec(path)?.[0] ?? path)}`);
  }
}

function hasControl(text: string): boolean {
  return [...text].some((character) => character < ' ' || character === '\x7f');
}
