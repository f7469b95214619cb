import type { BoundRoute } from '../route.ts';

export interface Match {
  readonly route: BoundRoute;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds the route of a method and a path without version prefix. Undefined when there is none. */
export type Router = (method: string, path: string) => Match | undefined;

interface Entry {
  readonly route: BoundRoute;
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

/**
 * Makes a router. Routes are grouped by method and first segment, so that few patterns are tested per request. Within a
 * group a literal path takes precedence over parameters, then the earlier route. The path `*` matches paths that no
 * other route of the method matches.
 */
export function createRouter(routes: readonly BoundRoute[]): Router {
  const literal = new Map<string, Match>();
  const groups = new Map<string, Entry[]>();
  for (const route of routes) {
    if (!route.path.includes(':')) {
      literal.set(`${route.method} ${route.path}`, { route, params: {} });
      continue;
    }
    const key = groupKey(route.method, route.path);
    const group = groups.get(key) ?? [];
    group.push(compile(route));
    groups.set(key, group);
  }
  return (method, path) => {
    const fixed = literal.get(`${method} ${path}`);
    if (fixed !== undefined) return fixed;
    for (const entry of groups.get(groupKey(method, path)) ?? []) {
      const found = entry.pattern.exec(path);
      if (found === null) continue;
      const params: Record<string, string> = {};
      for (const [index, name] of entry.names.entries()) params[name] = decode(found[index + 1] ?? '');
      return { route: entry.route, params };
    }
    return literal.get(`${method} *`);
  };
}

function groupKey(method: string, path: string): string {
  return `${method} ${firstSegment(path)}`;
}

/** The first segment of a path, with the slash before it. */
export function firstSegment(path: string): string {
  const end = path.indexOf('/', 1);
  return end === -1 ? path : path.slice(0, end);
}

function compile(route: BoundRoute): Entry {
  const names: string[] = [];
  const source = route.path
    .split('/')
    .map((segment) => {
      if (!segment.startsWith(':')) return segment;
      names.push(segment.replace(/^:|\+$/g, ''));
      return segment.endsWith('+') ? '(.+)' : '([^/]+)';
    })
    .join('/');
  return { route, pattern: new RegExp(`^${source}$`), names };
}

/** A malformed escape stays unchanged: it names nothing that exists. */
function decode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
