import type { IncomingMessage } from 'node:http';
import * as z from 'zod/mini';
import { EngineError, invalid } from '../../base/errors.ts';
import { compareVersions } from '../../base/versions.ts';
import { type BoundRoute, bind, defineRoute } from '../route.ts';
import { checkVersion, UNVERSIONED } from '../versions/api-version.ts';
import type { Match, Router } from './router.ts';

/** The route, version and parameters of a request. */
export interface Target {
  readonly match: Match;
  readonly query: URLSearchParams;
  readonly version: string;
}

const VERSION_PREFIX = /^\/v([0-9.]+)(?=\/)/;
/** The form in which a proxy requests (RFC 9112, 3.2.2). */
const ABSOLUTE = /^https?:\/\/[^/?]*/i;
const UNCLEAN = /\/\/|\/\.{1,2}(?:\/|$)/;

/** The parts of a request's URL. */
interface UrlParts {
  /** The path with its version prefix. */
  readonly full: string;
  /** The path without version prefix. */
  readonly path: string;
  readonly version: string | undefined;
  /** What follows the question mark. Undefined without one. */
  readonly search: string | undefined;
}

export function splitUrl(requested: string): UrlParts {
  const url = requested.startsWith('/') ? requested : requested.replace(ABSOLUTE, '');
  const mark = url.indexOf('?');
  const full = mark === -1 ? url : url.slice(0, mark);
  const prefix = VERSION_PREFIX.exec(full);
  return {
    full,
    path: prefix === null ? full : full.slice(prefix[0].length),
    version: prefix?.[1],
    search: mark === -1 ? undefined : url.slice(mark + 1),
  };
}

/** @throws EngineError notFound, invalid for a version out of range */
export function findTarget(router: Router, request: Pick<IncomingMessage, 'method' | 'url'>): Target {
  const { full, path, version = UNVERSIONED, search } = splitUrl(request.url ?? '/');
  checkEscapes(search ?? '');
  const query = new URLSearchParams(search);
  const plain = decodedPath(full);
  if (UNCLEAN.test(plain)) {
    const location = `${encodeURI(cleanPath(plain))}${search === undefined ? '' : `?${search}`}`;
    return { match: { route: movedTo(location), params: {} }, query, version: UNVERSIONED };
  }
  const match = router(request.method ?? 'GET', path);
  if (match === undefined) throw pageNotFound();
  if (path !== full) checkVersion(version);
  const { since } = match.route;
  if (since !== undefined && compareVersions(version, since) < 0) throw pageNotFound();
  return { match, query, version };
}

/**
 * Refuses a malformed escape, which would stand for itself, and a semicolon, which would count as text. @throws
 * EngineError invalid in Go's words
 */
function checkEscapes(search: string): void {
  const broken = /%(?![0-9a-fA-F]{2})[^&=]{0,2}/.exec(search);
  if (broken !== null) throw invalid(`invalid URL escape ${JSON.stringify(broken[0])}`);
  if (search.includes(';')) throw invalid('invalid semicolon separator in query');
}

function pageNotFound(): EngineError {
  return new EngineError('notFound', 'page not found');
}

/** Escaped dots and slashes count. A malformed escape stays unchanged. */
function decodedPath(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Go's `path.Clean`, but keeps a trailing slash. */
function cleanPath(path: string): string {
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') kept.pop();
    else if (part !== '' && part !== '.') kept.push(part);
  }
  return `/${kept.join('/')}${path.endsWith('/') && kept.length > 0 ? '/' : ''}`;
}

/** Redirects an unclean path to the clean one, as Docker's router does. */
function movedTo(location: string): BoundRoute {
  const route = defineRoute({
    method: 'GET',
    path: '*',
    query: z.object({}),
    handle: async () => ({ status: 301, headers: { Location: location } }),
  });
  return bind(route, undefined);
}
