import * as z from 'zod/mini';
import { EngineError } from '../../../base/errors.ts';
import { type BoundRoute, bind, defineRoute, type RouteSpec } from '../../route.ts';

type Spec = RouteSpec<object, undefined, undefined>;
type Operation = readonly [method: Spec['method'], path: string];

/**
 * Operations of the Engine API that this engine lacks, by feature. An operation is removed from the list when it is
 * built.
 */
const MISSING: Readonly<Record<string, readonly Operation[]>> = {
  'swarm mode': [
    ['POST', '/swarm/init'],
    ['POST', '/swarm/join'],
  ],
  checkpoints: [
    ['GET', '/containers/:id+/checkpoints'],
    ['POST', '/containers/:id+/checkpoints'],
    ['DELETE', '/containers/:id+/checkpoints/:checkpoint'],
  ],
  plugins: [
    ['GET', '/plugins/privileges'],
    ['POST', '/plugins/pull'],
    ['POST', '/plugins/create'],
  ],
};

/** Operations on one plugin. No plugin is installed, so that none is found. */
const OF_PLUGINS = [
  ['GET', '/plugins/:name+/json'],
  ['DELETE', '/plugins/:name+'],
  ['POST', '/plugins/:name+/enable'],
  ['POST', '/plugins/:name+/disable'],
  ['POST', '/plugins/:name+/upgrade'],
  ['POST', '/plugins/:name+/push'],
  ['POST', '/plugins/:name+/set'],
] as const;

type Params = Readonly<Record<string, string>>;

/** Responds 501 with a text that names the missing feature. `page not found` would look like a mistake of the client. */
export function missingRoutes(): readonly BoundRoute[] {
  const missing = Object.entries(MISSING).flatMap(([what, operations]) =>
    operations.map(([method, path]) =>
      refusal(method, path, () => new EngineError('notImplemented', `Gantry does not have this yet: ${what}`)),
    ),
  );
  const ofPlugins = OF_PLUGINS.map(([method, path]) =>
    refusal(method, path, ({ name = '' }) => new EngineError('notFound', `plugin ${JSON.stringify(name)} not found`)),
  );
  return [...missing, ...ofPlugins].map((route) => bind(route, undefined));
}

function refusal(method: Spec['method'], path: string, error: (params: Params) => EngineError): Spec {
  return defineRoute({
    method,
    path,
    query: z.object({}),
    handle: async ({ params }) => {
      throw error(params);
    },
  });
}
