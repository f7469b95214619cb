import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { refuse, type ServeDeps, serveRequest } from './serve-request.ts';

export interface ServerTls {
  /** As PEM. */
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Clients must present a certificate that one of these signed. */
  readonly clientCa?: string | Buffer;
}

/** Limit of the time for a head. A body may take any time as long as bytes arrive. */
const HEAD_TIMEOUT_MS = 30_000;
const IDLE_TIMEOUT_MS = 120_000;
const HEAD_BYTES_MAX = 32 << 10;

/** The response to health checks in the form of Docker's registry. It needs no login. */
function alive(response: ServerResponse): void {
  response.writeHead(200, { 'Cache-Control': 'no-cache', 'Content-Length': 0 });
  response.end();
}

/** Makes the server; it does not listen yet. `others` handles paths outside the registry's API. */
export function createRegistryServer(
  deps: ServeDeps,
  options: {
    readonly tls?: ServerTls;
    readonly others?: (request: IncomingMessage, response: ServerResponse) => boolean;
    /** Checks the head of each request first. @throws RegistryError or EngineError for a request that it refuses */
    readonly guard?: (request: IncomingMessage) => void;
  } = {},
): Server {
  const { tls, others, guard } = options;
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    try {
      guard?.(request);
    } catch (error) {
      void refuse(deps, { request, response, error });
      return;
    }
    if (request.url === '/') alive(response);
    else if (others?.(request, response) !== true) void serveRequest(deps, request, response);
  };
  const limits = { maxHeaderSize: HEAD_BYTES_MAX, requestTimeout: 0, headersTimeout: HEAD_TIMEOUT_MS };
  const server =
    tls === undefined
      ? createServer(limits, listener)
      : createTlsServer(
          {
            ...limits,
            cert: tls.cert,
            key: tls.key,
            minVersion: 'TLSv1.2',
            ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
          },
          listener,
        );
  server.setTimeout(IDLE_TIMEOUT_MS);
  server.keepAliveTimeout = 60_000;
  return server;
}
