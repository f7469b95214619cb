import * as z from 'zod/mini';
import { EngineError } from '../../../base/errors.ts';
import { type BoundRoute, bind, defineRoute, type RouteSpec } from '../../route.ts';

export const NO_MANAGER =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
const NO_CLUSTER_VOLUMES = 'volume update only valid for cluster volumes, but swarm is unavailable';
const NO_MEMBER = 'This node is not part of a swarm';

/** Operations that only a manager of a swarm can perform. */
const OF_MANAGERS = [
  ['GET', '/swarm'],
  ['GET', '/swarm/unlockkey'],
  ['POST', '/swarm/unlock'],
  ['POST', '/swarm/update'],
  ['GET', '/nodes'],
  ['GET', '/nodes/:id'],
  ['POST', '/nodes/:id/update'],
  ['DELETE', '/nodes/:id'],
  ['GET', '/tasks'],
  ['GET', '/tasks/:id'],
  ['GET', '/tasks/:id/logs'],
  ['GET', '/services/:id/logs'],
  ...['services', 'secrets', 'configs'].flatMap(
    (noun) =>
      [
        ['GET', `/${noun}`],
        ['POST', `/${noun}/create`],
        ['GET', `/${noun}/:id`],
        ['POST', `/${noun}/:id/update`],
        ['DELETE', `/${noun}/:id`],
      ] as const,
  ),
] as const;

/** The responses of an engine outside a swarm. */
export function swarmRoutes(): readonly BoundRoute[] {
  return [
    ...OF_MANAGERS.map(([method, path]) => bind(refusal(method, path, NO_MANAGER), undefined)),
    bind(refusal('POST', '/swarm/leave', NO_MEMBER), undefined),
    bind(refusal('PUT', '/volumes/:name', NO_CLUSTER_VOLUMES), undefined),
  ];
}

function refusal(
  method: RouteSpec<object, undefined, undefined>['method'],
  path: string,
  message: string,
): RouteSpec<object, undefined, undefined> {
  return defineRoute({
    method,
    path,
    query: z.object({}),
    handle: async () => {
      throw new EngineError('unavailable', message);
    },
  });
}
