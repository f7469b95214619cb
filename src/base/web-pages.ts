import type { IncomingMessage } from 'node:http';
import { EngineError, invalid } from './errors.ts';
import { isIP } from './ip-version.ts';

/**
 * Content types of HTML forms, which a browser sends without asking the server first (HTML standard, form submission).
 */
const FORM_TYPES: ReadonlySet<string> = new Set(['application/x-www-form-urlencoded', 'multipart/form-data']);
/** A form's content type too. But Docker's own client sends it with every body that is not JSON, and without a body. */
const TEXT_TYPE = 'text/plain';
/** Every browser's User-Agent begins so. A page cannot send a form under another name. */
const BROWSER = /^(?:Mozilla|Opera)\//;

type RequestHead = Pick<IncomingMessage, 'method' | 'headers'>;

/**
 * Refuses requests that a browser sends for a page of another site. A server that anybody on this machine reaches
 * without credentials is also reachable for the pages that a user opens: by an attacker's name that resolves to this
 * machine (DNS rebinding), by a request of a script, or by a form. Programs are not affected: they send no `Origin`,
 * and name the host by an address, by `localhost`, by a name without a dot (no public name) or by one of `ownNames`
 * (lower case). `any` accepts every name, for servers that require credentials, which no browser sends to another name.
 * @throws EngineError forbidden
 */
export function refuseWebPages({ method, headers }: RequestHead, ownNames: ReadonlySet<string> | 'any'): void {
  const { host, origin } = headers;
  if (ownNames !== 'any' && host !== undefined && !isOwnName(host, ownNames)) {
    throw forbidden(`host ${show(host)} is not known here: use localhost, an IP address or the name of this machine`);
  }
  const site = headers['sec-fetch-site'];
  if (site === 'cross-site' || site === 'same-site' || (origin !== undefined && !isOwnOrigin(origin, host))) {
    throw forbidden(`web page ${show(origin ?? 'of another site')} may not use this API`);
  }
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const isForm = FORM_TYPES.has(type) || (type === TEXT_TYPE && BROWSER.test(headers['user-agent'] ?? ''));
  if (isForm && method !== 'GET' && method !== 'HEAD') {
    throw forbidden(`content type ${show(type)} is that of a form of a web page, which may not use this API`);
  }
}

/** RFC 9112, 3.2. `rawHeaders` has the form of node:http. @throws EngineError invalid */
export function refuseTwoHosts({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): void {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  if (hosts > 1) throw invalid('too many Host headers');
}

function isOwnName(host: string, ownNames: ReadonlySet<string>): boolean {
  const name = host
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
  return isIP(name) !== 0 || !name.includes('.') || name.endsWith('.localhost') || ownNames.has(name);
}

function isOwnOrigin(origin: string, host: string | undefined): boolean {
  return host !== undefined && URL.parse(origin)?.host === host.toLowerCase();
}

function forbidden(message: string): EngineError {
  return new EngineError('forbidden', message);
}

function show(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}
