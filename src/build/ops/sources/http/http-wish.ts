import { posix } from 'node:path';
import { invalid } from '../../../../base/errors.ts';
import { type Digest, parseDigest } from '../../../../base/ids.ts';
import type { Source } from '../source.ts';

/** A file to download, and how it is laid down. */
export interface HttpWish {
  readonly url: string;
  /** Undefined: as the server or the address says. */
  readonly filename: string | undefined;
  readonly permissions: number;
  readonly uid: number;
  readonly gid: number;
  readonly checksum: Digest | undefined;
  /** Headers of the request that the graph has. */
  readonly headers: Readonly<Record<string, string>>;
  /** Id of the client's secret with the header `Authorization`. */
  readonly authorizationSecret: string | undefined;
}

/** The client's own files have addresses of this host. */
export const SESSION_HOST = 'buildkit-session';
/** Others could change whose the request is. */
const HEADERS: ReadonlySet<string> = new Set(['accept', 'user-agent']);
const HEADER_PREFIX = 'http.header.';

/** @throws EngineError invalid */
export function readHttpWish({ identifier, attrs }: Pick<Source, 'identifier' | 'attrs'>): HttpWish {
  if (!URL.canParse(identifier)) throw invalid(`invalid URL ${JSON.stringify(identifier.slice(0, 200))}`);
  const filename = attrs.get('http.filename') ?? '';
  const checksum = attrs.get('http.checksum') ?? '';
  return {
    url: identifier,
    filename: filename === '' ? undefined : safeName(filename),
    permissions: numberOf(attrs, 'http.perm', 0o600) & 0o7777,
    uid: numberOf(attrs, 'http.uid', 0),
    gid: numberOf(attrs, 'http.gid', 0),
    checksum: checksum === '' ? undefined : parseDigest(checksum),
    headers: headersOf(attrs),
    authorizationSecret: attrs.get('http.authheadersecret') || undefined,
  };
}

/** The name of a file, without what leads to it. @throws EngineError invalid */
export function safeName(text: string): string {
  const name = posix.basename(text);
  if (name === '' || name === '.' || name === '..' || name.includes('\0') || Buffer.byteLength(name) > 255) {
    throw invalid(`invalid file name ${JSON.stringify(text.slice(0, 200))}`);
  }
  return name;
}

/** The name that a response's `Content-Disposition`, or else the address, gives a file. */
export function nameOfResponse(url: string, disposition: string | undefined): string {
  const [, quoted, plain] = /;\s*filename=(?:"([^"]*)"|([^\s;]+))/i.exec(`;${disposition ?? ''}`) ?? [];
  for (const name of [quoted, plain, lastPart(url)]) {
    try {
      if (name !== undefined) return safeName(name);
    } catch {
      // The next one may be a name.
    }
  }
  return 'download';
}

function lastPart(url: string): string {
  const part = new URL(url).pathname.split('/').findLast((one) => one !== '') ?? '';
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Numbers as in Go's source: a leading 0 means octal. */
function numberOf(attrs: Source['attrs'], name: string, otherwise: number): number {
  const text = attrs.get(name) ?? '';
  if (text === '') return otherwise;
  if (!/^\d{1,10}$/.test(text)) throw invalid(`invalid ${name}: ${JSON.stringify(text)}`);
  const number = Number.parseInt(text, text.startsWith('0') ? 8 : 10);
  if (Number.isNaN(number)) throw invalid(`invalid ${name}: ${JSON.stringify(text)}`);
  return number;
}

function headersOf(attrs: Source['attrs']): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [attr, value] of attrs) {
    if (!attr.startsWith(HEADER_PREFIX)) continue;
    const name = attr.slice(HEADER_PREFIX.length).toLowerCase();
    if (!HEADERS.has(name) || /[\r\n]/.test(value)) throw invalid(`header ${JSON.stringify(name)} is not supported`);
    headers[name] = value;
  }
  return headers;
}
