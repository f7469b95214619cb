import { invalid } from '../../base/errors.ts';

export type SyslogProtocol = 'udp' | 'tcp' | 'tcp+tls';

/** Where a syslog receiver is. `local`: the host's own. */
export type SyslogAddress =
  | { readonly kind: 'local' }
  | { readonly kind: 'unix' | 'unixgram'; readonly path: string }
  | { readonly kind: SyslogProtocol; readonly host: string; readonly port: number };

const DEFAULT_PORT = '514';

/** Parses the option `syslog-address` as dockerd does. @throws EngineError invalid, in dockerd's words */
export function parseSyslogAddress(text: string): SyslogAddress {
  if (text === '') return { kind: 'local' };
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1];
  if (scheme === undefined) {
    if (text.startsWith(':')) throw malformed(text, 'missing protocol scheme');
    if (/^[^/?#]*:/.test(text)) throw malformed(text, 'first path segment in URL cannot contain colon');
    throw invalid("unsupported scheme: ''");
  }
  const kind = scheme.toLowerCase();
  const [, authority = '', path = ''] = /^(?:\/\/([^/?#]*))?([^?#]*)/.exec(text.slice(scheme.length + 1)) ?? [];
  checkHost(text, authority);
  if (kind === 'unix' || kind === 'unixgram') {
    if (path === '') throw invalid('stat : no such file or directory');
    return { kind, path: decodeURIComponent(path) };
  }
  if (kind !== 'udp' && kind !== 'tcp' && kind !== 'tcp+tls') throw invalid(`unsupported scheme: '${kind}'`);
  return { kind, ...hostAndPort(authority) };
}

function checkHost(text: string, authority: string): void {
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  const forbidden = /[\s<>"`{}|\\^]/.exec(host);
  if (forbidden !== null) throw malformed(text, `invalid character ${JSON.stringify(forbidden[0])} in host name`);
  if (host.startsWith('[') && !host.includes(']')) throw malformed(text, "missing ']' in host");
  const port = /:([^:\]]*)$/.exec(host)?.[1];
  if (port !== undefined && !/^\d*$/.test(port))
    throw malformed(text, `invalid port ${JSON.stringify(`:${port}`)} after host`);
}

function hostAndPort(authority: string): { readonly host: string; readonly port: number } {
  const at = authority.slice(authority.lastIndexOf('@') + 1);
  const bracketed = /^\[([^\]]*)\](?::(\d*))?$/.exec(at);
  if (bracketed === null && at.split(':').length > 2) throw invalid(`address ${at}: too many colons in address`);
  const [host = '', port = ''] = bracketed === null ? at.split(':') : [bracketed[1], bracketed[2] ?? ''];
  const number = Number(port === '' ? DEFAULT_PORT : port);
  if (number > 65_535) throw invalid(`address ${port}: invalid port`);
  return { host, port: number };
}

function malformed(text: string, why: string): Error {
  return invalid(`parse ${JSON.stringify(text)}: ${why}`);
}
