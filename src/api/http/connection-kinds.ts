import type { BoundRoute, ConnectionKind } from '../route.ts';
import { splitUrl } from './find-target.ts';
import { firstSegment, type Router } from './router.ts';

/** What the routes declare about connections, for code that sees a request before it is dispatched. */
export interface ConnectionKinds {
  /** The kind that the route of a request declares. `plain` when there is no route. */
  of(method: string, url: string): ConnectionKind;
  /** Path of the route that gets connections which begin with HTTP/2's preface. */
  readonly prefacePath: string | undefined;
}

/**
 * Collects the routes that take connections over. An ordinary request costs one look-up by its method, first and last
 * segment; only a request that has all three in common with such a route is matched against patterns.
 */
export function connectionKinds(router: Router, routes: readonly BoundRoute[]): ConnectionKinds {
  const taking = routes.filter(({ connection }) => connection !== 'plain');
  const keys = new Set(taking.map(({ method, path }) => keyOf(method, path)));
  return {
    of(method, url) {
      const { path } = splitUrl(url);
      if (!keys.has(keyOf(method, path))) return 'plain';
      return router(method, path)?.route.connection ?? 'plain';
    },
    prefacePath: taking.find(({ priorKnowledge }) => priorKnowledge)?.path,
  };
}

function keyOf(method: string, path: string): string {
  return `${method} ${firstSegment(path)} ${path.slice(path.lastIndexOf('/'))}`;
}
