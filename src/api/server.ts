import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { hostname } from 'node:os';
import type { Logger } from '../base/logger.ts';
import { refuseTwoHosts, refuseWebPages } from '../base/web-pages.ts';
import type { Builder, ClassicBuilder } from '../build/index.ts';
import type { Containers } from '../containers/index.ts';
import type { Registries } from '../distribution/index.ts';
import type { EventLog } from '../events/index.ts';
import type { Images } from '../images/index.ts';
import type { Networks } from '../network/index.ts';
import type { VolumeData, Volumes } from '../volumes/index.ts';
import type { DispatchDeps } from './http/call-route.ts';
import { type ConnectionKinds, connectionKinds } from './http/connection-kinds.ts';
import { dispatch } from './http/dispatch.ts';
import { dispatchUpgrade } from './http/dispatch-upgrade.ts';
import { upgradeHijackRequests } from './http/hijack-requests.ts';
import { createRouter } from './http/router.ts';
import { isUpgrade } from './http/upgrade-protocol.ts';
import type { BoundRoute } from './route.ts';
import { buildRoutes } from './routes/build/index.ts';
import { containerRoutes } from './routes/containers/index.ts';
import { distributionRoutes } from './routes/distribution/index.ts';
import { execRoutes } from './routes/exec/index.ts';
import { imageRoutes } from './routes/images/index.ts';
import { missingRoutes } from './routes/missing/index.ts';
import { networkRoutes } from './routes/networks/index.ts';
import { swarmRoutes } from './routes/swarm/index.ts';
import { type System, systemRoutes } from './routes/system/index.ts';
import { volumeRoutes } from './routes/volumes/index.ts';
import { API_VERSION } from './versions/api-version.ts';

/** The dependencies of the Engine API. */
export interface ApiDeps {
  readonly containers: Containers;
  readonly images: Images;
  readonly classicBuilder: ClassicBuilder;
  /** Whether clients may ask for what Docker calls experimental. */
  readonly isExperimental: boolean;
  readonly networks: Networks;
  readonly volumes: Volumes & VolumeData;
  readonly builder: Builder;
  readonly system: System;
  readonly registries: Pick<Registries, 'login'>;
  readonly events: EventLog;
  readonly logger: Logger;
  /** Aborted when the engine stops: responses that wait for future events end then. */
  readonly stopping: AbortSignal;
  /** The engine's version, for the `Server` header. */
  readonly engineVersion: string;
}

const HEADERS_TIMEOUT_MS = 20_000;
const KEEP_ALIVE_TIMEOUT_MS = 300_000;
/** One header may hold credentials for several registries. */
const MAX_HEADER_BYTES = 256 * 1024;

/** The kind of address of a server. */
export type ListenedOn = { readonly kind: 'unix' } | { readonly kind: 'tcp'; readonly host: string };

/**
 * Makes the API's servers, one per address to listen on. They share everything but their sockets. The kernel identifies
 * the clients of a unix socket. A request by TCP may come from a web page, and such requests are refused.
 */
export function createApi(deps: ApiDeps, routes = allRoutes(deps)): { createServer(address: ListenedOn): Server } {
  const router = createRouter(routes);
  const kinds = connectionKinds(router, routes);
  const dispatchDeps = {
    router,
    logger: deps.logger,
    stopping: deps.stopping,
    headers: {
      'Api-Version': API_VERSION,
      'Docker-Experimental': String(deps.isExperimental),
      Ostype: 'linux',
      Server: `Gantry/${deps.engineVersion} (linux)`,
    },
  };
  return { createServer: (address) => createApiServer({ ...dispatchDeps, guard: guardOf(address) }, kinds) };
}

function guardOf(address: ListenedOn): DispatchDeps['guard'] {
  if (address.kind === 'unix') return refuseTwoHosts;
  const ownNames = new Set([address.host, hostname()].map((name) => name.toLowerCase()));
  return (request) => {
    refuseTwoHosts(request);
    refuseWebPages(request, ownNames);
  };
}

export function allRoutes(deps: ApiDeps): readonly BoundRoute[] {
  const { containers, images, networks, volumes, builder } = deps;
  return [
    ...systemRoutes(deps.system, deps, { containers, images, volumes, builder }),
    ...buildRoutes(builder, deps.classicBuilder, deps.isExperimental),
    // Before the containers' routes, whose names may contain slashes (links).
    ...missingRoutes(),
    ...containerRoutes(containers),
    ...execRoutes(containers),
    ...imageRoutes(images),
    ...distributionRoutes(images),
    ...networkRoutes({ networks, containers }),
    ...swarmRoutes(),
    ...volumeRoutes(volumes),
  ];
}

function createApiServer(deps: DispatchDeps, kinds: ConnectionKinds): Server {
  const server = createServer({
    headersTimeout: HEADERS_TIMEOUT_MS,
    // An upload of an image may take any time. JSON bodies have a limit of their own.
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    noDelay: true,
    shouldUpgradeCallback: (request) => isUpgrade(kinds, request),
  });
  // A client may end its side and still read the response (see half-close.ts). Node does not document this switch.
  Object.assign(server, { httpAllowHalfOpen: true });
  upgradeHijackRequests(server, kinds);
  server.on('request', (request, response) => void dispatch(deps, request, response));
  server.on('checkContinue', (request, response) => void dispatch(deps, request, response));
  server.on('upgrade', (request, socket, head) => void dispatchUpgrade(deps, request, socket as Socket, head));
  return server;
}
